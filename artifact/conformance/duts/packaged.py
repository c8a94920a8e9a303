# SPDX-License-Identifier: GPL-2.0-only
"""Stacks out of packages of another suite than the machine's: brought, verified and unpacked.

Nothing is installed and the machine's apt is not touched (artifact.aptroot). It takes an explicit
step, `invoke conformance-stacks`; until then these stacks are not here.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from artifact import proc
from artifact.aptroot import PrivateApt
from artifact.errors import ArtifactError, Unavailable
from artifact.paths import CACHE

HOME = CACHE / "stacks"
STEP = "invoke conformance-stacks"


@dataclass(frozen=True)
class Prepared:
    """Something of a stack that is made once: `directory` is complete when its note is there.

    `estimate` says what making it costs. Whoever wants another content changes `name`.
    """

    name: str
    estimate: str
    make: Callable[[Path], dict[str, str]]  # fills a directory; what is worth knowing about it

    @property
    def directory(self) -> Path:
        """Where it is, or will be."""
        return HOME / self.name

    def need(self) -> dict[str, str]:
        """What is known about it; Unavailable while it was not made."""
        try:
            note: dict[str, str] = json.loads((self.directory / "note.json").read_text())
        except (OSError, ValueError):
            why = f"{self.name} was not prepared on this machine"
            raise Unavailable(why, f"run: {STEP} ({self.estimate})") from None
        return note

    def prepare(self) -> None:
        """Make it, unless it is there."""
        try:
            self.need()
        except Unavailable:
            self._prepare()

    def _prepare(self) -> None:
        HOME.mkdir(parents=True, exist_ok=True)
        part = HOME / f".{self.name}.{os.getpid()}"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        try:
            note = self.make(part)
            (part / "note.json").write_text(json.dumps(note, indent=1) + "\n")
            shutil.rmtree(self.directory, ignore_errors=True)
            part.rename(self.directory)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def unpacked(suite: str, package: str, estimate: str, follow: str = "") -> Prepared:
    """A package's files. A metapackage names the one with the files: the first dependency that
    begins with `follow`.
    """

    def make(directory: Path) -> dict[str, str]:
        apt = PrivateApt(suite)
        apt.update()
        name = _dependency(apt, package, follow) if follow else package
        deb = apt.download(name, directory)
        proc.run(["dpkg-deb", "--extract", deb, directory / "root"])
        deb.unlink()
        return {"suite": suite, "package": name, "version": apt.version(name)}

    return Prepared(f"{suite}-{package}", estimate, make)


def _dependency(apt: PrivateApt, package: str, prefix: str) -> str:
    listed = proc.run(["apt-cache", *apt.options(), "depends", package]).stdout
    words = [line.split()[-1] for line in listed.splitlines() if "Depends:" in line]
    for word in words:
        if word.startswith(prefix):
            return word
    raise ArtifactError(f"{package} of {apt.suite} depends on no {prefix}...")
