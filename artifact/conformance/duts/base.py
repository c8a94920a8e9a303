# SPDX-License-Identifier: GPL-2.0-only
"""A device under test: something that can be started, stopped, and reached over a link."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from artifact.conformance.timing import REAL, Timing
from artifact.errors import Unavailable
from artifact.net.link import Link


@dataclass(frozen=True)
class DutInfo:
    """What a tester may know about a DUT. `how` says how the stack was obtained.

    `features` are the words that cases name in `needs`: udp_echo (port 7).
    """

    name: str
    version: str
    how: str
    mac: str
    address: str = "198.18.0.1"
    prefix: int = 16
    gateway: str = "198.18.0.254"
    mtu: int = 1500
    features: frozenset[str] = frozenset({"udp_echo"})


@dataclass
class Dut(ABC):
    """One instance of a stack. A subclass says what it needs and how it is attached.

    The addresses are from the block of RFC 2544 for tests of devices; nothing routes them.
    """

    log: Path | None = None  # where the stack's own words go
    timing: Timing = REAL
    link: Link = field(init=False)
    info: DutInfo = field(init=False)
    _held: ExitStack = field(init=False, default_factory=ExitStack)

    NAME = ""
    OBTAINED = ""
    JOBS = 8  # instances side by side

    @classmethod  # noqa: B027 - a stack that needs nothing says nothing
    def need(cls) -> None:
        """Raise Unavailable when something this DUT needs is not on this machine."""

    @classmethod
    def missing(cls) -> str | None:
        """Why this DUT cannot run here, or None."""
        try:
            cls.need()
        except Unavailable as error:
            return str(error)
        return None

    @abstractmethod
    def attach(self, held: ExitStack) -> tuple[DutInfo, Link]:
        """Start the stack; everything that must end with it goes on `held`."""

    def running(self) -> bool:
        """Whether the stack's process, if it has one, is still there."""
        return True

    def start(self) -> DutInfo:
        """Start a fresh instance."""
        with ExitStack() as held:
            self.info, self.link = self.attach(held)
            held.callback(self.link.close)
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
