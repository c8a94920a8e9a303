# SPDX-License-Identifier: GPL-2.0-only
"""Programs that do their worst: the machine under ukrun stands it, and gives all back."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.system.conftest import DYNAMIC, FIXED, LOADER, Ukrun

pytestmark = pytest.mark.system

CALLS = int(os.environ.get("UK_FUZZ_CALLS", "1000000"))
SEED = os.environ.get("UK_FUZZ_SEED", "20210416")
MUTANTS = 10000
EXECS = 1000
PAGE = 4096
USER_END = 0x7E0000000000
SIGKILL_STATUS = 128 + signal.SIGKILL
EXHAUSTED_STATUS = 5
# What is taken, and how it may end. Who fills the kernel's memory is killed for it.
TAKEN = {
    **dict.fromkeys(["descriptors", "pipes", "sockets", "terminals", "timers"], EXHAUSTED_STATUS),
    **dict.fromkeys(["threads", "processes", "mappings", "addresses"], EXHAUSTED_STATUS),
    **dict.fromkeys(["epolls", "closed", "limits", "stubborn", "room"], EXHAUSTED_STATUS),
    "memory": SIGKILL_STATUS,
}


@contextmanager
def meeting(ukrun: Ukrun, *words: str, options: tuple[str, ...] = ()) -> Iterator["Meeting"]:
    """A program that stops where it says so, for us to look at the host process."""
    process = subprocess.Popen(
        ukrun.argv(*words, options=options),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield Meeting(process)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


class Meeting:
    """Both sides go on by turns."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process

    def until(self, line: bytes) -> list[str]:
        """Lines up to that one."""
        assert self.process.stdout
        lines = []
        while (got := self.process.stdout.readline()) != line:
            assert got, lines
            lines.append(got.decode())
        return lines

    def go(self) -> None:
        assert self.process.stdin
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def maps(self) -> list[str]:
        """The host's mappings, without those whose size the host itself changes."""
        text = Path(f"/proc/{self.process.pid}/maps").read_text()
        return [line for line in text.splitlines() if "[stack]" not in line]

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


@pytest.mark.parametrize("place", ["/dev/shm", "/tmp"])
def test_any_system_call(ukrun: Ukrun, place: str) -> None:
    """Half of the calls on files in the kernel's memory, half on those of a host directory.

    UK_FUZZ_CALLS and UK_FUZZ_SEED choose other ones. The root is a scratch directory: a call
    may remove what is in it.
    """
    words = ("/bin/fuzz", str(CALLS // 2), SEED)
    done = ukrun.run(*words, options=["-C", place], limit_s=max(60, CALLS / 5000))
    last = done.text.splitlines()[-1] if done.text else ""
    assert done.status == 0, done.out[-2000:]
    found = re.fullmatch(
        r"(\d+) workers, (\d+) ended by a signal, (\d+) stalled, 0 wrote to the kernel", last
    )
    assert found, done.out[-2000:]
    workers, signalled, stalled = (int(word) for word in found.groups())
    assert workers == -(-(CALLS // 2) // 2000)
    assert signalled + stalled <= workers // 20, done.out[-2000:]


def test_a_write_to_the_kernel_would_be_seen(ukrun: Ukrun) -> None:
    assert ukrun.run("/bin/fuzz", "write").status == 99


@pytest.mark.parametrize(("place", "count"), [("/dev/shm", MUTANTS), ("/tmp", MUTANTS // 10)])
def test_programs_with_wrong_headers(ukrun: Ukrun, place: str, count: int) -> None:
    with meeting(ukrun, "/bin/mutants", str(count), SEED, options=("-C", place)) as m:
        assert m.until(b"ready\n") == []
        before, files = m.maps(), m.descriptors()
        m.go()
        lines = m.until(b"done\n")
        assert len(lines) == 1, lines
        assert lines[0].endswith(" 0 bad\n")
        assert m.maps() == before
        assert m.descriptors() == files
        m.go()
        assert m.process.wait(20) == 0


@pytest.mark.parametrize("file", [f"/bin/die{DYNAMIC}", f"/bin/die{FIXED}", f"/lib/{LOADER}"])
def test_real_programs_with_wrong_headers(ukrun: Ukrun, file: str) -> None:
    """Whatever they then do, or their loader, is a program's doing."""
    with meeting(ukrun, "/bin/mutants", "500", SEED, file, options=("-C", "/tmp")) as m:
        m.until(b"ready\n")
        before, files = m.maps(), m.descriptors()
        m.go()
        assert any(line.endswith(" 0 bad\n") for line in m.until(b"done\n"))
        assert m.maps() == before
        assert m.descriptors() == files
        m.go()
        assert m.process.wait(20) == 0


@pytest.mark.parametrize("program", [f"/bin/die{suffix}" for suffix in ("", DYNAMIC)])
def test_a_thousand_programs_leave_nothing(ukrun: Ukrun, program: str) -> None:
    with meeting(ukrun, "/bin/execs", str(EXECS), program, "exit", "0") as m:
        m.until(b"ready\n")
        before, files = m.maps(), m.descriptors()
        m.go()
        m.until(b"done\n")
        assert m.maps() == before
        assert m.descriptors() == files
        m.go()
        assert m.process.wait(20) == 0


def pages(lines: list[str], low: int, high: int) -> dict[int, str]:
    """Access of each page between two addresses, from lines of a maps file."""
    found = {}
    for line in lines:
        extent, access = line.split()[:2]
        start, end = (int(word, 16) for word in extent.split("-"))
        for page in range(max(start, low), min(end, high), PAGE):
            found[page] = access[:3]
    return found


def test_maps_are_the_host_s(ukrun: Ukrun) -> None:
    """After random operations, of the whole program: what it sees and what the host has."""
    with meeting(ukrun, "/bin/t-mmap-model", "3000", "7", "wait") as m:
        own = m.until(b"end\n")
        at = next(number for number, line in enumerate(own) if line.startswith("maps "))
        assert not any(line.startswith("not ok") for line in own[:at])
        own_lines = [line.strip() for line in own[at + 1 :]]
        low = min(int(line.split("-")[0], 16) for line in own_lines)
        mine, host = pages(own_lines, low, USER_END), pages(m.maps(), low, USER_END)
        assert len(mine) > 500
        different = {
            hex(page): (mine.get(page), host.get(page))
            for page in mine
            if mine.get(page) != host.get(page)
        }
        assert different == {}
        m.go()


@pytest.mark.parametrize("what", TAKEN)
def test_who_takes_all_can_still_end(ukrun: Ukrun, what: str) -> None:
    done = ukrun.run("/bin/exhaust", what, limit_s=30)
    assert done.status == TAKEN[what], done
    if done.status == EXHAUSTED_STATUS and what != "closed":
        assert done.text.startswith(f"{what}: ")


@pytest.mark.parametrize("what", [what for what in TAKEN if what != "memory"])
def test_the_machine_stands_it(ukrun: Ukrun, what: str) -> None:
    """It can be done again and again. (A file that fills the memory stays, so not that.)"""
    done = ukrun.run("/bin/execs", "3", "/bin/exhaust", what, stdin=b"\n\n", limit_s=60)
    assert b"done" in done.out
