# SPDX-License-Identifier: GPL-2.0-only
"""opbench (csrc/guests/opbench.c): made for the library kernel's libc, called, understood."""

import hashlib
import shutil
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from artifact import paths, proc
from artifact.errors import ArtifactError
from artifact.images import catalogue
from artifact.kernel.fetch import locked
from artifact.systems import leftovers

SOURCE = paths.CSRC / "guests" / "opbench.c"
FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror")
STATIC = "static"
DYNAMIC = "dynamic"
FORMS = {STATIC: ("-static",), DYNAMIC: ()}
HOME = paths.CACHE / "tools" / "opbench"

# How often each is done in one sample: some tens of milliseconds on the host.
COUNTS = {
    "getppid": 300_000,
    "clock_gettime": 500_000,
    "pipe": 50_000,
    "pingpong": 5_000,
    "vfork": 100,
}


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    operation: str
    count: int
    ns: float = Field(gt=0)


def root() -> Path:
    """A root directory with opbench in both forms and an ordinary musl, made once.

    Natively the dynamic form runs on that musl, under ukrun on the library kernel's.
    """
    hello = catalogue.image("hello")
    compiler = paths.libc_prefix() / "bin" / "ukcc"
    libc = (paths.libc_prefix() / "build.json").read_bytes()
    parts = SOURCE.read_bytes() + " ".join(FLAGS).encode() + libc
    name = hashlib.sha256(parts + hello.directory.name.encode()).hexdigest()[:16]
    final = HOME / name
    HOME.mkdir(parents=True, exist_ok=True)
    with locked(HOME / "lock"):
        if not final.is_dir():
            part = HOME / f"{leftovers.prefix()}opbench"
            try:
                shutil.copytree(hello.rootfs, part, symlinks=True)
                for form, options in FORMS.items():
                    output = part / inside(form).lstrip("/")
                    proc.run([compiler, *FLAGS, *options, "-o", output, SOURCE])
                part.rename(final)
            finally:
                shutil.rmtree(part, ignore_errors=True)
    return final


def inside(form: str) -> str:
    """Where the program is in the root directory."""
    return f"/bin/opbench-{form}"


def command(form: str, operation: str) -> list[str]:
    """One sample of an operation."""
    return [inside(form), operation, str(COUNTS[operation])]


def parse(text: str, operation: str) -> float:
    """Seconds per operation; ArtifactError unless it is the sample that was asked for."""
    try:
        line = _Line.model_validate_json(text)
    except ValidationError as error:
        raise ArtifactError(f"opbench {operation} said {text.strip()[:80]!r}") from error
    if (line.operation, line.count) != (operation, COUNTS[operation]):
        raise ArtifactError(f"opbench {operation} answered something else: {text.strip()}")
    return line.ns / 1e9
