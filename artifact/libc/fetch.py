# SPDX-License-Identifier: GPL-2.0-only
"""The C library's source: Debian's package of musl, unpacked as `dpkg-source -x` would.

The tarballs come through the machine's own mirror, verified against the distribution's keyring;
Debian's patches (security fixes that have no release of their own) are part of the source.
"""

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from artifact import paths, proc, ui
from artifact.aptroot import PrivateApt
from artifact.errors import ArtifactError
from artifact.kernel.fetch import locked

SUITE = "trixie"
PACKAGE = "musl"
SERIES = "1.2.5"
SOURCES = paths.LIBC / "src"
NOTE = "current.json"


@dataclass(frozen=True)
class Source:
    """A pristine musl tree in the cache: Debian's version of it and where it came from."""

    version: str
    origin: str
    tree: Path


def log() -> Path:
    """Where the tools' output goes."""
    return paths.CACHE / "log" / "libc-fetch.log"


def current() -> Source | None:
    """The tree that was fetched last; None before the first fetch."""
    try:
        noted = json.loads((SOURCES / NOTE).read_text())
        source = Source(noted["version"], noted["origin"], SOURCES / noted["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # never fetched, or the note is unreadable: the fetch makes a new one
    return source if (source.tree / "VERSION").is_file() else None


def only(files: list[Path], part: str) -> Path:
    """The one file of a source package whose name contains `part`."""
    found = [path for path in files if part in path.name and path.suffix != ".asc"]
    if len(found) != 1:
        names = ", ".join(path.name for path in files)
        raise ArtifactError(f"expected one {part} file in the source package: {names}")
    return found[0]


def unpack(files: list[Path], tree: Path) -> str:
    """Unpack a source package into `tree` with its patches applied; returns its version."""
    proc.need("xz", "xz-utils")
    proc.need("patch", "patch")
    packaging = only(files, ".debian.tar.")
    tree.mkdir(parents=True)
    proc.run(["tar", "-C", tree, "--strip-components=1", "-xf", only(files, ".orig.tar.")])
    proc.run(["tar", "-C", tree, "-xf", packaging])
    patches = tree / "debian" / "patches"
    for line in (patches / "series").read_text().splitlines():
        name = line.split("#", 1)[0].strip()
        if name:
            words: list[str | Path] = ["patch", "-p1", "--batch", "--fuzz=0", "-i", patches / name]
            proc.run(words, log=log(), cwd=tree)
    return packaging.name.partition("_")[2].partition(".debian.tar.")[0]


def _bring() -> Source:
    apt = PrivateApt(SUITE)
    apt.update()
    part = SOURCES / f"new-{os.getpid()}"
    for left in SOURCES.glob("new-*"):
        shutil.rmtree(left, ignore_errors=True)  # we hold the lock: nobody works in it
    try:
        version = unpack(apt.source(PACKAGE, part / "package"), part / "tree")
        release = (part / "tree" / "VERSION").read_text().strip()
        if release != SERIES:
            raise ArtifactError(f"got musl {release}, the port is for {SERIES}", "adapt the port")
        shutil.rmtree(SOURCES / version, ignore_errors=True)
        (part / "tree").rename(SOURCES / version)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Source(version, f"{SUITE}: {PACKAGE} {version}", SOURCES / version)


def run(update: bool = False) -> Source:
    """The pristine tree, fetched if it is not in the cache or a newer one is asked for."""
    with locked(SOURCES / "lock"):
        source = current()
        if source is not None and not update:
            return source
        ui.say(f"libc: fetching {PACKAGE} from {SUITE}")
        source = _bring()
        fresh = SOURCES / f"{NOTE}.new"
        fresh.write_text(json.dumps(asdict(source) | {"tree": str(source.tree)}, indent=1) + "\n")
        fresh.replace(SOURCES / NOTE)
    ui.say(f"libc: {source.origin}")
    return source
