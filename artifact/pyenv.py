# SPDX-License-Identifier: GPL-2.0-only
"""The Python environment, made from the pins in pyproject.toml.

`bootstrap` runs this file with any Python >= 3.11 before anything is installed, so it uses
the standard library only. The environment lives in the cache under a name made of the pins
and the Python version: changed pins make a new one, and two checkouts with equal pins share
one. Progress goes to standard error; standard output is the environment's path.
"""

import fcntl
import hashlib
import json
import os
import shutil
import sys
import sysconfig
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from artifact import paths, proc
from artifact.errors import ArtifactError

MARK = "ukontainer.json"
PIP_LOG = paths.CACHE / "log" / "pip.log"
NEEDED_BYTES = 1_200_000_000


@dataclass(frozen=True)
class Pins:
    """Exact requirements (`name==version`): what we ask for and what that pulls in."""

    wanted: tuple[str, ...]
    constraints: tuple[str, ...]


def read_pins(pyproject: Path = paths.REPO / "pyproject.toml") -> Pins:
    """The pins; ArtifactError when one of them is not exact."""
    data = tomllib.loads(pyproject.read_text())
    project = data["project"]
    wanted = (*project["dependencies"], *project["optional-dependencies"]["dev"])
    constraints = (*data["tool"]["ukontainer"]["constraints"],)
    for pin in (*wanted, *constraints):
        if pin.count("==") != 1 or "*" in pin:
            raise ArtifactError(f"{pyproject.name}: {pin!r} is not an exact pin", "use ==")
    return Pins(wanted, constraints)


def key(pins: Pins) -> str:
    """Twelve hex digits that change with the pins and with the interpreter."""
    parts = (*pins.wanted, *pins.constraints, sys.version, sys.base_prefix)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def location(pins: Pins) -> Path:
    """Where the environment for these pins lives."""
    return paths.CACHE / f"venv-{key(pins)}"


def has_headers() -> bool:
    """Whether C extensions (our cffi binding) can be compiled for this interpreter."""
    return (Path(sysconfig.get_path("include")) / "Python.h").is_file()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def _locked() -> Iterator[None]:
    try:
        paths.CACHE.mkdir(parents=True, exist_ok=True)
        handle = (paths.CACHE / "venv.lock").open("w")
    except OSError as error:
        raise ArtifactError(
            f"cannot write {paths.CACHE}: {error.strerror}", "set XDG_CACHE_HOME to another place"
        ) from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _check_space() -> None:
    free = shutil.disk_usage(paths.CACHE).free
    if free < NEEDED_BYTES:
        raise ArtifactError(
            f"{free / 1e9:.1f} GB free in {paths.CACHE}, the Python environment needs "
            f"{NEEDED_BYTES / 1e9:.1f} GB",
            "free some space or set XDG_CACHE_HOME",
        )


CAUSES = (  # what pip says -> what that means for the user; the first match counts
    ("No space left on device", "no space left on the device", "free some space"),
    (
        "CERTIFICATE_VERIFY_FAILED",
        "the package index's certificate is not trusted here",
        "set PIP_CERT to your certificate bundle",
    ),
    (
        "Failed to establish a new connection",
        "the package index cannot be reached",
        "check the network or pip's index-url",
    ),
    (
        "NameResolutionError",
        "the package index's name cannot be resolved",
        "check the network or pip's index-url",
    ),
    (
        "No matching distribution found",
        "the package index lacks one of the pinned versions",
        "check the network or pip's index-url",
    ),
)


def explain(output: str) -> tuple[str, str]:
    """Cause and remedy of a pip failure, from its output."""
    for needle, cause, remedy in CAUSES:
        if needle in output:
            return cause, remedy
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return (lines[-1] if lines else "no output"), "read the log"


def _run_logged(argv: list[str], what: str) -> None:
    PIP_LOG.unlink(missing_ok=True)
    done = proc.run(argv, log=PIP_LOG, check=False)
    if done.returncode != 0:
        cause, remedy = explain(done.stdout)
        raise ArtifactError(f"{what} failed: {cause}", f"{remedy} (log: {PIP_LOG})")


def _install(directory: Path, pins: Pins) -> None:
    python = str(directory / "bin" / "python")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
        constraints.write("\n".join((*pins.constraints, *pins.wanted)) + "\n")
        constraints.flush()
        options = ["--no-input", "--disable-pip-version-check", "--only-binary=:all:"]
        command = [python, "-m", "pip", "install", *options, "--no-compile"]
        _run_logged([*command, "--constraint", constraints.name, *pins.wanted], "pip install")


def create(pins: Pins) -> Path:
    """Make the environment unless it is there; returns its path.

    The marker file is written last: a directory without it is an interrupted attempt.
    """
    directory = location(pins)
    mark = directory / MARK
    if mark.is_file():
        return directory
    with _locked():
        if mark.is_file():
            return directory
        _check_space()
        _say(f"python: installing {len(pins.wanted)} pinned packages into {directory} (1-2 min)")
        shutil.rmtree(directory, ignore_errors=True)
        _run_logged([sys.executable, "-m", "venv", str(directory)], "python -m venv")
        _install(directory, pins)
        mark.write_text(json.dumps({"python": sys.version, "wanted": pins.wanted}) + "\n")
    return directory


def link(directory: Path, name: Path = paths.REPO / ".venv") -> None:
    """Point the checkout's `.venv` at the environment, for editors and for people."""
    if name.is_symlink() and name.readlink() == directory:
        return
    if name.exists() and not name.is_symlink():
        _say(f"python: {name} is not a link of ours and stays as it is")
        return
    fresh = name.with_name(f".venv.{os.getpid()}")
    try:
        fresh.symlink_to(directory)
        fresh.replace(name)
    except OSError as error:
        _say(f"python: no .venv link in the checkout ({error.strerror})")


def main() -> int:
    """Entry of `python3 -m artifact.pyenv`."""
    try:
        directory = create(read_pins())
    except ArtifactError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; run again to continue", file=sys.stderr)
        return 130
    link(directory)
    print(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
