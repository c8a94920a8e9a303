# SPDX-License-Identifier: GPL-2.0-only
"""The tester's end of a link: records every frame, answers ARP for the stations it plays."""

from __future__ import annotations

import struct
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from artifact.conformance import octets as o
from artifact.conformance.clock import Clock
from artifact.conformance.duts.base import DutInfo
from artifact.net.link import Link
from artifact.net.pcap import Capture

SLICE_S = 0.05  # how long one of two wires is waited for before the other is looked at
LONGEST_WAIT_S = 0.5  # how long an interrupted run goes on waiting


@dataclass(eq=False)
class Station:
    """A host played by the tester. A station that is not `answering` leaves ARP unanswered."""

    ip: bytes
    mac: bytes
    answering: bool = True


class Aborted(Exception):
    """The run is being ended; the case that waits here comes to nothing."""


class Wire:
    """One per link of a DUT instance, so that a station met in an early case stays answerable.

    `first` is the wire of the DUT's first link when this is the one of its second; each serves
    the other while it is being waited for.
    """

    def __init__(
        self,
        info: DutInfo,
        link: Link,
        clock: Clock,
        watch: Callable[[o.Frame, Wire], None],
        aborted: threading.Event,
        first: Wire | None = None,
    ) -> None:
        port = info.far if first else None
        self.info = info
        self.clock = clock
        self.ip = o.ip(port.address if port else info.address)
        self.mac = o.mac(port.mac if port else info.mac)
        self.prefix = port.prefix if port else info.prefix
        self.mtu = port.mtu if port else info.mtu
        self.capture: Capture | None = None
        self._sent: set[bytes] = first._sent if first else set()  # by source and identification
        self._link = link
        self._watch = watch
        self._aborted = aborted
        self._stations: dict[bytes, Station] = {}
        self._inbox: deque[o.Frame] = deque()
        self._count = 0
        self._mark = b"\x02\x46" if first else b"\x02\x4e"
        self._other = first
        if first:
            first._other = self
        gateway = port.gateway if port else info.gateway
        self.gateway = self._play(o.ip(gateway), self._mark + b"\xff\0\0\x01")

    @property
    def own(self) -> frozenset[bytes]:
        """All addresses of the DUT."""
        info = self.info
        named = (info.address, info.alias, info.far.address if info.far else "")
        return frozenset(o.ip(address) for address in named if address)

    @property
    def broadcast(self) -> bytes:
        """The directed broadcast address of the DUT's subnet."""
        host = (1 << (32 - self.prefix)) - 1
        return (int.from_bytes(self.ip, "big") | host).to_bytes(4, "big")

    def _play(self, ip: bytes, mac: bytes, answering: bool = True) -> Station:
        self._stations[ip] = Station(ip, mac, answering)
        return self._stations[ip]

    def number(self) -> int:
        """A number that was not used before on this wire (starts at 1)."""
        self._count += 1
        return self._count

    def neighbour(self, answering: bool = True) -> Station:
        """A station on the link whose address and MAC were never used before."""
        number = self.number()
        ip = self.ip[:2] + bytes((1 + number // 250, 1 + number % 250))
        return self._play(ip, self._mark + struct.pack("!I", number), answering)

    def off_link(self) -> Station:
        """A fresh station that is on neither link (RFC 6598), reached through the gateway."""
        number = self.number()
        ip = bytes((100, 64 + number // 62500, 1 + number // 250 % 250, 1 + number % 250))
        return Station(ip, self.gateway.mac)

    def send(self, frame: bytes) -> None:
        """Put a frame on the wire."""
        if self.capture:
            self.capture.add(frame, self.clock.stamp())
        self._sent.add(_named(frame))
        self._link.send(frame)

    def forwarded(self, frame: o.Frame) -> bool:
        """Whether the datagram inside is one that we sent: a router passes it on."""
        return _named(frame.raw) in self._sent

    def receive(self, deadline: float) -> o.Frame | None:
        """The next frame from the DUT; a request for a station we play is answered here.
        The deadline is in seconds of the clock's now().
        """
        while not self._inbox:
            if self._aborted.is_set():
                raise Aborted
            if self._other:
                self._other.serve_waiting()
            slice_end = self.clock.now() + (SLICE_S if self._other else LONGEST_WAIT_S)
            raw = self.clock.wait(self._link.recv, min(slice_end, deadline))
            if raw is not None:
                self._hear(raw)
            elif self.clock.now() >= deadline:
                return None
        return self._inbox.popleft()

    def serve_waiting(self) -> None:
        """Take in what has come, without waiting."""
        while (raw := self._link.recv(0)) is not None:
            self._hear(raw)

    def _hear(self, raw: bytes) -> None:
        if self.capture:
            self.capture.add(raw, self.clock.stamp())
        frame = o.Frame(raw)
        self._watch(frame, self)
        self._serve(frame)
        self._inbox.append(frame)

    def _serve(self, frame: o.Frame) -> None:
        request = frame.arp
        if request is None or request.op != o.REQUEST:
            return
        asked = self._stations.get(request.tpa)
        if asked and asked.answering:
            self.send(self.arp_reply(asked))

    def arp_reply(self, station: Station) -> bytes:
        """The station's answer to the DUT's request."""
        packet = o.arp(o.REPLY, station.mac, station.ip, self.mac, self.ip)
        return o.ethernet(self.mac, station.mac, o.ARP, packet)

    def plays(self, ip: bytes) -> bool:
        """Whether this is the address of a station of ours."""
        return ip in self._stations


def _named(frame: bytes) -> bytes:
    """Source and identification of the datagram in a frame."""
    return frame[26:30] + frame[18:20]
