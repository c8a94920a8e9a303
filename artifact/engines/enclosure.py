# SPDX-License-Identifier: GPL-2.0-only
"""Where private engines live: namespaces and a control group of their own.

An engine starts helpers that outlive it, mounts, bridges and packet filter rules. Here all of
them are in one set of namespaces (process, mount, network, IPC, UTS, cgroup): when its process
1 dies, the kernel ends every process in it and drops every mount, interface and rule. Process
1 dies with us, also when we are killed by -9 (PR_SET_PDEATHSIG). What the kernel does not
remove, a directory and an empty control group, the next `leftovers.sweep` does.

Sources: namespaces(7), pid_namespaces(7), cgroup_namespaces(7), nsenter(1), unshare(1).
"""

import fcntl
import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from artifact import proc, ui
from artifact.errors import ArtifactError, Unavailable
from artifact.systems import cgroups, leftovers

SCRIPT = Path(__file__).with_name("enclosure.sh")
KINDS = ("mount", "net", "ipc", "uts", "cgroup", "pid")
LONGEST_PLACE = 80  # a socket below it: 108 octets with its own name, unix(7)
NS_GET_PARENT = 0xB702  # ioctl_nsfs(2)
# Groups to join come before "--", the command after it.
JOIN = (
    'while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs" || exit 125; shift; done; shift; exec "$@"'
)


def join(groups: Sequence[Path]) -> list[str]:
    """Words to put before a command so that it runs in these control groups."""
    return ["sh", "-c", JOIN, "join", *(str(group) for group in groups), "--"]


@dataclass(frozen=True)
class Enclosure:
    """The namespaces, as the outside uses them.

    place: a directory that inside and outside see under the same name. pid: process 1 of the
    namespaces, as the outside sees it. env: what programs inside are given.
    """

    place: Path
    pid: int
    groups: tuple[Path, ...]
    env: dict[str, str] = field(default_factory=dict)

    def argv(self, *words: str | Path) -> list[str]:
        """A command of the outside that runs `words` inside."""
        # --root: inside a chroot the namespace's root directory is not ours.
        enter = ["nsenter", f"--target={self.pid}", "--root", *(f"--{kind}" for kind in KINDS)]
        return [*join(self.groups), *enter, *(str(word) for word in words)]

    def run(self, *words: str | Path, check: bool = True, timeout: float = 120) -> proc.Completed:
        """Run a program inside to its end."""
        return proc.run(self.argv(*words), env=self.env, check=check, timeout=timeout)

    def pids(self) -> set[int]:
        """Processes inside, those of containers too, by their ids of the outside."""
        return {process.pid for process in processes(self.pid)}

    def write_enter(self) -> Path:
        """A program for people: `PLACE/enter COMMAND` runs a command inside."""
        script = self.place / "enter"
        settings = [f"{name}={value}" for name, value in self.env.items()]
        # nsenter starts in the working directory of process 1; the outside's is kept.
        command = ["env", "-C", "/", *settings, *self.argv()]
        script.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
        script.chmod(0o755)
        return script


@dataclass(frozen=True)
class Process:
    """A process, by its id and its name."""

    pid: int
    name: str


def processes(init: int) -> list[Process]:
    """Processes of the namespace whose process 1 is `init`, and of namespaces below that one."""
    depth = _ids(init)
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        pid = int(directory.name)
        # NSpid lists a process's ids from our namespace inwards: proc_pid_status(5).
        if len(_ids(pid)) >= len(depth) and _under(pid, init):
            try:
                found.append(Process(pid, (directory / "comm").read_text().strip()))
            except OSError:
                continue  # it ended meanwhile
    return found


def _ids(pid: int) -> list[str]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return []
    return next((line.split()[1:] for line in lines if line.startswith("NSpid:")), [])


def _under(pid: int, init: int) -> bool:
    """Whether the process's namespace is that of `init`, or below it."""
    try:
        wanted = os.stat(f"/proc/{init}/ns/pid").st_ino
        handle = os.open(f"/proc/{pid}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    return _has_ancestor(handle, wanted)


def _has_ancestor(handle: int, wanted: int) -> bool:
    while True:
        try:
            if os.fstat(handle).st_ino == wanted:
                return True
            parent = fcntl.ioctl(handle, NS_GET_PARENT)
        except OSError:
            return False  # the initial namespace, or one we may not see
        finally:
            os.close(handle)
        handle = parent


def _make_groups(name: str) -> tuple[list[Path], list[Path]]:
    """Our control group in every hierarchy: where process 1 begins, where others join."""
    here = cgroups.here()
    if here.mode is cgroups.Mode.NONE:
        raise Unavailable("no control groups are mounted", "mount /sys/fs/cgroup")
    if here.mode is cgroups.Mode.V2:
        assert here.v2 is not None
        (here.v2 / name).mkdir()
        return [here.v2 / name], [here.v2 / name / "init"]
    groups = [top / name for top in here.v1]
    for group in groups:
        group.mkdir()
        for setting in ("cpuset.cpus", "cpuset.mems"):  # empty in a new group, which then is shut
            if (group / setting).exists():
                (group / setting).write_text((group.parent / setting).read_text())
    return groups, groups


def _announced(child: "subprocess.Popen[bytes]", log: Path) -> int:
    """Process 1's id as it says it, or why it did not come so far."""
    assert child.stdout is not None
    line = child.stdout.readline().strip()
    if not line.isdigit():
        why = log.read_text().strip().splitlines()[-1:] or ["no output"]
        raise ArtifactError(f"the enclosure for engines did not start: {why[0]}")
    return int(line)


@contextmanager
def enclosure() -> Iterator[Enclosure]:
    """Make the namespaces; on leaving everything in them ends, and nothing stays."""
    if os.geteuid() != 0:
        raise Unavailable("private engines need root", "run as root")
    for tool, package in (("unshare", "util-linux"), ("nsenter", "util-linux"), ("ip", "iproute2")):
        proc.need(tool, package)
    if left := leftovers.sweep():
        ui.say(f"removed what a killed run left: {', '.join(left)}")
    with leftovers.workplace() as place:
        place.chmod(0o755)  # rootless programs go through it
        if len(str(place)) > LONGEST_PLACE:
            raise ArtifactError(f"{place} is too long a name for sockets", "set TMPDIR to /tmp")
        name = f"{leftovers.prefix()}{place.name.rpartition('-')[2]}"
        try:
            start, later = _make_groups(name)
            argv = [*join(start), "unshare", *(f"--{kind}" for kind in KINDS)]
            argv += ["--fork", "--kill-child=KILL", "sh", str(SCRIPT), str(place)]
            log = place / "enclosure.log"
            with proc.spawn(argv, stdout=subprocess.PIPE, log=log) as child:
                pid = _announced(child, log)
                yield Enclosure(place, pid, tuple(later))
        finally:
            cgroups.remove(name)


def with_env(inside: Enclosure, more: Mapping[str, str]) -> Enclosure:
    """The same enclosure, whose programs are given these variables as well."""
    return Enclosure(inside.place, inside.pid, inside.groups, {**inside.env, **more})
