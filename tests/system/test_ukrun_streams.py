# SPDX-License-Identifier: GPL-2.0-only
"""Standard input, output and error of programs under ukrun: files, pipes, sockets, nothing."""

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.system.conftest import Ukrun, finish

pytestmark = pytest.mark.system

MIB = 1 << 20
EPIPE_STATUS = 3
SIGPIPE_STATUS = 128 + 13


@contextmanager
def started(ukrun: Ukrun, *words: str, **options: object) -> Iterator["subprocess.Popen[bytes]"]:
    """A running program that is gone at the end."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(ukrun.argv(*words), **(pipes | options))  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                pipe.close()


def test_octets_pass_both_ways(ukrun: Ukrun) -> None:
    octets = os.urandom(8 * MIB + 17)
    done = ukrun.run("/bin/tool", "cat", stdin=octets)
    assert (done.status, done.out == octets, done.err) == (0, True, b"")


def test_a_gigabyte_passes(ukrun: Ukrun) -> None:
    """As a stream: neither side holds it."""
    size = 1_000_000_000
    line = ["head", "-c", str(size), "/dev/zero"]
    with (
        subprocess.Popen(line, stdout=subprocess.PIPE) as source,
        started(ukrun, "/bin/tool", "cat", stdin=source.stdout) as cat,
    ):
        done = finish(["wc", "-c"], stdin=cat.stdout)
        assert int(done.text) == size
        assert cat.wait(10) == 0


def test_files(ukrun: Ukrun, tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(b"0123456789")
    with source.open("rb") as stdin, target.open("wb") as stdout:
        done = ukrun.run("/bin/tool", "seek", stdin=stdin, stdout=stdout)
    assert done.status == 0
    assert target.read_bytes() == b"5\n56789"


def test_a_file_is_appended_to(ukrun: Ukrun, tmp_path: Path) -> None:
    target = tmp_path / "log"
    target.write_bytes(b"before\n")
    with target.open("ab") as stdout:
        for _ in range(2):
            ukrun.run("/bin/tool", "cat", stdin=b"more\n", stdout=stdout)
    assert target.read_bytes() == b"before\nmore\nmore\n"


def test_the_host_s_offset_goes_on(ukrun: Ukrun, tmp_path: Path) -> None:
    """Two programs write one after the other to a file that a shell has opened."""
    target = tmp_path / "out"
    with target.open("wb") as stdout:
        for word in (b"one\n", b"two\n"):
            ukrun.run("/bin/tool", "cat", stdin=word, stdout=stdout)
    assert target.read_bytes() == b"one\ntwo\n"


def test_names_of_the_standard_streams(ukrun: Ukrun, tmp_path: Path) -> None:
    """Logs of many images go to /dev/stdout."""
    target = tmp_path / "file"
    target.write_bytes(b"of a file\n")
    with target.open("rb") as stdin:
        assert ukrun.run("/bin/tool", "show", "/dev/stdin", stdin=stdin).out == b"of a file\n"
    done = ukrun.run("/bin/tool", "show", "/dev/stdin", stdin=b"of a pipe\n")
    assert done.out == b"of a pipe\n"
    done = ukrun.run("/bin/tool", "show", "/dev/fd/0", stdin=subprocess.DEVNULL)
    assert (done.status, done.out) == (0, b"")
    for name in ("/dev/stdout", "/dev/stderr", "/proc/self/fd/1"):
        done = ukrun.run("/bin/tool", "append", name)
        assert (done.status, done.out + done.err) == (0, b"more\n")


def test_null(ukrun: Ukrun) -> None:
    done = ukrun.run("/bin/tool", "wc", stdin=subprocess.DEVNULL)
    assert (done.status, done.out) == (0, b"0\n")
    assert ukrun.run("/bin/tool", "octets", str(MIB), stdout=subprocess.DEVNULL).status == 0


def test_kinds(ukrun: Ukrun, tmp_path: Path) -> None:
    with (tmp_path / "f").open("wb+") as file:
        done = ukrun.run("/bin/tool", "fds", stdin=subprocess.DEVNULL, stderr=file)
    assert done.text == "0 device\n1 pipe\n2 file\n"


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_closed_descriptors_stay_closed(ukrun: Ukrun, closed: int, tmp_path: Path) -> None:
    """Nothing of ukrun's own takes their place."""
    shown = tmp_path / "shown"
    words = ["sh", "-c", f'exec "$@" {closed}>&- {3 - closed if closed else 2}>"{shown}"', "sh"]
    to = str(3 - closed if closed else 2)
    finish([*words, *ukrun.argv("/bin/tool", "fds", to)], input=b"")
    assert f"{closed} closed" in shown.read_text().splitlines()


def test_all_closed(ukrun: Ukrun) -> None:
    done = finish(
        ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *ukrun.argv("/bin/die", "exit", "9")]
    )
    assert done.status == 9


def test_a_reader_that_goes_away(ukrun: Ukrun) -> None:
    for word, status in (("epipe", EPIPE_STATUS), ("octets", SIGPIPE_STATUS)):
        with started(ukrun, "/bin/tool", word, "1000000000") as process:
            assert process.stdout
            process.stdout.read(10)
            process.stdout.close()
            assert process.wait(10) == status


def test_a_writer_that_goes_away(ukrun: Ukrun) -> None:
    with started(ukrun, "/bin/tool", "cat") as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"some")
        process.stdin.close()
        assert process.stdout.read() == b"some"
        assert process.wait(10) == 0


def _send(to: socket.socket, octets: bytes) -> None:
    to.sendall(octets)
    to.shutdown(socket.SHUT_WR)


def test_sockets(ukrun: Ukrun) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        argv = ukrun.argv("/bin/tool", "cat")
        with subprocess.Popen(argv, stdin=theirs, stdout=theirs) as process:
            theirs.close()
            sender = threading.Thread(target=_send, args=(ours, b"x" * MIB))
            sender.start()
            octets = b"".join(iter(lambda: ours.recv(65536), b""))
            sender.join()
            assert process.wait(10) == 0
    assert octets == b"x" * MIB


def test_a_slow_reader_stops_the_writer(ukrun: Ukrun) -> None:
    with started(ukrun, "/bin/tool", "octets", str(4 * MIB)) as process:
        assert process.stdout
        first = process.stdout.read(1)
        rest = process.stdout.read()
        assert len(first + rest) == 4 * MIB
        assert process.wait(10) == 0


def test_the_mode_of_a_shared_pipe_is_left_alone(ukrun: Ukrun) -> None:
    """O_NONBLOCK would be seen by everybody who has the pipe."""
    reader, writer = os.pipe()
    try:
        ukrun.run("/bin/tool", "octets", "10", stdout=writer)
        assert os.get_blocking(writer)
        os.set_blocking(writer, False)
        ukrun.run("/bin/tool", "octets", "10", stdout=writer)
        assert not os.get_blocking(writer)
        assert os.read(reader, 100) == b"y" * 20
    finally:
        os.close(reader)
        os.close(writer)


def test_a_full_pipe_that_does_not_wait(ukrun: Ukrun) -> None:
    """The program's own end is a waiting one, whatever the host's is."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    got: list[bytes] = []

    def drain() -> None:
        while octets := os.read(reader, 1000):
            got.append(octets)

    thread = threading.Thread(target=drain)
    thread.start()
    done = ukrun.run("/bin/tool", "octets", str(MIB), stdout=writer)
    os.close(writer)
    thread.join()
    os.close(reader)
    assert done.status == 0
    assert len(b"".join(got)) == MIB


@pytest.mark.parametrize("word", ["starve", "starve-calls"])
def test_a_thread_that_computes_starves_no_reader(ukrun: Ukrun, word: str) -> None:
    with started(ukrun, "/bin/tool", word) as process:
        assert process.stdin
        assert process.stdout
        for number in range(20):
            line = b"%d\n" % number
            process.stdin.write(line)
            process.stdin.flush()
            assert process.stdout.readline() == line
        process.stdin.close()
        assert process.wait(10) == 0


def test_a_signal_while_nobody_reads(ukrun: Ukrun) -> None:
    with started(ukrun, "/bin/tool", "octets", str(64 * MIB)) as process:
        assert process.stdout
        process.stdout.read(1)  # it runs, and will fill the pipe
        process.terminate()
        assert process.wait(10) == 128 + 15
