# SPDX-License-Identifier: GPL-2.0-only
"""Programs under ukrun on a terminal: a pty of ours is the host's terminal."""

import contextlib
import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from artifact import proc
from tests.system.conftest import Ukrun, finish

pytestmark = pytest.mark.system

LIMIT_S = 20.0
CTRL_C, CTRL_D, CTRL_Z, CTRL_BACKSLASH = b"\x03", b"\x04", b"\x1a", b"\x1c"


@dataclass
class Screen:
    """Our side of a terminal with a program on the other."""

    master: int
    slave: int
    process: "subprocess.Popen[bytes]"
    before: list[object]  # the terminal's mode at the start
    seen: bytes = b""

    def expect(self, text: bytes) -> bytes:
        """Read until `text`; what came up to its end."""
        end = time.monotonic() + LIMIT_S
        while text not in self.seen:
            left = end - time.monotonic()
            assert left > 0, (text, self.seen)
            if select.select([self.master], [], [], left)[0]:
                self.seen += os.read(self.master, 65536)
        at = self.seen.index(text) + len(text)
        found, self.seen = self.seen[:at], self.seen[at:]
        return found

    def type(self, text: bytes) -> None:
        os.write(self.master, text)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def mode(self) -> list[object]:
        return termios.tcgetattr(self.slave)

    def status(self) -> int:
        code = self.process.wait(LIMIT_S)
        return code if code >= 0 else 128 - code


@contextmanager
def screen(argv: list[str], **options: object) -> Iterator[Screen]:
    """Start a program as the leader of a session on a new terminal of 90 x 30."""
    master, slave = os.openpty()
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("4H", 30, 90, 0, 0))
    before = termios.tcgetattr(slave)
    die = proc.die_with_parent()

    def take_terminal() -> None:
        die()
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    streams = {"stdin": slave, "stdout": slave, "stderr": slave}
    process = subprocess.Popen(
        argv,
        preexec_fn=take_terminal,  # noqa: PLW1509
        **(streams | options),  # type: ignore[call-overload]
    )
    try:
        yield Screen(master, slave, process, before)
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)


def processor_ticks(pid: int) -> int:
    """What a process has used, in hundredths of a second."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(words[11]) + int(words[12])


def test_size_lines_and_end_of_input(ukrun: Ukrun) -> None:
    with screen(ukrun.argv("/bin/tool", "terminal")) as s:
        s.expect(b"tty 1 1 1 /dev/pts/0\r\n")
        s.expect(b"canonical 1\r\n")
        s.expect(b"leader 1 foreground 1\r\n")
        s.expect(b"size 90x30\r\n")
        s.resize(101, 37)
        s.expect(b"size 101x37\r\n")
        s.type(b"a wrong\x7f\x7f\x7f\x7f\x7fline\n")
        s.expect(b"line\r\n")
        s.expect(b"a line\r\n")
        s.type(CTRL_D)
        assert s.status() == 0


@pytest.mark.parametrize("word", ["sleeping", "compute", "compute-calls"])
@pytest.mark.parametrize(
    ("key", "number"), [(CTRL_C, signal.SIGINT), (CTRL_BACKSLASH, signal.SIGQUIT)]
)
def test_keys_are_signals(ukrun: Ukrun, word: str, key: bytes, number: int) -> None:
    with screen(ukrun.argv("/bin/tool", word)) as s:
        s.expect(b"ready\r\n")
        s.type(key)
        assert s.status() == 128 + number


def test_jobs(ukrun: Ukrun) -> None:
    with screen(ukrun.argv("/bin/tool", "job")) as s:
        s.expect(b"ready\r\n")
        s.type(CTRL_C)
        s.expect(b"ended 2\r\n")
        assert s.status() == 0
    with screen(ukrun.argv("/bin/tool", "job")) as s:
        s.expect(b"ready\r\n")
        s.type(CTRL_Z)
        s.expect(b"stopped 20\r\n")
        s.expect(b"ended 9\r\n")
        assert s.status() == 0


@pytest.mark.parametrize("how", ["exit", "fault", "term", "hup", "options"])
def test_the_mode_comes_back(ukrun: Ukrun, how: str) -> None:
    words = {"exit": ("/bin/die", "exit", "3"), "fault": ("/bin/die", "null-write")}
    options = ["-C", "/no/such"] if how == "options" else []
    argv = ukrun.argv(*words.get(how, ("/bin/tool", "sleeping")), options=options)
    with screen(argv) as s:
        if how in {"term", "hup"}:
            s.expect(b"ready\r\n")
            assert s.mode() != s.before
            s.process.send_signal(signal.SIGTERM if how == "term" else signal.SIGHUP)
        expected = {"exit": 3, "fault": 139, "term": 143, "hup": 129, "options": 125}
        assert s.status() == expected[how]
        assert s.mode() == s.before


def test_the_last_words_are_shown(ukrun: Ukrun) -> None:
    with screen(ukrun.argv("/bin/tool", "octets", "100000")) as s:
        found = b""
        while len(found) < 100000:
            found += os.read(s.master, 65536)
        assert found == b"y" * 100000
        assert s.status() == 0


def test_input_that_nobody_reads(ukrun: Ukrun) -> None:
    """It does not stop what the program writes."""
    size = 1000000
    with screen(ukrun.argv("/bin/tool", "deaf", str(size))) as s:
        s.expect(b"ready\n")
        os.set_blocking(s.master, False)
        found, typed = 0, 0
        end = time.monotonic() + LIMIT_S
        while found < size and time.monotonic() < end:
            room = [s.master] if typed < 50000 else []
            readable, writable, _ = select.select([s.master], room, [], 0.5)
            if readable:
                found += os.read(s.master, 65536).count(b"y")
            if writable:
                typed += os.write(s.master, b"x" * 500)
        assert found == size
        assert s.status() == 0


def test_a_signal_when_nobody_reads(ukrun: Ukrun) -> None:
    with screen(ukrun.argv("/bin/tool", "sleeping")) as s:
        s.expect(b"ready\r\n")
        os.set_blocking(s.master, False)
        with contextlib.suppress(BlockingIOError):
            for _ in range(1000):
                os.write(s.master, b"x" * 1000)
        s.process.terminate()
        assert s.status() == 128 + signal.SIGTERM


def test_a_program_that_closes_its_terminal(ukrun: Ukrun) -> None:
    """The machine only waits until it ends: it is given little processor time."""
    with screen(ukrun.argv("/bin/tool", "detached")) as s:
        s.expect(b"ready\r\n")
        before = processor_ticks(s.process.pid)
        time.sleep(0.5)
        assert processor_ticks(s.process.pid) - before < 10
        assert s.status() == 6


def test_no_terminal_when_it_is_not_wanted(ukrun: Ukrun) -> None:
    with screen(ukrun.argv("/bin/tool", "fds", options=["-T"])) as s:
        s.expect(b"2 device\r\n")
        assert s.mode() == s.before
        assert s.status() == 0


def test_input_alone_is_no_terminal_of_its_own(ukrun: Ukrun) -> None:
    with screen(ukrun.argv("/bin/tool", "terminal"), stdout=subprocess.PIPE) as s:
        assert s.process.stdout
        assert b"tty 1 0 1 none" in s.process.stdout.readline()
        s.process.stdout.close()


def test_hang_up(ukrun: Ukrun) -> None:
    """The terminal goes away: so does the program, and nothing spins."""
    master, slave = os.openpty()
    argv = ["setsid", "-c", *ukrun.argv("/bin/tool", "sleeping")]
    process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    assert b"ready" in os.read(master, 100)
    os.close(master)
    assert process.wait(LIMIT_S) in {128 + signal.SIGHUP, -signal.SIGHUP}


def test_a_shell_inside(ukrun: Ukrun) -> None:
    """script(1) outside, the small shell inside: a session of several programs."""
    done = finish(["script", "-qec", " ".join(ukrun.argv("/bin/die", "exit", "7")), "/dev/null"])
    assert done.status == 7
