# SPDX-License-Identifier: GPL-2.0-only
"""Interfaces inside namespaces: veth pairs, taps, addresses, routes, offloads.

Sources: veth(4), the kernel's Documentation/networking/tuntap.rst, ethtool's ioctl interface
(linux/ethtool.h), netdevice(7).
"""

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from artifact.errors import Unavailable
from artifact.net.netns import Namespace

if TYPE_CHECKING:
    from pyroute2 import IPRoute  # type: ignore[import-untyped]  # it has no stubs

TUN_DEVICE = "/dev/net/tun"
TUNSETIFF = 0x400454CA
TUNSETPERSIST = 0x400454CB
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
IFF_TUN_EXCL = 0x8000
IFF_VNET_HDR = 0x4000
TUNSETPERSIST = 0x400454CB

SIOCETHTOOL = 0x8946
# linux/ethtool.h: ETHTOOL_STXCSUM, ETHTOOL_SSG, ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO
OFFLOAD_SWITCHES = (0x17, 0x19, 0x1F, 0x24, 0x2C)


@dataclass(frozen=True)
class End:
    """One end of a veth pair: where it is, its name, its Ethernet address (aa:bb:...)."""

    where: Namespace
    name: str
    mac: str


@contextmanager
def _netlink(where: Namespace) -> Iterator["IPRoute"]:
    from pyroute2 import IPRoute  # importing it takes most of a second
    from pyroute2.netlink.exceptions import NetlinkError  # type: ignore[import-untyped]  # likewise

    try:
        with where.entered(), IPRoute() as ip:
            yield ip
    except NetlinkError as error:
        why = f"the kernel refuses to set up an interface: {os.strerror(error.code)}"
        raise Unavailable(why, "run as root on a kernel with veth") from error


def make_veth(one: End, other: End) -> None:
    """A veth pair between two namespaces, both ends up; it goes away with either namespace."""
    peer = {"ifname": other.name, "address": other.mac, "net_ns_fd": other.where.fileno()}
    with _netlink(one.where) as ip:
        ip.link("add", ifname=one.name, kind="veth", address=one.mac, peer=peer)
    for end in (one, other):
        set_up(end.where, end.name)


def set_up(where: Namespace, name: str) -> None:
    """Bring an interface up."""
    with _netlink(where) as ip:
        ip.link("set", index=ip.link_lookup(ifname=name)[0], state="up")


def set_mtu(where: Namespace, name: str, octets: int) -> None:
    """The largest datagram an interface sends in one piece."""
    with _netlink(where) as ip:
        ip.link("set", index=ip.link_lookup(ifname=name)[0], mtu=octets)


def add_address(where: Namespace, name: str, address: str, prefix: int) -> None:
    """Give an interface an IPv4 address whose broadcast address has all host bits set."""
    with _netlink(where) as ip:
        index = ip.link_lookup(ifname=name)[0]
        ip.addr("add", index=index, address=address, prefixlen=prefix, broadcast=True)


def add_default_route(where: Namespace, gateway: str) -> None:
    """Send everything that is not on a link to `gateway`."""
    with _netlink(where) as ip:
        ip.route("add", dst="default", gateway=gateway)


def offloads_off(where: Namespace, name: str) -> None:
    """Turn off checksum, scatter-gather and segmentation offload, as ethtool -K does.

    Without this a veth hands over frames whose transport checksum is not filled in.
    """
    with where.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in OFFLOAD_SWITCHES:
            value = ctypes.create_string_buffer(struct.pack("II", command, 0), 8)
            request = struct.pack("16sP", name.encode(), ctypes.addressof(value))
            fcntl.ioctl(control, SIOCETHTOOL, request.ljust(40, b"\0"))


@contextmanager
def tap(where: Namespace, name: str, *, vnet: bool = False, stays: bool = False) -> Iterator[int]:
    """A tap interface that exists while the descriptor we hand out is open somewhere.

    One read or write is one Ethernet frame, with a struct virtio_net_hdr in front when `vnet`.
    `stays`: for a program that opens the tap by its name; the descriptor is closed already, and
    the tap goes away with its namespace.
    """
    with where.entered():
        try:
            descriptor = os.open(TUN_DEVICE, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            why = f"cannot open {TUN_DEVICE}: {error.strerror}"
            raise Unavailable(why, "run as root on a kernel with tun/tap") from error
    with ExitStack() as held:
        held.callback(os.close, descriptor)
        flags = IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL | (IFF_VNET_HDR if vnet else 0)
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
        if stays:
            fcntl.ioctl(descriptor, TUNSETPERSIST, 1)
            held.close()
        yield descriptor


def make_tap(where: Namespace, name: str) -> None:
    """A tap interface that stays, up, for a program to attach to; it goes with the namespace."""
    with tap(where, name, stays=True):
        set_up(where, name)
