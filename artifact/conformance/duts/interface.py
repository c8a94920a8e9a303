# SPDX-License-Identifier: GPL-2.0-only
"""An Ethernet interface of the mutant DUT, and what comes through one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from artifact.conformance import octets as o
from artifact.conformance.duts.neighbours import Neighbours


@dataclass
class Interface:
    """One Ethernet of the responder; `emit` puts a frame on it."""

    mac: bytes
    ip: bytes
    prefix: int
    mtu: int
    emit: Callable[[bytes], None]
    alias: bytes = b""
    neighbours: Neighbours = field(init=False)

    @property
    def own(self) -> list[bytes]:
        """Its addresses, the one it speaks with first."""
        return [self.ip, *([self.alias] if self.alias else [])]

    def on_link(self, address: bytes) -> bool:
        """Whether the address is in its network."""
        shift = 32 - self.prefix
        return int.from_bytes(address, "big") >> shift == int.from_bytes(self.ip, "big") >> shift

    def broadcast(self, bit: int = 1) -> bytes:
        """The network's broadcast address, with host bits of 1 or (RFC 1122 3.3.6) of 0."""
        host = (1 << (32 - self.prefix)) - 1
        ones = int.from_bytes(self.ip, "big") | host
        return (ones if bit else ones ^ host).to_bytes(4, "big")


@dataclass(frozen=True)
class Arrival:
    """A frame with a datagram in it, and the number of the interface it came through."""

    frame: o.Frame
    number: int
