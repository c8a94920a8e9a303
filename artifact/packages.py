# SPDX-License-Identifier: GPL-2.0-only
"""The table of system packages (packages.toml) and what of it this machine has.

Run as `python3 -m artifact.packages` it exits 0 when set-up has been done for the present
table and nothing was removed since, else 1; `bootstrap` asks it at every start, so it uses
the standard library only and takes milliseconds.
"""

import hashlib
import json
import platform
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from artifact import paths, proc
from artifact.errors import ArtifactError

TABLE = Path(__file__).with_name("packages.toml")
STAMP = paths.CACHE / "setup.json"


@dataclass(frozen=True)
class Package:
    """One system package. `tool` is a program it brings, where there is one."""

    apt: str
    why: str
    tool: str | None = None
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Feature:
    """What a group of packages is for. Without a required one the artifact does not work."""

    name: str
    purpose: str
    required: bool
    packages: tuple[Package, ...]


def suite() -> str:
    """Code name of the running distribution (bookworm, trixie, ...); empty when unknown."""
    try:
        return platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    except OSError:
        return ""


def _package(entry: dict[str, object], place: str) -> Package:
    unknown = set(entry) - {"apt", "why", "tool", "only"}
    if unknown or not entry.get("apt") or not entry.get("why"):
        raise ArtifactError(f"{place}: bad entry {entry}", "keys: apt, why, tool, only")
    tool = entry.get("tool")
    only = entry.get("only", [])
    assert isinstance(only, list)
    return Package(str(entry["apt"]), str(entry["why"]), str(tool) if tool else None, (*only,))


def read(table: Path = TABLE, running: str | None = None) -> list[Feature]:
    """The features with the packages that exist in the running suite."""
    here = suite() if running is None else running
    features = []
    for name, group in tomllib.loads(table.read_text()).items():
        every = [_package(entry, f"{table.name}: [{name}]") for entry in group["packages"]]
        fitting = tuple(p for p in every if not p.only or here in p.only)
        features.append(Feature(name, group["purpose"], bool(group["required"]), fitting))
    return features


def has_apt() -> bool:
    """Whether this is a system whose packages apt and dpkg manage."""
    return proc.which("apt-get") is not None and proc.which("dpkg-query") is not None


def installed(names: Iterable[str]) -> set[str]:
    """Those of the named Debian packages that are installed (virtual ones count by provider)."""
    wanted = sorted(set(names))
    if not wanted:
        return set()
    form = "${Package} ${db:Status-Status} ${Provides}\\n"
    done = subprocess.run(
        ["dpkg-query", "--show", f"--showformat={form}"], capture_output=True, text=True, check=True
    )
    have: set[str] = set()
    for line in done.stdout.splitlines():
        name, status, *provides = line.split(None, 2)
        if status == "installed":
            have.add(name)
            have.update(word.split()[0] for word in "".join(provides).split(",") if word.strip())
    return have.intersection(wanted)


def missing(features: Sequence[Feature]) -> list[Package]:
    """Packages of these features that are not here; without apt, those whose tool is not."""
    every = [package for feature in features for package in feature.packages]
    if not has_apt():
        return [p for p in every if p.tool is not None and proc.which(p.tool) is None]
    have = installed(p.apt for p in every)
    return [p for p in every if p.apt not in have]


def inputs(table: Path = TABLE) -> str:
    """Hash of everything that decides what set-up has to do."""
    text = f"{suite()} {platform.machine()}\n{table.read_text()}"
    return hashlib.sha256(text.encode()).hexdigest()


def write_stamp(absent: Sequence[str], stamp: Path = STAMP) -> None:
    """Note that set-up was done for the present table; `absent` could not be had here."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    fresh = stamp.with_suffix(".new")
    fresh.write_text(json.dumps({"inputs": inputs(), "absent": sorted(absent)}) + "\n")
    fresh.replace(stamp)


def is_set_up(stamp: Path = STAMP) -> bool:
    """Whether set-up was done for the present table and its packages are still there."""
    try:
        noted = json.loads(stamp.read_text())
        absent = set(noted["absent"])
        current = noted["inputs"] == inputs()
    except (OSError, ValueError, KeyError, TypeError):
        return False  # never run, or an unreadable note: set-up runs (again)
    return current and all(p.apt in absent for p in missing(read()))


if __name__ == "__main__":
    sys.exit(0 if is_set_up() else 1)
