# SPDX-License-Identifier: GPL-2.0-only
"""The systems that programs run on, and how a client reaches a server on each.

A server on the library kernel has a network stack of its own: its frames go over a packet
socket on one end of a veth pair, or over a tap interface. Server and client are in namespaces
of their own, as on two machines; a native server is, too, when it is compared over a link.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from artifact import proc
from artifact.images import native
from artifact.net.interfaces import End, add_address, make_tap, make_veth
from artifact.net.netns import Namespace, namespace
from artifact.programs import ukrun
from artifact.programs.launcher import Launcher

NATIVE = "native"
UKRUN = "ukrun"
LOOPBACK_ADDRESS = "127.0.0.1"
CLIENT_ADDRESS = "10.9.0.1"
SERVER_ADDRESS = "10.9.0.2"
PREFIX = 24
CLIENT_MAC = "02:00:00:00:09:01"
SERVER_MAC = "02:00:00:00:09:02"
INTERFACE = "uk0"


@dataclass(frozen=True)
class Place:
    """A server is started in `server` by `launcher`, and reached at `address` from `client`."""

    launcher: Launcher
    client: Namespace
    server: Namespace
    address: str


@contextmanager
def lonely() -> Iterator[Namespace]:
    """A network namespace with nothing but a loopback interface that is up."""
    with namespace() as net:
        with net.entered():
            proc.run([proc.need("ip", "iproute2"), "link", "set", "lo", "up"])
        yield net


@contextmanager
def loopback(launcher: Launcher) -> Iterator[Place]:
    """Client and server in one namespace."""
    with lonely() as net:
        yield Place(launcher, net, net, LOOPBACK_ADDRESS)


@contextmanager
def _pair() -> Iterator[tuple[Namespace, Namespace]]:
    """Two namespaces with a veth pair between them, of which the client's end has an address."""
    with lonely() as client, lonely() as server:
        make_veth(End(client, INTERFACE, CLIENT_MAC), End(server, INTERFACE, SERVER_MAC))
        add_address(client, INTERFACE, CLIENT_ADDRESS, PREFIX)
        yield client, server


@contextmanager
def native_veth() -> Iterator[Place]:
    """A program of the host at one end of a veth pair."""
    with _pair() as (client, server):
        add_address(server, INTERFACE, SERVER_ADDRESS, PREFIX)
        yield Place(native.prefix, client, server, SERVER_ADDRESS)


def _options(kind: str) -> tuple[str, ...]:
    address = ("--mac", SERVER_MAC, "--ip", f"{SERVER_ADDRESS}/{PREFIX}")
    return ("--net", f"{kind}:{INTERFACE}", *address)


@contextmanager
def ukrun_packet() -> Iterator[Place]:
    """The library kernel takes the frames of one end of a veth pair."""
    with _pair() as (client, server):
        yield Place(ukrun.launcher(*_options("packet")), client, server, SERVER_ADDRESS)


@contextmanager
def ukrun_tap() -> Iterator[Place]:
    """The library kernel is the other side of a tap interface of the client's namespace."""
    with lonely() as client:
        make_tap(client, INTERFACE)
        add_address(client, INTERFACE, CLIENT_ADDRESS, PREFIX)
        yield Place(ukrun.launcher(*_options("tap")), client, client, SERVER_ADDRESS)


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
