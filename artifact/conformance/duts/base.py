# SPDX-License-Identifier: GPL-2.0-only
"""A device under test: something that can be started, stopped, and reached over a link."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import ClassVar

from artifact.conformance.clock import REAL_CLOCK, Clock
from artifact.conformance.duts.conditions import DEFAULTS, Condition
from artifact.conformance.duts.packaged import Prepared
from artifact.conformance.timing import REAL, Timing
from artifact.errors import Unavailable
from artifact.net.link import Link

UDP_ECHO = frozenset({"udp_echo"})
FORWARDING, HAS_ALIAS = "forwarding", "alias"


@dataclass(frozen=True)
class Port:
    """The DUT's interface on a second link, and what the tester plays there."""

    mac: str
    address: str
    prefix: int
    gateway: str
    mtu: int = 1500


FAR = Port("02:44:00:00:00:02", "198.19.0.1", 16, "198.19.0.254", 1000)
ALIAS = "198.18.0.2"


@dataclass(frozen=True)
class DutInfo:
    """What a tester may know about a DUT. `how` says how the stack was obtained.

    `features` are the words that cases name in `needs`: udp_echo (port 7), forwarding (there is
    a second link, `far`, and the stack forwards), alias (a second address on the first link).
    `arp_age` and `reassembly` are seconds: how long the stack keeps an entry that nobody
    confirms, and fragments of a datagram that stays incomplete; None when not known.
    """

    name: str
    version: str
    how: str
    mac: str
    address: str = "198.18.0.1"
    prefix: int = 16
    gateway: str = "198.18.0.254"
    mtu: int = 1500
    features: frozenset[str] = UDP_ECHO
    far: Port | None = None
    alias: str = ""
    arp_age: float | None = None
    reassembly: float | None = None


@dataclass
class Dut(ABC):
    """One instance of a stack. A subclass says what it needs and how it is attached.

    The addresses are from the block of RFC 2544 for tests of devices; nothing routes them.
    """

    log: Path | None = None  # where the stack's own words go
    timing: Timing = REAL
    condition: Condition = DEFAULTS
    clock: Clock = REAL_CLOCK
    link: Link = field(init=False)
    far: Link | None = field(init=False, default=None)  # the second link, where there is one
    info: DutInfo = field(init=False)
    _held: ExitStack = field(init=False, default_factory=ExitStack)

    NAME = ""
    OBTAINED = ""
    JOBS = 8  # instances side by side
    PREPARE: ClassVar[tuple[Prepared, ...]] = ()  # what an explicit step makes for it
    fresh = False  # an instance for each case: what it does depends on what it has seen
    CONDITIONS: ClassVar[tuple[str, ...]] = (DEFAULTS.name,)  # those it can be in

    @classmethod  # noqa: B027 - a stack that needs nothing says nothing
    def need(cls) -> None:
        """Raise Unavailable when something this DUT needs is not on this machine."""

    @abstractmethod
    def attach(self, held: ExitStack) -> tuple[DutInfo, Link]:
        """Start the stack; everything that must end with it goes on `held`."""

    def running(self) -> bool:
        """Whether the stack's process, if it has one, is still there."""
        return True

    def epitaph(self) -> str:
        """How it ended, in brackets; empty when nothing is known or it is still there."""
        return ""

    def start(self) -> DutInfo:
        """Start a fresh instance."""
        with ExitStack() as held:
            self.info, self.link = self.attach(held)
            held.callback(self.link.close)
            if self.far is not None:
                held.callback(self.far.close)
            self._held = held.pop_all()
        return self.info

    def stop(self) -> None:
        """End the instance and release all it had."""
        self._held.close()

    def __enter__(self) -> Dut:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


@dataclass(frozen=True)
class Kind:
    """A stack that can be tested, before there is an instance of it."""

    name: str
    obtained: str
    make: Callable[[Path | None, Condition], Dut]
    need: Callable[[], None]  # raises Unavailable when something is not on this machine
    jobs: int = 8
    conditions: tuple[str, ...] = (DEFAULTS.name,)  # those it can be in
    prepare: tuple[Prepared, ...] = ()  # what an explicit step makes for it
    packages: tuple[str, ...] = ()  # Debian packages that the same step installs

    @classmethod
    def of(cls, dut: type[Dut]) -> Kind:
        """A stack that has a class of its own."""

        def make(log: Path | None, condition: Condition) -> Dut:
            return dut(log=log, condition=condition)

        return cls(dut.NAME, dut.OBTAINED, make, dut.need, dut.JOBS, dut.CONDITIONS, dut.PREPARE)

    def missing(self) -> str | None:
        """Why this stack cannot run here, or None."""
        try:
            self.need()
        except Unavailable as error:
            return str(error)
        return None
