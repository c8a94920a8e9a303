# SPDX-License-Identifier: GPL-2.0-only
"""A stack that a program puts on one or two links of ours: a row of data for each."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from artifact import proc
from artifact.conformance import preflight
from artifact.conformance.duts.base import (
    ALIAS,
    FAR,
    FORWARDING,
    HAS_ALIAS,
    UDP_ECHO,
    Dut,
    DutInfo,
    Kind,
    Port,
)
from artifact.conformance.duts.conditions import DEFAULTS, EVERY, Condition
from artifact.conformance.duts.driven import ClockLine
from artifact.conformance.duts.linux import DUT_MAC, tester_namespace
from artifact.conformance.duts.packaged import Prepared
from artifact.conformance.duts.process import READY_S, ProcessDut
from artifact.conformance.timing import REAL, Timing
from artifact.errors import Unavailable
from artifact.net.interfaces import set_up, tap
from artifact.net.link import Link, datagram_pair, packet_link
from artifact.net.netns import Namespace, namespace

WIRES = ("wire", "wire2")


class Carrier(StrEnum):
    """What the frames come and go on."""

    DATAGRAM = "datagram"  # a datagram socket, its descriptor inherited; needs no root
    TAP = "tap"  # its descriptor inherited
    VNET_TAP = "vnet-tap"  # likewise, with a virtio-net header before each frame
    NAMED_TAP = "named-tap"  # opened by its name in the tester's namespace


@dataclass(frozen=True)
class Seat:
    """Where an instance is put: what its command line is made of."""

    info: DutInfo
    condition: Condition
    links: Sequence[int | str]  # a descriptor, or the name of a tap, for each link
    where: Namespace | None  # whose taps they are
    held: ExitStack  # whatever must go with the instance

    def words(self, names: Sequence[str] = (), sysctls: Sequence[str] = ()) -> list[str]:
        """The words that every main of artifact/csrc/duts takes (dut.h).

        `names` stand in for the links where the program has its own names for them.
        """
        ports = [Port(self.info.mac, self.info.address, self.info.prefix, self.info.gateway)]
        ports += [self.info.far] if self.info.far else []
        called = names or [str(link) for link in self.links]
        links = [
            f"{name},{port.mac},{port.address}/{port.prefix},{port.mtu}"
            for name, port in zip(called, ports, strict=False)
        ]
        if self.info.alias:
            links[0] += f",{self.info.alias}"
        settings = [
            f"{key.replace('.', '/')}={value}"
            for key, value in self.condition.for_interfaces(sysctls[: len(ports)]).items()
        ]
        return [self.info.gateway, *links, *settings]

    @property
    def macs(self) -> list[str]:
        """The MAC of each link."""
        return [self.info.mac, *([self.info.far.mac] if self.info.far else [])]

    def forwarding(self, word: str) -> list[str]:
        """What a stack is told that forwards only when it is told."""
        return [word] if self.info.far else []


@dataclass(frozen=True)
class Stack:
    """`command` makes the argv of an instance; `need` builds what is built on demand."""

    name: str
    obtained: str
    carrier: Carrier
    need: Callable[[], None]
    command: Callable[[Seat], Sequence[str | Path]]
    forwards: bool = False
    jobs: int = 8
    ready_s: float = READY_S
    timing: Timing = REAL
    features: frozenset[str] = UDP_ECHO
    info: DutInfo | None = None  # where it is not the suite that gives out the addresses
    announces: bool = True  # prints the line that it is ready; otherwise it is asked by ARP
    driven: bool = False  # lets us drive its clock through its standard input
    arp_age: float | None = None  # as in DutInfo
    reassembly: float | None = None
    prepare: tuple[Prepared, ...] = ()  # what an explicit step makes for it
    fresh: bool = False  # as in Dut
    packages: tuple[str, ...] = ()  # Debian packages that the same step installs
    own_mac: bool = False  # takes no MAC from us; which one it has is asked by ARP

    @property
    def kind(self) -> Kind:
        """The stack as the suite knows it."""
        conditions = EVERY if self.forwards else (DEFAULTS.name,)
        return Kind(
            self.name,
            self.obtained,
            self._make,
            self._need,
            self.jobs,
            conditions,
            self.prepare,
            self.packages,
        )

    def _make(self, log: Path | None, condition: Condition) -> Dut:
        return LinkedDut(stack=self, log=log, condition=condition, timing=self.timing)

    def _need(self) -> None:
        if self.carrier is not Carrier.DATAGRAM:
            with namespace() as where, tap(where, "probe"):
                pass
        self.need()


@dataclass
class LinkedDut(ProcessDut):
    """An instance of a `Stack`."""

    stack: Stack = field(kw_only=True)

    def attach(self, held: ExitStack) -> tuple[DutInfo, Link]:
        """Make the links, start the program on them and wait until it says that it is ready."""
        self.fresh = self.stack.fresh
        two = self.condition.links == 2 and self.stack.forwards
        where = None if self.stack.carrier is Carrier.DATAGRAM else tester_namespace(held)
        ends = [held.enter_context(_link(self.stack.carrier, where, n)) for n in WIRES[: 1 + two]]
        stack = self.stack
        info = stack.info or DutInfo(
            stack.name, "", stack.obtained, DUT_MAC,
            features=stack.features,
            alias=ALIAS if HAS_ALIAS in stack.features else "",
            arp_age=stack.arp_age,
            reassembly=stack.reassembly,
        )  # fmt: skip
        if two:
            info = replace(info, far=FAR, features=info.features | {FORWARDING})
        seat = Seat(info, self.condition, [end.theirs for end in ends], where, held)
        info = replace(info, version=self._start(held, seat) or info.version)
        if self.stack.own_mac:
            info = replace(info, mac=_asked(replace(info, mac=""), ends[0].ours))
        elif not self.stack.announces:
            preflight.check(info, ends[0].ours, self.stack.ready_s, "its link")
        for end in ends:
            end.hand_over()
        self.far = ends[1].ours if two else None
        return info, ends[0].ours

    def _start(self, held: ExitStack, seat: Seat) -> str:
        argv = self.stack.command(seat)
        patience = self.stack.ready_s if self.stack.announces else None
        frames = [link for link in seat.links if isinstance(link, int)]
        if self.stack.driven:
            line = ClockLine(held)
            version = self.launch(held, argv, frames, patience, line.theirs.fileno())
            line.hand_over()
            self.clock = line.clock
            return version
        if seat.where is None or self.stack.carrier is not Carrier.NAMED_TAP:
            return self.launch(held, argv, frames, patience)
        with seat.where.entered():
            return self.launch(held, argv, frames, patience)


def _asked(info: DutInfo, link: Link) -> str:
    return preflight.check(info, link, READY_S, "its link").hex(":")


@dataclass(frozen=True)
class _End:
    ours: Link
    theirs: int | str
    socket: socket.socket | None = None

    def hand_over(self) -> None:
        """The program has its own copy: when it closes that, the link is down."""
        if self.socket is not None:
            self.socket.close()


@contextmanager
def _link(carrier: Carrier, where: Namespace | None, name: str) -> Iterator[_End]:
    with ExitStack() as held:
        if where is None:
            ours, theirs = datagram_pair()
            held.callback(ours.close)
            held.callback(theirs.close)
            yield _End(ours, theirs.fileno(), theirs)
            return
        vnet, by_name = carrier is Carrier.VNET_TAP, carrier is Carrier.NAMED_TAP
        descriptor = held.enter_context(tap(where, name, vnet=vnet, stays=by_name))
        set_up(where, name)
        link = packet_link(where, name)
        held.callback(link.close)
        yield _End(link, name if by_name else descriptor)


def header(path: str, package: str, what: str) -> None:
    """Unavailable unless a development package is installed."""
    if not Path(path).exists():
        raise Unavailable(f"{what} is not installed", f"run: invoke setup (apt package {package})")
    proc.need("cc", "gcc")
