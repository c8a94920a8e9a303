# SPDX-License-Identifier: GPL-2.0-only
"""The binding with a real kernel inside the process that uses it.

A process can have one kernel only, so each test runs in a forked child.
"""

import errno
import functools
import io
import os
import signal
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from artifact import paths, proc
from artifact.errors import Unavailable
from artifact.lkl import DatagramSocket, Disk, Kernel, KernelError, Packet, Tap
from artifact.net.netns import namespace

pytestmark = pytest.mark.system

LIMIT_S = 120


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    try:
        paths.lkl_prefix()
    except Unavailable as reason:
        pytest.skip(str(reason))


def _child(body: Callable[[], None], report: int) -> None:
    """Runs in the forked child, which never returns into pytest."""
    code = 1
    try:
        signal.alarm(LIMIT_S)
        body()
        code = 0
    except BaseException:  # noqa: BLE001  # told to the parent, which fails the test
        os.write(report, traceback.format_exc().encode())
    finally:
        os._exit(code)


def forked(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test in a child process."""

    @functools.wraps(test)
    def run(*args: object, **kwargs: object) -> None:
        arm = proc.die_with_parent()
        source, report = os.pipe()
        pid = os.fork()
        if pid == 0:
            arm()
            _child(lambda: test(*args, **kwargs), report)
        os.close(report)
        with open(source) as pipe:
            text = pipe.read()
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        assert code == 0, text or f"the child ended with {code}"

    return run


@forked
def test_it_is_linux() -> None:
    with Kernel() as k:
        assert k.running
        assert k.syscall("getpid") == 1
        assert k.read_text("/proc/version").startswith(f"Linux version {k.version}")
        assert k.console.wait_for("Linux version")
        assert k.syscall("getppid") == k.syscall(110)  # by number: the host's own
    assert not k.running
    assert any("Linux version" in line for line in k.console)  # ends: the kernel has halted


@forked
def test_memory_and_command_line() -> None:
    with Kernel(mem="96M", cmdline="uk.test=1") as k:
        assert "uk.test=1" in k.read_text("/proc/cmdline")
        total = int(k.read_text("/proc/meminfo").split()[1])
        assert 80 << 10 < total <= 96 << 10


@forked
def test_files() -> None:
    with Kernel() as k:
        k.mkdir("/tmp/d")
        with k.open("/tmp/d/text", "x") as text:
            print("first", file=text)
            print("zweite Zeile: ä", file=text)
        with k.open("/tmp/d/text") as text:
            assert list(text) == ["first\n", "zweite Zeile: ä\n"]
        with k.open("/tmp/d/text", "r+b") as both:
            both.seek(1)
            both.write(b"I")
            both.seek(0)
            assert both.read(5) == b"fIrst"
        with k.open("/tmp/d/text", "rb", buffering=0) as raw:
            assert isinstance(raw, io.RawIOBase)
            assert (
                io.TextIOWrapper(io.BufferedReader(raw), encoding="utf-8").readline() == "fIrst\n"
            )
        assert sorted(k.listdir("/tmp/d")) == ["text"]
        assert k.stat("/tmp/d/text").st_size == 23
        k.symlink("text", "/tmp/d/link")
        assert k.readlink("/tmp/d/link") == "text"
        k.rename("/tmp/d/text", "/tmp/d/other")
        assert not k.exists("/tmp/d/link")
        k.unlink("/tmp/d/link")
        k.unlink("/tmp/d/other")
        k.rmdir("/tmp/d")


@forked
def test_file_errors() -> None:
    with Kernel() as k:
        with pytest.raises(FileNotFoundError) as missing:
            k.open("/none")
        assert (missing.value.errno, missing.value.filename) == (errno.ENOENT, "/none")
        with pytest.raises(IsADirectoryError):
            k.open("/tmp", "w")
        with pytest.raises(FileExistsError):
            k.mkdir("/tmp")
        with k.open("/proc/version"), pytest.raises(OSError, match="busy"):
            k.umount("/proc")
        with pytest.raises(io.UnsupportedOperation):
            k.open("/tmp/x", "wb", buffering=0).read(1)
        with pytest.raises(io.UnsupportedOperation):
            k.open("/tmp/x", "rb").fileno()


@forked
def test_large_file_comes_back() -> None:
    data = os.urandom(5 << 20)
    with Kernel() as k:
        k.write_bytes("/tmp/blob", data)
        assert k.read_bytes("/tmp/blob") == data


@forked
def test_tcp_between_threads() -> None:
    data = os.urandom(1 << 20)
    with Kernel() as k, k.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def echo() -> None:
            peer, _ = server.accept()
            with peer:
                while part := peer.recv(65536):
                    peer.sendall(part)

        thread = threading.Thread(target=echo)
        thread.start()
        with k.socket() as client:
            client.connect(server.getsockname())
            sender = threading.Thread(target=client.sendall, args=(data,))
            sender.start()
            received = b""
            while len(received) < len(data):
                received += client.recv(65536)
            sender.join()
            assert received == data
            assert client.getpeername() == server.getsockname()
        thread.join()


@forked
def test_socket_kinds() -> None:
    with Kernel() as k:
        with k.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp:
            udp.bind(("::1", 0))
            assert udp.sendto(b"to myself", udp.getsockname()) == 9
            assert udp.recvfrom(100) == (b"to myself", udp.getsockname())
        one, other = k.socketpair()
        with one, other:
            one.sendall(b"pair")
            assert other.recv(100) == b"pair"
            one.shutdown(socket.SHUT_WR)
            assert other.recv(100) == b""
        with k.socket(socket.AF_PACKET, socket.SOCK_RAW) as packets:
            packets.bind(("lo", 3))
            assert packets.getsockname()[:2] == ("lo", 3)
        with k.socket() as tcp:
            tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            assert tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
            name = tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16)
            assert name.rstrip(b"\0") == b"cubic"


@forked
def test_socket_errors_and_timeouts() -> None:
    with Kernel() as k, k.socket() as tcp, k.socket(type=socket.SOCK_DGRAM) as udp:
        with pytest.raises(ConnectionRefusedError):
            tcp.connect(("127.0.0.1", 9))
        assert tcp.connect_ex(("127.0.0.1", 9)) == errno.ECONNREFUSED
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(0.05)
        with pytest.raises(TimeoutError):
            udp.recv(10)
        udp.setblocking(False)
        with pytest.raises(BlockingIOError):
            udp.recv(10)
        with pytest.raises(OSError, match="Address already in use"):
            k.socket(type=socket.SOCK_DGRAM).bind(udp.getsockname())
        with pytest.raises(OSError, match="not supported"):
            k.socket(99)


@forked
def test_interrupted_by_the_user() -> None:
    with Kernel() as k, k.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            udp.recv(10)
        timer.join()
        assert k.syscall("getpid") == 1


@forked
def test_sysctl() -> None:
    with Kernel() as k:
        k.sysctl["net.ipv4.ip_forward"] = 1
        assert k.sysctl["net.ipv4.ip_forward"] == "1"
        assert k.sysctl["net/ipv4/conf/lo/forwarding"] == "1"
        with pytest.raises(FileNotFoundError):
            k.sysctl["net.ipv4.no_such_thing"]
        with pytest.raises(OSError, match="Invalid"):
            k.sysctl["net.ipv4.ip_forward"] = "maybe"


@forked
def test_interfaces_and_routes() -> None:
    with Kernel() as k:
        assert "lo" in list(k.net)
        lo = k.net["lo"]
        assert lo.is_up
        lo.add_address("10.9.0.1/16")
        lo.add_address("fd00:9::1/64")
        shown = [str(address) for address in lo.addresses()]
        assert {"127.0.0.1/8", "10.9.0.1/16", "fd00:9::1/64"} <= set(shown)
        with pytest.raises(FileExistsError):
            lo.add_address("10.9.0.1/16")
        k.routes.add("default", via="10.9.0.77")
        k.routes.add("192.0.2.0/24", dev="lo")
        assert {route.dst: route.via for route in k.routes}["0.0.0.0/0"] == "10.9.0.77"
        k.routes.remove("192.0.2.0/24")
        with pytest.raises(ProcessLookupError):
            k.routes.remove("192.0.2.0/24")
        lo.mtu = 1400
        assert k.net["lo"].mtu == 1400
        lo.remove_address("10.9.0.1/16")
        with pytest.raises(OSError, match="nothing0"):
            k.net["nothing0"]


@forked
def test_many_threads() -> None:
    problems: list[str] = []

    def work(k: Kernel, number: int) -> None:
        try:
            for turn in range(50):
                name = f"/tmp/{number}"
                k.write_text(name, f"{number} {turn}")
                assert k.read_text(name) == f"{number} {turn}"
                one, other = k.socketpair()
                with one, other:
                    one.send(b"x")
                    assert other.recv(1) == b"x"
        except BaseException:  # noqa: BLE001  # told to the main thread
            problems.append(traceback.format_exc())

    with Kernel() as k:
        threads = [threading.Thread(target=work, args=(k, number)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert problems == []


@forked
def test_bad_pointers_and_arguments() -> None:
    with Kernel() as k:
        for address in (8, -4096, 1 << 63, 0xFFFF_FFFF_8100_0000):
            with pytest.raises(OSError, match="Bad address") as fault:
                k.syscall("pipe2", address, 0)
            assert fault.value.errno == errno.EFAULT
        with pytest.raises(KernelError, match="no system call 'open_sesame'"):
            k.syscall("open_sesame")
        with pytest.raises(TypeError, match="at most 6"):
            k.syscall("getpid", 1, 2, 3, 4, 5, 6, 7)
        with pytest.raises(ValueError, match="null"):
            k.syscall("openat", -100, "a\0b", 0)
        with pytest.raises(OSError, match="not implemented"):
            k.syscall(4000)
        assert k.syscall("getpid") == 1


@forked
def test_two_kernels_are_one_too_many() -> None:
    with Kernel() as k:
        with pytest.raises(KernelError, match=r"has had a library kernel.*Kernel.spawn"):
            Kernel().start()
        assert k.syscall("getpid") == 1
    with pytest.raises(KernelError, match="has had a library kernel"):
        Kernel().start()


@forked
def test_after_the_halt() -> None:
    with Kernel() as k:
        file = k.open("/tmp/x", "wb", buffering=0)
        link = k.socket()
    for use in (
        lambda: k.syscall("getpid"),
        lambda: k.read_text("/proc/version"),
        lambda: k.sysctl["kernel.ostype"],
        link.listen,
        lambda: file.write(b"x"),
        k.halt,
    ):
        with pytest.raises(KernelError):
            use()
    file.close()
    link.close()


@forked
def test_absent_devices(tmp_path: Path) -> None:
    with pytest.raises(KernelError, match="no interface uk-none"):
        Kernel(net=[Tap("uk-none")]).start()
    with pytest.raises(KernelError, match="no interface uk-none"):
        Kernel(net=[Packet("uk-none")]).start()
    with pytest.raises(KernelError, match="cannot open tap lo"):
        Kernel(net=[Tap("lo")]).start()
    with pytest.raises(KernelError, match="cannot use disk"):
        Kernel(disks=[Disk(tmp_path / "none")]).start()
    with pytest.raises(KernelError, match="not the address of a station"):
        Kernel(net=[Tap("x", mac="nonsense")])
    with Kernel() as k:  # and the process can still have its kernel
        assert k.syscall("getpid") == 1


@forked
def test_virtual_time() -> None:
    started = time.monotonic()
    with Kernel(virtual_time=True) as k, k.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(3600)
        with pytest.raises(TimeoutError):
            udp.recv(1)
    assert time.monotonic() - started < 600  # of 3600: the clock has jumped


@forked
def test_disk(tmp_path: Path) -> None:
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(32 << 20)
    proc.run([proc.need("mkfs.ext4", "e2fsprogs"), "-q", image])
    with Kernel(disks=[Disk(image)]) as k:
        k.mkdir("/mnt", exist_ok=True)
        k.mount("/dev/vda", "/mnt", "ext4")
        k.write_text("/mnt/file", "on a disk")
        k.umount("/mnt")
    proc.run([proc.need("e2fsck", "e2fsprogs"), "-fn", image])
    shown = proc.run([proc.need("debugfs", "e2fsprogs"), "-R", "cat /file", image])
    assert shown.stdout == "on a disk"


@forked
def test_datagram_link() -> None:
    from scapy.layers.inet import ICMP, IP
    from scapy.layers.l2 import ARP, Ether

    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.settimeout(10)

    def answer(frame: Ether, layer: type) -> Ether:
        ours.send(bytes(frame))
        while True:
            got = Ether(ours.recv(2048))
            if layer in got and got.dst == "02:00:00:00:00:01":
                return got

    mac = "02:00:00:00:00:02"
    with Kernel(net=[DatagramSocket(theirs, mac=mac)]) as k:
        eth0 = k.net["eth0"]
        assert eth0.mac == mac
        eth0.up()
        eth0.add_address("10.1.0.2/16")
        me = Ether(src="02:00:00:00:00:01", dst="ff:ff:ff:ff:ff:ff")
        asked = ARP(op=1, psrc="10.1.0.1", hwsrc="02:00:00:00:00:01", pdst="10.1.0.2")
        assert answer(me / asked, ARP)[ARP].hwsrc == mac
        ours.send(b"")  # no frame, and no end of the link either
        ping = Ether(src="02:00:00:00:00:01", dst=mac) / IP(src="10.1.0.1", dst="10.1.0.2")
        assert answer(ping / ICMP(id=5) / b"payload", ICMP)[ICMP].type == 0


@pytest.fixture
def _own_network() -> Iterator[None]:
    with namespace() as space, space.entered():
        yield


@pytest.mark.usefixtures("_own_network")
@forked
def test_tap() -> None:
    from pyroute2 import IPRoute

    with Kernel(net=[Tap("uk0", create=True)]) as k, IPRoute() as host:
        index = host.link_lookup(ifname="uk0")[0]
        host.addr("add", index=index, address="10.1.0.1", prefixlen=16)
        host.link("set", index=index, state="up")
        k.net["eth0"].up()
        k.net["eth0"].add_address("10.1.0.2/16")
        with socket.create_server(("10.1.0.1", 0)) as server, k.socket() as client:
            client.settimeout(20)
            client.connect(server.getsockname())
            peer, _ = server.accept()
            with peer:
                client.sendall(b"from the library")
                assert peer.recv(100) == b"from the library"
                peer.sendall(b"from the host")
                assert client.recv(100) == b"from the host"


@pytest.mark.usefixtures("_own_network")
@forked
def test_packet_socket_survives_its_interface_going_down() -> None:
    from pyroute2 import IPRoute

    def exchange() -> bytes:
        with k.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
            ours.settimeout(20)
            ours.bind(("10.1.0.2", 0))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as theirs:
                theirs.sendto(b"a frame", ours.getsockname())
                return bytes(ours.recvfrom(100)[0])

    with IPRoute() as host:
        host.link("add", ifname="uk0", kind="veth", peer="uk1")
        ours, theirs = (host.link_lookup(ifname=name)[0] for name in ("uk1", "uk0"))
        host.addr("add", index=theirs, address="10.1.0.1", prefixlen=16)
        for index in (ours, theirs):
            host.link("set", index=index, state="up")
        with Kernel(net=[Packet("uk1")]) as k:
            k.net["eth0"].up()
            k.net["eth0"].add_address("10.1.0.2/16")
            assert exchange() == b"a frame"
            host.link("set", index=ours, state="down")
            host.link("set", index=ours, state="up")
            assert exchange() == b"a frame"
