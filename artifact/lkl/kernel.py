# SPDX-License-Identifier: GPL-2.0-only
"""The Linux kernel of this process."""

import errno
import functools
import os
import stat
import struct
import threading
from collections.abc import Sequence
from socket import AF_INET, AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_STREAM
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from artifact.lkl.calls import Calls
from artifact.lkl.console import Console
from artifact.lkl.devices import Disk, NetDevice, mac_octets
from artifact.lkl.errors import KernelError
from artifact.lkl.library import Argument, library
from artifact.lkl.paths import PathCalls
from artifact.lkl.sizes import octets
from artifact.lkl.sockets import Socket
from artifact.lkl.sysctl import Sysctl

if TYPE_CHECKING:
    from artifact.lkl.interfaces import Interfaces
    from artifact.lkl.netlink import Rtnetlink
    from artifact.lkl.routes import Routes
    from artifact.lkl.spawn import RemoteKernel

SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1

# What every kernel of ours has mounted: type, directory. tmpfs is ramfs without an MMU.
MOUNTS = (("proc", "/proc"), ("sysfs", "/sys"), ("tmpfs", "/tmp"), ("devtmpfs", "/dev"))

_USED = ("this process has had a library kernel", "a process can have one; use Kernel.spawn()")


class Kernel(PathCalls):
    """Linux as a library: one kernel, in this process, from `with` to the end of the block.

    mem      its memory, "64M" or a number of octets
    net      links to the outside: Tap, Packet, DatagramSocket; they become eth0, eth1, ...
    disks    Disk objects; they become /dev/vda, /dev/vdb, ...
    cmdline  kernel command line
    virtual_time  an idle kernel's clock jumps to the next timer

    >>> from artifact.lkl import Kernel
    >>> with Kernel() as k:
    ...     print(k.read_text("/proc/version"))

    /proc, /sys, /tmp and /dev are mounted and `lo` is up. A failed system call is an OSError
    with the kernel's errno. Wrong use of the kernel itself (a second one in the process, a
    call after the halt, an absent device) is a KernelError. All of it may be used from
    several threads; each of them is a thread of the kernel's process 1.
    """

    _started: ClassVar[threading.Lock] = threading.Lock()  # held for ever by the first start

    def __init__(
        self,
        mem: int | str = "64M",
        net: Sequence[NetDevice] = (),
        disks: Sequence[Disk] = (),
        cmdline: str = "",
        *,
        virtual_time: bool = False,
    ) -> None:
        self._mem = octets(mem)
        self._net = tuple(net)
        self._disks = tuple(disks)
        self._cmdline = cmdline
        self._virtual_time = virtual_time
        self._calls = Calls(library(), virtual_time=virtual_time)
        self._console: Console | None = None
        self._descriptors: list[int] = []  # of the devices, which the library only borrows
        for device in self._net:
            if device.mac is not None:
                mac_octets(device.mac)  # refuse it here, where the mistake was made

    # --- life ---

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._calls.running:
            self.halt()

    def __repr__(self) -> str:
        state = "running" if self._calls.running else "not running"
        return f"<lkl.Kernel {self.version} {state}>"

    @property
    def version(self) -> str:
        """The kernel's release, for example "6.12.117"."""
        return self._calls.library.version

    @property
    def running(self) -> bool:
        """Has it been started and not halted?"""
        return self._calls.running

    def start(self) -> None:
        """Boot. KernelError when this process has or had a kernel, or a device is absent."""
        opened = self._open_devices()
        if not Kernel._started.acquire(blocking=False):
            _close_all(opened)
            raise KernelError(*_USED)
        try:
            self._console = Console()
            self._boot(opened)
        except BaseException:
            _close_all(opened)
            raise
        self._descriptors = [descriptor for _, descriptor, _, _ in opened]
        self._calls.running = True
        self._prepare()

    def _open_devices(self) -> list[tuple[str, int, int, bytes | None]]:
        """Descriptors of all devices, before anything of the kernel is touched."""
        lib = self._calls.library
        opened: list[tuple[str, int, int, bytes | None]] = []
        try:
            for disk in self._disks:
                opened.append(("disk", *disk.open(lib), None))
            for device in self._net:
                mac = mac_octets(device.mac) if device.mac else None
                opened.append(("net", *device.open(lib), mac))
        except BaseException:
            _close_all(opened)
            raise
        return opened

    def _boot(self, opened: list[tuple[str, int, int, bytes | None]]) -> None:
        lib = self._calls.library.lib
        for what, descriptor, kind, mac in opened:
            if what == "disk":
                result = lib.lkl_add_disk(descriptor, kind)
            else:
                result = lib.lkl_add_net(descriptor, kind, mac or self._calls.library.ffi.NULL)
            _started_well(result, f"a {what} device is refused")
        _started_well(lib.lkl_start(self._options()), "the kernel does not start")

    def _options(self) -> Any:
        ffi, lib = self._calls.library.ffi, self._calls.library.lib
        options = ffi.new("struct lkl_options *")
        self._kept_cmdline = ffi.new("char[]", self._cmdline.encode())
        options.size = ffi.sizeof("struct lkl_options")
        options.mem = self._mem
        options.cmdline = self._kept_cmdline
        options.console_fd = self.console.descriptor
        options.flags = lib.LKL_VIRTUAL_TIME if self._virtual_time else 0
        return options

    def _prepare(self) -> None:
        for kind, directory in MOUNTS:
            self.mkdir(directory, 0o755, exist_ok=True)
            result = self._calls.raw("mount", kind, directory, kind, 0, None)
            # EBUSY: the kernel has done it. ENODEV: built without that kind.
            if result not in (0, -errno.EBUSY, -errno.ENODEV):
                raise OSError(-result, f"mount {directory}: {os.strerror(-result)}")
        self._make_disk_nodes()
        with self.socket(AF_INET, SOCK_DGRAM) as control:
            self._calls("ioctl", control.fd, SIOCSIFFLAGS, struct.pack("=16sh22x", b"lo", IFF_UP))

    def _make_disk_nodes(self) -> None:
        """/dev/vda, ... where there is no devtmpfs that does it."""
        for name in self.listdir("/sys/block") if self.exists("/sys/block") else ():
            if not self.exists(f"/dev/{name}"):
                major, minor = self.read_text(f"/sys/block/{name}/dev").split(":")
                device = os.makedev(int(major), int(minor))
                self.mknod(f"/dev/{name}", stat.S_IFBLK | 0o600, device)

    def halt(self) -> None:
        """Write everything to the disks, switch off, free the memory."""
        if not self._calls.running:
            raise KernelError("the kernel does not run", "there is nothing to halt")
        self._calls.running = False
        result = self._calls.library.lib.lkl_halt()
        self.console.close()
        if result:
            raise KernelError(f"the halt failed: {os.strerror(-result)}")
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = []

    # --- what it offers ---

    def syscall(self, call: str | int, *args: Argument) -> int:
        """Any system call by name or number (the host's own): its result.

        Integers are passed as they are, None as a null pointer, bytes, bytearray, memoryview
        and str as a pointer to them (a str and bytes end in a null octet).

        >>> k.syscall("getpid")
        1
        >>> k.syscall("openat", -100, "/nothing", os.O_RDONLY)
        Traceback (most recent call last):
        FileNotFoundError: [Errno 2] openat: No such file or directory
        """
        return self._calls(call, *args)

    def socket(
        self,
        family: int = AF_INET,
        type: int = SOCK_STREAM,
        proto: int = 0,
    ) -> Socket:
        """A socket of this kernel; see socket.socket."""
        return Socket(self._calls, family, type, proto)

    def socketpair(
        self, family: int = AF_UNIX, type: int = SOCK_STREAM, proto: int = 0
    ) -> tuple[Socket, Socket]:
        """Two sockets of this kernel, connected to each other."""
        pair = self._calls.new("int[2]")
        flags = SOCK_NONBLOCK | SOCK_CLOEXEC
        self._calls("socketpair", family, type | flags, proto, pair)
        one, other = (Socket(self._calls, family, type, proto, fileno=fd) for fd in pair)
        return one, other

    @property
    def console(self) -> Console:
        """Everything the kernel has printed; iterate over it for the lines."""
        if self._console is None:
            raise KernelError("the kernel has not been started", "use `with Kernel() as k:`")
        return self._console

    @functools.cached_property
    def sysctl(self) -> Sysctl:
        """Kernel parameters: k.sysctl["net.ipv4.ip_forward"]."""
        return Sysctl(self)

    # pyroute2 takes a while to import: only those who set up networks wait for it.

    @functools.cached_property
    def _netlink(self) -> "Rtnetlink":
        from artifact.lkl.netlink import Rtnetlink

        return Rtnetlink(self._calls)

    @functools.cached_property
    def net(self) -> "Interfaces":
        """Network interfaces: k.net["eth0"].add_address("10.1.0.2/16")."""
        from artifact.lkl.interfaces import Interfaces

        return Interfaces(self._netlink)

    @functools.cached_property
    def routes(self) -> "Routes":
        """Routes: k.routes.add("default", via="10.1.0.1")."""
        from artifact.lkl.routes import Routes

        return Routes(self._netlink, self.net)

    @staticmethod
    def spawn(*args: Any, **kwargs: Any) -> "RemoteKernel":
        """A kernel in a process of its own, with the same interface; arguments as Kernel().

        >>> with Kernel.spawn() as one, Kernel.spawn() as other:
        ...     one.sysctl["kernel.hostname"], other.syscall("getpid")
        """
        from artifact.lkl.spawn import spawned

        return spawned(args, kwargs)


def _close_all(opened: list[tuple[str, int, int, bytes | None]]) -> None:
    for _, descriptor, _, _ in opened:
        os.close(descriptor)


def _started_well(result: int, what: str) -> None:
    if result in (-errno.EBUSY, -errno.ESHUTDOWN):
        raise KernelError(*_USED)
    if result < 0:
        raise KernelError(f"{what}: {os.strerror(-result)}", "see stderr and the options given")
