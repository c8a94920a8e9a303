# SPDX-License-Identifier: GPL-2.0-only
"""What a kernel is plugged into: network links and disks of the host.

>>> Kernel(net=[Tap("tap0")], disks=[Disk("root.img", readonly=True)])
"""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from artifact.lkl.errors import KernelError
from artifact.lkl.library import Library


class NetDevice(Protocol):
    """One end of a link, on the host's side."""

    mac: str | None

    def open(self, library: Library) -> tuple[int, int]:
        """A descriptor of its own for the kernel, and the kind (LKL_NET_...)."""


@dataclass(frozen=True)
class Tap:
    """A tap device of the host, which has to exist: `ip tuntap add dev tap0 mode tap`.

    `create=True` makes one, which goes away with the kernel. `mac` is the kernel's own
    address on the link ("02:00:00:00:00:02"), by default a random one.
    """

    name: str
    mac: str | None = None
    create: bool = False

    def open(self, library: Library) -> tuple[int, int]:
        """See NetDevice."""
        if not self.create:
            _need_interface(self.name, f"ip tuntap add dev {self.name} mode tap")
        return _opened(library.lib.lkl_open_tap, "tap", self.name), library.lib.LKL_NET_TAP


@dataclass(frozen=True)
class Packet:
    """A packet socket on an interface of the host, mostly one end of a veth pair."""

    name: str
    mac: str | None = None

    def open(self, library: Library) -> tuple[int, int]:
        """See NetDevice."""
        _need_interface(self.name, f"ip link add {self.name} type veth peer name PEER")
        return _opened(library.lib.lkl_open_packet, "packet socket on", self.name), (
            library.lib.LKL_NET_PACKET
        )


@dataclass(frozen=True)
class DatagramSocket:
    """A connected datagram socket, one Ethernet frame in each datagram. Needs no root.

    `end` is a socket (one of socket.socketpair(AF_UNIX, SOCK_DGRAM)), its descriptor, or the
    pair (own path, other station's path) of AF_UNIX names; the other one has to be bound.
    """

    end: socket.socket | int | tuple[str, str]
    mac: str | None = None

    def open(self, library: Library) -> tuple[int, int]:
        """See NetDevice."""
        return self._descriptor(), library.lib.LKL_NET_DGRAM

    def _descriptor(self) -> int:
        if isinstance(self.end, tuple):
            return _connected(*self.end)
        number = self.end if isinstance(self.end, int) else self.end.fileno()
        try:
            return os.dup(number)
        except OSError as error:
            raise KernelError(
                f"descriptor {number} is no open socket: {error.strerror}",
                "give an open datagram socket",
            ) from error


@dataclass(frozen=True)
class Disk:
    """A file of the host as a disk: the first is /dev/vda, the second /dev/vdb, ..."""

    path: str | os.PathLike[str]
    readonly: bool = False

    def open(self, library: Library) -> tuple[int, int]:
        """A descriptor of its own for the kernel, and the flags (LKL_DISK_...)."""
        mode = os.O_RDONLY if self.readonly else os.O_RDWR
        try:
            number = os.open(self.path, mode | os.O_CLOEXEC)
        except OSError as error:
            raise KernelError(f"cannot use disk {self.path}: {error.strerror}") from error
        return number, library.lib.LKL_DISK_RO if self.readonly else 0


def mac_octets(text: str) -> bytes:
    """Six octets of "02:00:00:00:00:01"; KernelError when it is no unicast address."""
    try:
        octets = bytes.fromhex(text.replace(":", " "))
    except ValueError:
        octets = b""
    if len(octets) != 6 or text.count(":") != 5 or octets[0] & 1:
        raise KernelError(
            f"{text!r} is not the address of a station", 'write it like "02:00:00:00:00:01"'
        )
    return octets


def _need_interface(name: str, remedy: str) -> None:
    try:
        socket.if_nametoindex(name)
    except OSError:
        raise KernelError(f"the host has no interface {name}", f"make it: {remedy}") from None


def _opened(opener: Callable[[bytes], Any], what: str, name: str) -> int:
    result = int(opener(os.fsencode(name)))
    if result < 0:
        raise KernelError(
            f"cannot open {what} {name}: {os.strerror(-result)}",
            "run as root, with an interface of the right kind that nobody else uses",
        )
    return result


def _connected(own: str, other: str) -> int:
    end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        end.bind(own)
        end.connect(other)
    except OSError as error:
        end.close()
        raise KernelError(
            f"cannot connect {own} with {other}: {error.strerror}",
            "the other station's socket has to be bound first",
        ) from error
    return end.detach()
