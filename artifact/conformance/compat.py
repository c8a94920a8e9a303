# SPDX-License-Identifier: GPL-2.0-only
"""`invoke compat`: the compatibility examples of the slides (p.7), by one program run everywhere.

The program (artifact/csrc/guests/compat.c) asks a stack for congestion control algorithms, control
messages and socket options, and looks whether it got them. Natively and in a container it is the
same binary; for the library kernel the same source calls the library.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from artifact import proc, profiles, ui
from artifact.conformance.duts import runsc, runu
from artifact.conformance.duts.compile import compiled
from artifact.conformance.duts.container import bundle
from artifact.conformance.duts.lkl import need as need_lkl
from artifact.errors import ArtifactError, Unavailable
from artifact.net.netns import namespace
from artifact.paths import CSRC, lkl_prefix
from artifact.records import CompatRecord, Run

SOURCE = CSRC / "guests" / "compat.c"
EXPERIMENT = "compat"
LIMIT_S = 120.0


@dataclass(frozen=True)
class Place:
    """A stack the program is run on; `run` returns what it printed, and the stack's version."""

    name: str
    run: Callable[[Path], tuple[str, str]]  # the file for what else it says


def _native(log: Path) -> tuple[str, str]:
    program = compiled(SOURCE, ["-static"])
    with namespace() as where, where.entered():
        said = proc.run([program], timeout=LIMIT_S)
    _note(log, said.stderr)
    return said.stdout, f"Linux {platform.release()}"


def _library(log: Path) -> tuple[str, str]:
    need_lkl()
    prefix = lkl_prefix()
    flags = [f"-I{prefix}/include", f"-L{prefix}/lib", f"-Wl,-rpath,{prefix}/lib", "-llkl"]
    program = compiled(SOURCE, ["-DCOMPAT_LKL", *flags], prefix / "include" / "lkl.h")
    said = proc.run([program], timeout=LIMIT_S)
    _note(log, said.stderr)
    return said.stdout, f"Linux {_built()} (library)"


def _built() -> str:
    return str(json.loads((lkl_prefix() / "build.json").read_text())["source_version"])


def _gvisor(log: Path) -> tuple[str, str]:
    runsc.Runsc.need()
    version = runsc.RUNSC.need()["version"]
    with ExitStack() as held:
        place = bundle(held, compiled(SOURCE, ["-static"]))
        argv: list[str | Path] = [
            runsc.runtime(), f"--root={place}/state", "--network=none", "--platform=systrap",
            "--ignore-cgroups", "--overlay2=none", "run", f"--bundle={place}", place.name,
        ]  # fmt: skip
        said = proc.run(argv, timeout=LIMIT_S)
    _note(log, said.stderr)
    return said.stdout, f"runsc {version}"


def _runu(log: Path) -> tuple[str, str]:
    runu.Runu.need()
    with ExitStack() as held:
        place = bundle(held, compiled(SOURCE, ["-static"]))
        said = proc.run(runu.command(place), timeout=LIMIT_S)
    _note(log, said.stderr)
    return said.stdout, f"Linux {_built()} (runu)"


PLACES = (
    Place("linux", _native), Place("lkl", _library), Place("gvisor-runsc", _gvisor),
    Place("runu", _runu),
)  # fmt: skip


def _note(log: Path, text: str) -> None:
    if text:
        log.write_text(text)


def parse(name: str, version: str, text: str) -> list[CompatRecord]:
    """What the program printed, as records; ArtifactError for a line it cannot have printed."""
    records = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            records.append(CompatRecord(system=name, version=version, **json.loads(line)))
        except (ValueError, TypeError) as error:
            why = str(error).splitlines()[0]
            raise ArtifactError(f"compat on {name}: line {number}: {why}: {line[:80]!r}") from None
    if not records:
        raise ArtifactError(f"compat on {name} printed nothing")
    return records


def run(profile: str) -> Run:
    """Run the program on every stack; a stack that is not here is noted with the reason."""
    profiles.get(profile)
    into = Run.current(profile)
    for place in PLACES:
        try:
            text, version = place.run(into.logs / f"compat-{place.name}.log")
        except Unavailable as error:
            into.add_skip(EXPERIMENT, place.name, str(error))
            ui.say(f"{place.name}: not run: {error}")
            continue
        records = parse(place.name, version, text)
        for record in records:
            into.add_compat(record)
        kinds = ", ".join(
            f"{sum(r.outcome == outcome for r in records)} {outcome}"
            for outcome in dict.fromkeys(r.outcome for r in records)
        )
        ui.say(f"{place.name}: {version}: {kinds}")
    into.finish()
    return into
