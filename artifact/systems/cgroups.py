# SPDX-License-Identifier: GPL-2.0-only
"""Control groups here: version 1, version 2, or both at once; finding and removing ours.

Source: cgroups(7), and the kernel's Documentation/admin-guide/cgroup-v2.rst.
"""

import os
import re
import signal
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from artifact.errors import ArtifactError

MOUNTINFO = Path("/proc/self/mountinfo")
REMOVAL_LIMIT_S = 5.0


class Mode(StrEnum):
    """How this machine mounts control groups."""

    V1 = "v1"
    V2 = "v2"
    HYBRID = "hybrid"
    NONE = "none"


@dataclass(frozen=True)
class Hierarchies:
    """Mount points of the version 1 hierarchies, and of the version 2 one if there is one."""

    v1: tuple[Path, ...]
    v2: Path | None

    @property
    def mode(self) -> Mode:
        """Which versions are there."""
        if self.v1:
            return Mode.HYBRID if self.v2 else Mode.V1
        return Mode.V2 if self.v2 else Mode.NONE

    @property
    def all(self) -> tuple[Path, ...]:
        """Every mount point."""
        return (*self.v1, self.v2) if self.v2 else self.v1


def _unescape(field: str) -> str:
    """Undo the octal escapes of proc_pid_mountinfo(5)."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)


def parse(mountinfo: str) -> Hierarchies:
    """Hierarchies in the text of a mountinfo file."""
    v1: list[Path] = []
    v2: Path | None = None
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        kind = after.split(" ", 1)[0]
        if kind not in ("cgroup", "cgroup2"):
            continue
        where = Path(_unescape(before.split()[4]))
        if kind == "cgroup2":
            v2 = where
        elif where not in v1:
            v1.append(where)
    return Hierarchies(tuple(v1), v2)


def here() -> Hierarchies:
    """The hierarchies mounted on this machine."""
    return parse(MOUNTINFO.read_text())


def is_mount_point(where: str) -> bool:
    """Whether something is mounted exactly there, as this process sees it."""
    lines = MOUNTINFO.read_text().splitlines()
    return any(_unescape(line.split()[4]) == where for line in lines)


def names() -> list[str]:
    """Names of our top-level groups (`uk-...`) in any hierarchy."""
    return sorted({group.name for top in here().all for group in top.glob("uk-*-*")})


def _empty(group: Path) -> None:
    """Kill what runs in a group; reading it fails once the group is gone."""
    for directory in (group, *(d for d in group.rglob("*") if d.is_dir())):
        for pid in (directory / "cgroup.procs").read_text().split():
            os.kill(int(pid), signal.SIGKILL)


def _gone(group: Path) -> bool:
    """Try once to remove a group and what is below it."""
    if not group.is_dir():
        return True
    try:
        _empty(group)
        for below in sorted((d for d in group.rglob("*") if d.is_dir()), reverse=True):
            below.rmdir()
        group.rmdir()
    except OSError:  # busy until the killed are buried, or gone between two steps: look again
        return not group.is_dir()
    return True


def remove(name: str) -> None:
    """Remove the group of that name from every hierarchy, killing what is in it."""
    for top in here().all:
        group = top / name
        limit = time.monotonic() + REMOVAL_LIMIT_S
        while not _gone(group):
            if time.monotonic() > limit:
                raise ArtifactError(f"control group {group} cannot be removed", "is it in use?")
            time.sleep(0.02)
