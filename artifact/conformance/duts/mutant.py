# SPDX-License-Identifier: GPL-2.0-only
"""The mutant DUT: the responder inside this process, on links that are two queues.

It handles a frame while that is being sent, and its clock is driven: nothing here waits, and
nothing depends on when a thread runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from artifact.conformance import octets as o
from artifact.conformance.clock import DrivenClock
from artifact.conformance.duts.base import ALIAS, FAR, FORWARDING, Dut, DutInfo, Port
from artifact.conformance.duts.interface import Interface
from artifact.conformance.duts.neighbours import AGE_S
from artifact.conformance.duts.reassembly import LIFETIME_S
from artifact.conformance.duts.responder import Responder
from artifact.errors import ArtifactError
from artifact.net.link import Link

NEAR_MAC = "02:44:00:00:00:01"
FEATURES = frozenset({"udp_echo", "alias"})
ROUTER = frozenset({FORWARDING})


class Queue(Link):
    """A link to a stack that handles each frame at once."""

    def __init__(self, handle: Callable[[bytes], None]) -> None:
        self._handle = handle
        self._frames: deque[bytes] = deque()

    def send(self, frame: bytes) -> None:
        """Let the stack handle a frame."""
        self._handle(frame)

    def recv(self, deadline: float) -> bytes | None:  # noqa: ARG002 - see below
        """What the stack has sent; there is nothing to wait for."""
        return self._frames.popleft() if self._frames else None

    def close(self) -> None:
        """Forget what was not read."""
        self._frames.clear()

    def put(self, frame: bytes) -> None:
        """For the stack: send a frame."""
        self._frames.append(frame)


@dataclass
class Mutant(Dut):
    """Behaves well, apart from the faults it is given. `probing`: checks its address first
    (RFC 5227), as not every stack does.
    """

    faults: frozenset[str] = frozenset()
    probing: bool = False
    _defect: str = field(init=False, default="")

    NAME = "mutant"
    OBTAINED = "artifact/conformance/duts/responder.py"

    def attach(self, held: ExitStack) -> tuple[DutInfo, Link]:  # noqa: ARG002 - holds nothing
        """One interface, or two when the mode has them."""
        named = "+".join(sorted(self.faults)) or "none"
        two = self.condition.links == 2
        info = DutInfo(
            self.NAME,
            f"faults: {named}",
            self.OBTAINED,
            NEAR_MAC,
            features=FEATURES | (ROUTER if two else frozenset()),
            far=FAR if two else None,
            alias=ALIAS,
            arp_age=AGE_S,
            reassembly=LIFETIME_S,
        )
        near = Port(info.mac, info.address, info.prefix, info.gateway, info.mtu)
        ports = [near, *([FAR] if two else [])]
        links = [Queue(self._handler(number)) for number in range(len(ports))]
        interfaces = [
            Interface(o.mac(p.mac), o.ip(p.address), p.prefix, p.mtu, link.put)
            for p, link in zip(ports, links, strict=True)
        ]
        interfaces[0].alias = o.ip(ALIAS)
        self._responder = Responder(interfaces, o.ip(info.gateway), self.faults)
        self.clock = DrivenClock(self._advance)
        if self.probing:
            self._responder.probe()
        if two:
            self.far = links[1]
        return info, links[0]

    def _handler(self, number: int) -> Callable[[bytes], None]:
        def handle(frame: bytes) -> None:
            self._guarded(lambda: self._responder.receive(frame, number))

        return handle

    def _advance(self, seconds: float) -> None:
        self._guarded(lambda: self._responder.advance(seconds))

    def _guarded(self, step: Callable[[], None]) -> None:
        """A defect of the responder must not look like a fault that a case found."""
        try:
            step()
        except Exception as error:  # noqa: BLE001 - reported by running()
            self._defect = self._defect or repr(error)

    def running(self) -> bool:
        """Whether the responder can go on; a defect of its own is ours to report."""
        if self._defect:
            raise ArtifactError(f"defect of the responder: {self._defect}")
        return True
