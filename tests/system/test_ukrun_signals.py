# SPDX-License-Identifier: GPL-2.0-only
"""How programs end under ukrun, and the signals that reach them from outside."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.system.conftest import Ukrun, finish

pytestmark = pytest.mark.system

WAYS = (
    *("stack-overflow", "null-write", "null-call", "noncanonical-jump", "noncanonical-read"),
    *("no-exec", "privileged", "stack-null", "stack-noncanonical", "divide", "illegal"),
    *("breakpoint", "single-step", "behind-the-file", "kernel-jump", "kernel-data-jump"),
    *("kernel-stack", "kernel-write", "abort"),
)
FATAL = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 24, 25, 26, 27, 29, 30, 31, 34, 64)
NO_MATTER = (17, 18, 23, 28)
SENT = (
    *(signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2),
    *(signal.SIGALRM, signal.SIGCONT, signal.SIGWINCH),
    *(signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP),
)


@contextmanager
def ready(argv: list[str], **options: object) -> Iterator["subprocess.Popen[bytes]"]:
    """A program that has said "ready"; gone at the end."""
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        **options,  # type: ignore[call-overload]
    )
    try:
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_statuses(ukrun: Ukrun) -> None:
    for status in range(256):
        assert ukrun.run("/bin/die", "exit", str(status)).status == status


def test_all_ways_are_here(program_root: Path) -> None:
    listed = finish([str(program_root / "bin" / "die"), "list"]).text
    assert tuple(line.split()[0] for line in listed.splitlines()) == WAYS


@pytest.mark.parametrize("way", WAYS)
def test_a_fault_ends_the_program(ukrun: Ukrun, program_root: Path, way: str) -> None:
    """With the host's signal."""
    native = finish([str(program_root / "bin" / "die"), way])
    done = ukrun.run("/bin/die", way)
    assert native.status > 128
    assert (done.status, done.err) == (native.status, b"")


@pytest.mark.parametrize("number", [*FATAL, *NO_MATTER])
def test_a_signal_to_itself(ukrun: Ukrun, number: int) -> None:
    expected = 128 + number if number in FATAL else 0
    assert ukrun.run("/bin/die", "signal", str(number)).status == expected


def test_signals_arrive(ukrun: Ukrun) -> None:
    with ready(ukrun.argv("/bin/tool", "signals")) as process:
        assert process.stdout
        for number in SENT:
            process.send_signal(number)
            assert int(process.stdout.readline()) == number
        process.terminate()
        assert int(process.stdout.readline()) == signal.SIGTERM
        assert process.wait(10) == 0


@pytest.mark.parametrize("word", ["sleeping", "compute", "compute-calls"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGSEGV])
def test_a_signal_ends_who_does_not_expect_it(
    ukrun: Ukrun, word: str, number: signal.Signals
) -> None:
    with ready(ukrun.argv("/bin/tool", word)) as process:
        process.send_signal(number)
        assert process.wait(10) == 128 + number


def test_signals_that_come_together(ukrun: Ukrun) -> None:
    """Many of them, at any moment, with work in between: none hurts the machine."""
    with ready(ukrun.argv("/bin/tool", "compute-calls")) as process:
        for _ in range(2000):
            process.send_signal(signal.SIGWINCH)
            process.send_signal(signal.SIGCONT)
        assert process.poll() is None
        process.terminate()
        assert process.wait(10) == 128 + signal.SIGTERM


def test_early_signals(ukrun: Ukrun) -> None:
    """While the machine boots a signal ends it, or its program later: none is lost."""
    ends = set()
    for delay_us in range(0, 20000, 500):
        process = subprocess.Popen(
            ukrun.argv("/bin/tool", "sleeping"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        time.sleep(delay_us / 1e6)
        process.terminate()
        try:
            _, err = process.communicate(timeout=10)
        finally:
            process.kill()
        assert err == b""
        ends.add(process.returncode)
    assert ends <= {-signal.SIGTERM, 128 + signal.SIGTERM}


def test_nohup(ukrun: Ukrun) -> None:
    """What is ignored outside does not come in."""
    words = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *ukrun.argv("/bin/tool", "sleeping")]
    with ready(words) as process:
        process.send_signal(signal.SIGHUP)
        process.terminate()
        assert process.wait(10) == 128 + signal.SIGTERM


def test_timeout_reaches_a_stopped_program(ukrun: Ukrun) -> None:
    argv = ["timeout", "-k", "20", "1", *ukrun.argv("/bin/die", "signal", str(int(signal.SIGSTOP)))]
    assert finish(argv).status == 124


def test_an_alarm_interrupts_a_single_task(ukrun: Ukrun) -> None:
    assert ukrun.run("/bin/tool", "alarmed").status == 128 + signal.SIGALRM


def test_orphans_do_not_keep_the_machine(ukrun: Ukrun) -> None:
    assert ukrun.run("/bin/tool", "orphan").status == 7


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def test_one_process_of_one_thread(ukrun: Ukrun) -> None:
    with ready(ukrun.argv("/bin/tool", "sleeping")) as process:
        assert _children(process.pid) == []
        assert len(list(Path(f"/proc/{process.pid}/task").iterdir())) == 1


def test_kill_leaves_nothing(ukrun: Ukrun, tmp_path: Path) -> None:
    mounts = Path("/proc/self/mounts").read_text()
    before = sorted(path for path in ukrun.root.rglob("*"))
    with ready(ukrun.argv("/bin/tool", "sleeping")) as process:
        process.kill()
        assert process.wait(10) == -signal.SIGKILL
    assert Path("/proc/self/mounts").read_text() == mounts
    assert sorted(path for path in ukrun.root.rglob("*")) == before


def _traced(argv: list[str], log: Path, words: list[str]) -> list[str]:
    return ["strace", "-f", "-o", str(log), *words, *argv]


def test_no_timer_signal_while_one_task_runs(ukrun: Ukrun, tmp_path: Path) -> None:
    """A program computes for two seconds; the host interrupts it only for its own alarm."""
    log = tmp_path / "trace"
    trace = ["-e", "trace=timer_settime", "-e", "signal=all"]
    argv = _traced(ukrun.argv("/bin/tool", "alarmed"), log, trace)
    assert finish(argv, input=b"").status == 128 + signal.SIGALRM
    text = log.read_text()
    after_boot = text[text.rfind("SIGSYS") :] if "SIGSYS" in text else text
    assert len(re.findall(r"--- SIGRT_2", after_boot)) <= 5, text


def test_two_tasks_share(ukrun: Ukrun, tmp_path: Path) -> None:
    """The same count sees the ticks that share the processor between two tasks."""
    log = tmp_path / "trace"
    trace = ["-e", "trace=timer_settime", "-e", "signal=all"]
    argv = _traced(ukrun.argv("/bin/tool", "two-compute"), log, trace)
    assert finish(argv, input=b"").status == 0
    assert len(re.findall(r"--- SIGRT_2", log.read_text())) > 20


def test_the_host_kills_nobody_else(ukrun: Ukrun) -> None:
    """kill(-1) in the library kernel is about its processes."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        ukrun.run("/bin/die", "signal-all", "15")
        ukrun.run("/bin/die", "signal-pid", "9", str(os.getpid()))
        assert other.poll() is None
        assert other.stdin
        other.stdin.close()
        assert other.wait(10) == 1
