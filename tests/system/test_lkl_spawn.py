# SPDX-License-Identifier: GPL-2.0-only
"""Kernels in processes of their own: Kernel.spawn()."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from artifact import paths
from artifact.errors import Unavailable
from artifact.lkl import DatagramSocket, Kernel, KernelError, Tap

pytestmark = pytest.mark.system


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    try:
        paths.lkl_prefix()
    except Unavailable as reason:
        pytest.skip(str(reason))


def test_the_same_interface() -> None:
    with Kernel.spawn(mem="64M") as k:
        assert k.syscall("getpid") == 1
        assert k.read_text("/proc/version").startswith("Linux version")
        k.sysctl["kernel.hostname"] = "remote"
        assert k.sysctl["kernel.hostname"] == "remote"
        with k.open("/tmp/f", "w") as file:
            file.write("one\ntwo\n")
        with k.open("/tmp/f") as file:
            assert list(file) == ["one\n", "two\n"]
        k.net["lo"].mtu = 1500
        assert (k.net["lo"].mtu, next(iter(k.net))) == (1500, "lo")
        assert "Linux version" in k.console.wait_for("Linux version")
    with pytest.raises(KernelError, match="halted"):
        k.syscall("getpid")


def test_errors_are_the_same() -> None:
    with Kernel.spawn() as k:
        with pytest.raises(FileNotFoundError):
            k.open("/none")
        with pytest.raises(KernelError, match="no system call"):
            k.syscall("nothing")
        with pytest.raises(AttributeError):
            k.nothing()
        with pytest.raises(OSError, match="nothing0"):
            k.net["nothing0"]


def test_mistakes_before_the_start() -> None:
    with pytest.raises(KernelError, match="not a size"):
        Kernel.spawn(mem="many")
    with pytest.raises(KernelError, match="no interface uk-none"):
        Kernel.spawn(net=[Tap("uk-none")])
    with pytest.raises(TypeError):
        Kernel.spawn(memory="64M")


def test_two_kernels_talk() -> None:
    one_end, other_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with (
        one_end,
        other_end,
        Kernel.spawn(net=[DatagramSocket(one_end)]) as one,
        Kernel.spawn(net=[DatagramSocket(other_end)]) as other,
    ):
        for kernel, address in ((one, "10.1.0.1/16"), (other, "10.1.0.2/16")):
            kernel.net["eth0"].add_address(address)
            kernel.net["eth0"].up()
        with one.socket() as server, other.socket() as client:
            server.settimeout(20)
            server.bind(("10.1.0.1", 5001))
            server.listen()
            client.settimeout(20)
            client.connect(("10.1.0.1", 5001))
            peer, address = server.accept()
            assert address[0] == "10.1.0.2"
            client.sendall(b"x" * 100_000)
            received = 0
            while received < 100_000:
                received += len(peer.recv(65536))
            peer.close()


def test_one_that_waits_does_not_hold_up_others() -> None:
    with Kernel.spawn() as k, k.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(60)
        got: list[bytes] = []
        waiter = threading.Thread(target=lambda: got.append(udp.recv(10)))
        waiter.start()
        with k.socket(type=socket.SOCK_DGRAM) as sender:
            sender.sendto(b"wake", udp.getsockname())
        waiter.join(30)
        assert got == [b"wake"]


def test_a_panic_is_one_clear_error() -> None:
    k = Kernel.spawn()
    with pytest.raises(KernelError, match="panic"):
        k.write_text("/proc/sysrq-trigger", "c")
    with pytest.raises(KernelError, match="panic"):
        k.syscall("getpid")
    k.__exit__(KernelError, None, None)


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _gone(pid: int) -> bool:
    for _ in range(500):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_nothing_is_left_after_kill_nine() -> None:
    text = "from artifact.lkl import Kernel; k = Kernel.spawn(); print('up', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", text],
        cwd=paths.REPO,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        children = _children(parent.pid)
        assert len(children) == 1
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        assert _gone(children[0])


def test_it_ends_with_its_block() -> None:
    before = set(_children(os.getpid()))
    with Kernel.spawn() as k:
        started = set(_children(os.getpid())) - before
        assert len(started) == 1
        assert k.running
    assert _gone(started.pop())
