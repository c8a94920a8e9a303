# SPDX-License-Identifier: GPL-2.0-only
"""The tester's end of a link: records every frame, answers ARP for the stations it plays."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from artifact.conformance import octets as o
from artifact.conformance.duts.base import DutInfo
from artifact.net.link import Link
from artifact.net.pcap import Capture


@dataclass(eq=False)
class Station:
    """A host played by the tester. A station that is not `answering` leaves ARP unanswered."""

    ip: bytes
    mac: bytes
    answering: bool = True


class Aborted(Exception):
    """The run is being ended; the case that waits here comes to nothing."""


class Wire:
    """One per DUT instance, so that a station met in an early case stays answerable."""

    def __init__(
        self,
        info: DutInfo,
        link: Link,
        watch: Callable[[o.Frame], None],
        aborted: threading.Event,
    ) -> None:
        self.info = info
        self.ip = o.ip(info.address)
        self.mac = o.mac(info.mac)
        self.capture: Capture | None = None
        self._link = link
        self._watch = watch
        self._aborted = aborted
        self._stations: dict[bytes, Station] = {}
        self._count = 0
        self.gateway = self._play(o.ip(info.gateway), b"\x02\x47\0\0\0\x01")

    @property
    def broadcast(self) -> bytes:
        """The directed broadcast address of the DUT's subnet."""
        host = (1 << (32 - self.info.prefix)) - 1
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
        return self._play(ip, b"\x02\x4e" + struct.pack("!I", number), answering)

    def off_link(self) -> Station:
        """A fresh station of the next network, reached through the gateway."""
        number = self.number()
        ip = bytes((self.ip[0], self.ip[1] + 1, 1 + number // 250, 1 + number % 250))
        return Station(ip, self.gateway.mac)

    def send(self, frame: bytes) -> None:
        """Put a frame on the wire."""
        if self.capture:
            self.capture.add(frame, time.time_ns())
        self._link.send(frame)

    def receive(self, deadline: float) -> o.Frame | None:
        """The next frame from the DUT; a request for a station we play is answered here."""
        if self._aborted.is_set():
            raise Aborted
        raw = self._link.recv(deadline)
        if raw is None:
            return None
        if self.capture:
            self.capture.add(raw, time.time_ns())
        frame = o.Frame(raw)
        self._watch(frame)
        self._serve(frame)
        return frame

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
