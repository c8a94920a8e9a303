# SPDX-License-Identifier: GPL-2.0-only
"""The systems that programs run on, and how a client reaches a server on each.

A server on the library kernel has a network stack of its own: its frames go over a packet
socket on one end of a veth pair, or over a tap interface. Server and client are in namespaces
of their own, as on two machines; a native server is, too, when it is compared over a link.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from artifact.images import native
from artifact.net.interfaces import End, add_address, make_tap, make_veth, set_up
from artifact.net.netns import Namespace, namespace
from artifact.programs import ukrun
from artifact.programs.launcher import Launcher

NATIVE = "native"
UKRUN = "ukrun"
LOOPBACK_ADDRESS = "127.0.0.1"
PEER_ADDRESS = "10.9.0.1"
ADDRESS = "10.9.0.2"
PREFIX = 24
PEER_MAC = "02:00:00:00:09:01"
MAC = "02:00:00:00:09:02"
INTERFACE = "uk0"


@dataclass(frozen=True)
class Place:
    """A program is started in `where` by `launcher` and has `address`; who talks to it is in
    `peer`, a program of the host with `peer_address`.
    """

    launcher: Launcher
    where: Namespace
    address: str
    peer: Namespace
    peer_address: str


@contextmanager
def lonely() -> Iterator[Namespace]:
    """A network namespace with nothing but a loopback interface that is up."""
    with namespace() as net:
        set_up(net, "lo")
        yield net


@contextmanager
def loopback(launcher: Launcher) -> Iterator[Place]:
    """Both in one namespace."""
    with lonely() as net:
        yield Place(launcher, net, LOOPBACK_ADDRESS, net, LOOPBACK_ADDRESS)


@contextmanager
def _pair(launcher: Launcher) -> Iterator[Place]:
    """Two namespaces with a veth pair between them, of which the peer's end has its address."""
    with lonely() as peer, lonely() as where:
        make_veth(End(peer, INTERFACE, PEER_MAC), End(where, INTERFACE, MAC))
        add_address(peer, INTERFACE, PEER_ADDRESS, PREFIX)
        yield Place(launcher, where, ADDRESS, peer, PEER_ADDRESS)


@contextmanager
def native_veth() -> Iterator[Place]:
    """A program of the host at one end of a veth pair."""
    with _pair(native.prefix) as place:
        add_address(place.where, INTERFACE, ADDRESS, PREFIX)
        yield place


def _on(kind: str) -> Launcher:
    address = ("--mac", MAC, "--ip", f"{ADDRESS}/{PREFIX}")
    return ukrun.launcher("--net", f"{kind}:{INTERFACE}", *address)


@contextmanager
def ukrun_packet() -> Iterator[Place]:
    """The library kernel takes the frames of one end of a veth pair."""
    with _pair(_on("packet")) as place:
        yield place


@contextmanager
def ukrun_tap() -> Iterator[Place]:
    """The library kernel is the other side of a tap interface of the peer's namespace."""
    with lonely() as peer:
        make_tap(peer, INTERFACE)
        add_address(peer, INTERFACE, PEER_ADDRESS, PREFIX)
        yield Place(_on("tap"), peer, ADDRESS, peer, PEER_ADDRESS)


LinkMaker = Callable[[], AbstractContextManager[Place]]


@dataclass(frozen=True)
class System:
    """How a program without network is started, and the links a server can be reached by.

    The first link is the one that long tests use.
    """

    launcher: Launcher
    links: Mapping[str, LinkMaker]


SYSTEMS: Mapping[str, System] = {
    NATIVE: System(native.prefix, {"loopback": lambda: loopback(native.prefix)}),
    UKRUN: System(ukrun.launcher(), {"packet": ukrun_packet, "tap": ukrun_tap}),
}
