# SPDX-License-Identifier: GPL-2.0-only
"""`invoke conformance-stacks`: what the large stacks need, which no set-up brings unasked.

Compilers and sources of another language, packages of another suite, an environment of its own:
each says first what it costs. What is there already is not made again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from artifact import packages, proc, setup, ui
from artifact.conformance import duts
from artifact.conformance.duts.base import Kind
from artifact.errors import ArtifactError, Unavailable
from artifact.paths import CACHE

LOG = CACHE / "log" / "conformance-stacks.log"


def run(names: Sequence[str] = ()) -> None:
    """Prepare these stacks, or all; ArtifactError at the end names those that failed."""
    kinds = [duts.find(name) for name in names] or [
        kind for kind in duts.DUTS.values() if kind.packages or kind.prepare
    ]
    failed = []
    for kind in kinds:
        try:
            _prepare(kind)
        except ArtifactError as error:
            failed.append(kind.name)
            ui.say(f"{kind.name}: {error}")
        else:
            ui.say(f"{kind.name}: {kind.missing() or 'ready'}")
    if failed:
        raise ArtifactError(f"not prepared: {', '.join(failed)}", "the lines above say why")


def _prepare(kind: Kind) -> None:
    _install(kind)
    for part in kind.prepare:
        try:
            part.need()
        except Unavailable:
            ui.say(f"{kind.name}: {part.name}: {part.estimate}")
            with ui.step(f"stack {part.name}"):
                part.prepare()


def _install(kind: Kind) -> None:
    if not kind.packages or not packages.has_apt():
        return
    wanted = sorted(set(kind.packages) - packages.installed(kind.packages))
    if not wanted:
        return
    command = setup.install_command(wanted)
    if os.geteuid() != 0:
        raise Unavailable(f"{kind.name} needs packages", f"as root: {' '.join(command)}")
    ui.say(f"{kind.name}: {' '.join(command)}")
    with ui.step(f"packages of {kind.name}"):
        proc.run(command, log=LOG, env=setup.APT_ENV)
