# SPDX-License-Identifier: GPL-2.0-only
"""What the port is based on (lkl_patches/BASE.toml) and which source tree was fetched for it."""

import json
import re
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path

from artifact import paths
from artifact.errors import ArtifactError

BASE_FILE = paths.PATCHES / "BASE.toml"
SOURCES = paths.CACHE / "src"
TREE = "linux-source-6.12"


@dataclass(frozen=True)
class Base:
    """The pins of BASE.toml."""

    series: str
    package: str
    member: str
    suites: tuple[str, ...]
    tarball_version: str
    tarball_url: str
    tarball_sha256: str


@dataclass(frozen=True)
class Source:
    """A pristine kernel tree in the cache. `origin` says where it came from."""

    version: str
    origin: str
    tree: Path


def read(file: Path = BASE_FILE) -> Base:
    """The pins; ArtifactError names a missing one."""
    try:
        data = tomllib.loads(file.read_text())
        package, tarball = data["distribution"], data["tarball"]
        return Base(
            series=data["series"]["version"],
            package=package["package"],
            member=package["member"],
            suites=(*package["suites"],),
            tarball_version=tarball["version"],
            tarball_url=tarball["url"],
            tarball_sha256=tarball["sha256"],
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
        raise ArtifactError(f"{paths.shown(file)}: {error}", "restore it from git") from error


def tree_version(tree: Path) -> str:
    """Version of a kernel tree, from its Makefile (6.12.117)."""
    try:
        head = (tree / "Makefile").read_text()[:400]
    except OSError as error:
        raise ArtifactError(f"{tree} is not a kernel tree: {error.strerror}") from error
    numbers = [
        re.search(rf"^{key} = (\d+)$", head, re.MULTILINE)
        for key in ("VERSION", "PATCHLEVEL", "SUBLEVEL")
    ]
    if not all(numbers):
        raise ArtifactError(f"{tree}/Makefile names no kernel version")
    return ".".join(number[1] for number in numbers if number)


def current(sources: Path = SOURCES) -> Source | None:
    """The tree that was fetched last; None before the first fetch."""
    stamp = sources / "current.json"
    try:
        noted = json.loads(stamp.read_text())
        source = Source(noted["version"], noted["origin"], Path(noted["tree"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # never fetched, or the note is unreadable: the fetch makes a new one
    return source if (source.tree / "Makefile").is_file() else None


def note(source: Source, sources: Path = SOURCES) -> None:
    """Record the tree that builds are to use from now on."""
    fresh = sources / "current.json.new"
    fresh.write_text(json.dumps(asdict(source) | {"tree": str(source.tree)}, indent=1) + "\n")
    fresh.replace(sources / "current.json")
