# SPDX-License-Identifier: GPL-2.0-only
"""ukrun's network interface: tap, packet socket, datagram socket; from a namespace of the test."""

import fcntl
import os
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from artifact.net.interfaces import End, add_address, make_veth, set_up
from artifact.net.netns import Namespace, namespace
from tests.system.conftest import Ukrun

pytestmark = pytest.mark.system

OURS, THEIRS, PREFIX = "10.77.0.1", "10.77.0.2", 24
OURS6, THEIRS6 = "fd77::1", "fd77::2"
MAC = "02:00:00:00:77:02"
PORT = 7777
TIMEOUT_S = 10.0


@contextmanager
def listening(ukrun: Ukrun, where: Namespace, *options: str, word: str = "echo") -> Iterator[None]:
    """An echo server inside; ready when this begins."""
    argv = ukrun.argv("/bin/tool", word, str(PORT), options=options)
    with where.entered():
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        yield
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


def connect(where: Namespace, address: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with where.entered():
        connection = socket.socket(family, socket.SOCK_STREAM)
    connection.settimeout(TIMEOUT_S)
    connection.connect((address, PORT))
    return connection


def exchange(where: Namespace, address: str, octets: bytes) -> bytes:
    """Send octets, return what comes back."""
    with connect(where, address) as connection:
        got = bytearray()
        for at in range(0, len(octets), 30000):
            part = octets[at : at + 30000]
            connection.sendall(part)
            end = len(got) + len(part)
            while len(got) < end:
                chunk = connection.recv(65536)
                assert chunk
                got += chunk
    return bytes(got)


def ping(where: Namespace, address: str) -> None:
    with where.entered():
        command = ["ping", "-c", "3", "-i", "0.2", "-W", "5", address]
        done = subprocess.run(command, capture_output=True, timeout=30, check=False)
    assert b" 0% packet loss" in done.stdout, done.stdout


@pytest.fixture
def there() -> Iterator[Namespace]:
    with namespace() as where:
        yield where


def make_tap(where: Namespace, name: str) -> None:
    """A persistent tap: it lives as long as the namespace."""
    with where.entered():
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    flags = 0x0002 | 0x1000 | 0x4000  # IFF_TAP, IFF_NO_PI, IFF_VNET_HDR
    fcntl.ioctl(descriptor, 0x400454CA, struct.pack("16sH22x", name.encode(), flags))
    fcntl.ioctl(descriptor, 0x400454CB, 1)  # TUNSETPERSIST
    os.close(descriptor)
    set_up(where, name)


ADDRESS = ("--ip", f"{THEIRS}/{PREFIX}", "--gateway", OURS, "--mac", MAC)


@pytest.mark.parametrize("word", ["echo", "echo-busy"])
def test_tap(ukrun: Ukrun, there: Namespace, word: str) -> None:
    """Also while a thread of the program computes all the time."""
    make_tap(there, "tap0")
    add_address(there, "tap0", OURS, PREFIX)
    with listening(ukrun, there, "-n", "tap:tap0", *ADDRESS, word=word):
        octets = os.urandom(1 << 20 if word == "echo" else 30000)
        assert exchange(there, THEIRS, octets) == octets
        if shutil.which("ping"):
            ping(there, THEIRS)


def test_packet(ukrun: Ukrun, there: Namespace) -> None:
    """The frames of one end of a veth pair are the program's."""
    with namespace() as other:
        make_veth(End(there, "a", "02:00:00:00:77:01"), End(other, "b", MAC))
        add_address(there, "a", OURS, PREFIX)
        with listening(ukrun, other, "-n", "packet:b", *ADDRESS):
            octets = os.urandom(1 << 20)
            assert exchange(there, THEIRS, octets) == octets


def test_datagrams(ukrun: Ukrun) -> None:
    """One frame for each datagram: an ARP request of ours is answered."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        argv = ukrun.argv(
            "/bin/tool",
            "sleeping",
            options=["-n", f"dgram:{theirs.fileno()}", "--ip", f"{THEIRS}/{PREFIX}", "--mac", MAC],
        )
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, pass_fds=[theirs.fileno()])
        try:
            assert process.stdout
            assert process.stdout.readline() == b"ready\n"
            ours.settimeout(TIMEOUT_S)
            sender = bytes.fromhex("020000007701")
            addresses = [socket.inet_aton(OURS), socket.inet_aton(THEIRS)]
            request = b"\xff" * 6 + sender + bytes.fromhex("0806 0001 0800 06 04 0001")
            ours.send(request + sender + addresses[0] + b"\0" * 6 + addresses[1])
            while (frame := ours.recv(2000))[12:14] != b"\x08\x06" or frame[20:22] != b"\0\2":
                pass
            assert frame[22:28] == bytes.fromhex(MAC.replace(":", ""))
        finally:
            process.kill()
            process.wait()
            process.stdout.close()  # type: ignore[union-attr]


def test_version_6(ukrun: Ukrun, there: Namespace) -> None:
    make_tap(there, "tap0")
    there.sysctl("net/ipv6/conf/tap0/accept_dad", 0)
    with there.entered():
        command = ["ip", "-6", "address", "add", f"{OURS6}/64", "dev", "tap0", "nodad"]
        subprocess.run(command, check=True)
    options = ("-n", "tap:tap0", "--ip6", f"{THEIRS6}/64", "--gateway6", OURS6)
    with listening(ukrun, there, *options):
        assert exchange(there, THEIRS6, b"x" * 1000) == b"x" * 1000


def test_loopback_without_any(ukrun: Ukrun) -> None:
    assert ukrun.run("/bin/tool", "loopback").text == "127.0.0.1 ::1\n"
    names = ukrun.run("/bin/tool", "ls", "/sys/class/net").text.split()
    assert "lo" in names
    assert "eth0" not in names


def test_a_tap_is_free_after_a_kill(ukrun: Ukrun, there: Namespace) -> None:
    make_tap(there, "tap0")
    add_address(there, "tap0", OURS, PREFIX)
    for _ in range(3):
        with listening(ukrun, there, "-n", "tap:tap0", *ADDRESS):
            pass  # killed there
