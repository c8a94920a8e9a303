# SPDX-License-Identifier: GPL-2.0-only
"""What this process makes outside itself, and what a killed one left behind.

Directories, containers and control groups are named `uk-<pid>-<PID namespace>-...`. Whoever
starts the next measurement removes those whose owner is gone: a container outlives a kill -9
of its runtime, because no death signal reaches through the runtime into the container. Names
of another PID namespace are left alone: whether their owner lives cannot be seen from here.
"""

import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from artifact import proc
from artifact.systems import cgroups

OURS = re.compile(r"uk-(\d+)-(\d+)-")
CONTAINERS = "containers"


def prefix() -> str:
    """How everything this process makes is named."""
    return prefix_of(os.getpid())


def prefix_of(pid: int) -> str:
    """The same for another process of our PID namespace."""
    return f"uk-{pid}-{os.stat('/proc/self/ns/pid').st_ino}-"


def alive(pid: int) -> bool:
    """Whether a process of that id exists and has not ended (a zombie has)."""
    try:
        status = Path("/proc", str(pid), "stat").read_text()
    except OSError:
        return False
    # The name in parentheses may itself have any character: proc_pid_stat(5).
    return status.rpartition(")")[2].split()[0] not in ("Z", "X")


def orphaned(name: str) -> bool:
    """Whether a name is one of ours, of our PID namespace, and its owner is gone."""
    owner = OURS.match(name)
    if owner is None or not name.startswith(prefix_of(int(owner[1]))):
        return False
    return not alive(int(owner[1]))


@contextmanager
def workplace() -> Iterator[Path]:
    """A temporary directory of ours; on leaving, the containers noted in it go first."""
    place = Path(tempfile.mkdtemp(prefix=prefix()))
    try:
        yield place
    finally:
        clear(place)


def note_container(place: Path, runtime: str, state: Path, name: str) -> None:
    """Write down a container before it is made, so that a sweep knows how to remove it."""
    directory = place / CONTAINERS
    directory.mkdir(exist_ok=True)
    note = {"runtime": runtime, "state": str(state), "name": name}
    (directory / name).write_text(json.dumps(note))


def forget_container(place: Path, name: str) -> None:
    """The container has been removed by its runtime."""
    (place / CONTAINERS / name).unlink(missing_ok=True)


def clear(place: Path) -> None:
    """Remove a workplace with every container and control group noted in it."""
    for note in sorted((place / CONTAINERS).glob("*")):
        _remove_container(note)
    shutil.rmtree(place, ignore_errors=True)


def _remove_container(note: Path) -> None:
    try:
        known = json.loads(note.read_text())
        argv = [known["runtime"], "--root", known["state"], "delete", "--force", note.name]
    except (ValueError, KeyError):
        argv = []  # cut off while being written: the container was not made yet
    if argv and Path(argv[0]).exists():
        proc.run(argv, check=False, timeout=20)  # fails where the container is gone already
    cgroups.remove(note.name)


def _ours(place: Path) -> bool:
    """A real directory that this user made: the place is shared, its notes are acted upon."""
    status = place.lstat()
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()


def sweep() -> list[str]:
    """Remove what dead processes of ours left; returns the names of what was removed."""
    found = []
    for place in sorted(Path(tempfile.gettempdir()).glob("uk-*-*")):
        if _ours(place) and orphaned(place.name):
            clear(place)
            found.append(place.name)
    for name in cgroups.names():
        if orphaned(name):
            cgroups.remove(name)
            found.append(name)
    return found
