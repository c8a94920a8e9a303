# SPDX-License-Identifier: GPL-2.0-only
"""Start one program and time it, by a small C program next to it (csrc/bench/uk-launch.c)."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from artifact import paths, proc
from artifact.errors import ArtifactError

SOURCE = paths.CSRC / "bench" / "uk-launch.c"
FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror")


class Report(BaseModel):
    """What uk-launch writes: durations, the largest resident set of the process or of a
    descendant that was waited for, and the exit code (negative: the killing signal).
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    wall_ns: int
    user_us: int
    system_us: int
    max_rss_kib: int
    code: int


@dataclass(frozen=True)
class Launched:
    """One finished start. Times in seconds, `max_rss` in bytes; `cpu` and `max_rss` include
    descendants that were waited for.
    """

    wall: float
    cpu: float
    code: int
    stdout: str
    stderr: str
    max_rss: int = 0


def parse_report(text: str) -> Report:
    """Read uk-launch's line; ArtifactError on anything else."""
    try:
        return Report.model_validate_json(text)
    except ValidationError as error:
        raise ArtifactError(f"uk-launch reported nonsense: {text[:80]!r}") from error


def launcher() -> Path:
    """The compiled launcher, compiled first if its source has changed."""
    compiler = proc.need("gcc", "gcc")
    content = SOURCE.read_bytes() + " ".join(FLAGS).encode()
    home = paths.CACHE / "tools" / "launch" / hashlib.sha256(content).hexdigest()[:16]
    program = home / "uk-launch"
    if not program.exists():
        home.mkdir(parents=True, exist_ok=True)
        fresh = home / f"uk-launch.{os.getpid()}"
        proc.run([compiler, *FLAGS, "-o", fresh, SOURCE])
        fresh.replace(program)
    return program


def launch(
    program: Path,
    argv: Sequence[str],
    place: Path,
    *,
    options: Sequence[str] = (),
    around: Sequence[str] = (),
    timeout: float = 60.0,
) -> Launched:
    """Run `argv` once under the launcher `program`, which `around` precedes; `place` is for its
    report.
    """
    report = place / "report.json"
    report.unlink(missing_ok=True)
    done = proc.run([*around, program, "--report", report, *options, "--", *argv], timeout=timeout)
    measured = parse_report(report.read_text())
    return Launched(
        wall=measured.wall_ns / 1e9,
        cpu=(measured.user_us + measured.system_us) / 1e6,
        code=measured.code,
        stdout=done.stdout,
        stderr=done.stderr,
        max_rss=measured.max_rss_kib * 1024,
    )
