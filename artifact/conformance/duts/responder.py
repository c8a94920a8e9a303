# SPDX-License-Identifier: GPL-2.0-only
"""A small host: ARP, IPv4 with fragments and options, ICMP, UDP echo. And its faults.

Without faults it does what RFC 768, 791, 792, 826, 1112, 1122, 1191 and 5227 ask of a host,
and with two interfaces what RFC 1812 asks of a router; each fault named in
artifact.conformance.duts.faults breaks one thing. It exists to prove that each case of the
suite can fail. It answers a frame before it looks at the next.
"""

from __future__ import annotations

import struct
import time

from artifact.conformance import octets as o
from artifact.conformance.duts import options
from artifact.conformance.duts.faults import PATCHES
from artifact.conformance.duts.forwarding import follow, forward
from artifact.conformance.duts.interface import Arrival, Interface
from artifact.conformance.duts.neighbours import Neighbours
from artifact.conformance.duts.options import LOOSE, ROUTE, STAMP, STRICT, Parsed
from artifact.conformance.duts.output import Output
from artifact.conformance.duts.reassembly import Died, Reassembly
from artifact.conformance.duts.responder_icmp import Icmp
from artifact.conformance.duts.responder_udp import Udp

ALL_HOSTS = bytes((224, 0, 0, 1))
DAY_MS = 86_400_000
SNAP = b"\xaa\xaa\x03\0\0\0"  # RFC 1042
PROBES, PROBE_GAP_S, ANNOUNCE_GAP_S = 3, 1.0, 2.0  # RFC 5227 1.1


class Responder:
    """Takes frames, hands answers to the interfaces."""

    def __init__(self, interfaces: list[Interface], gateway: bytes, faults: frozenset[str]) -> None:
        self.interfaces, self.gateway, self.faults = interfaces, gateway, faults
        self.dead = False
        self._time = 0.0
        self._start = time.time_ns()
        for interface in interfaces:
            self._attach(interface)
        self.output = Output(interfaces, gateway, faults)
        self.icmp, self.udp = Icmp(self), Udp(self)
        self._reassembly = Reassembly(faults, self._now, self.icmp.gave_up)
        self._starting: list[tuple[float, str]] = []
        self._ready_at = 0.0  # until then the address is being checked
        self._refuses_address = False

    def _attach(self, interface: Interface) -> None:
        emit = interface.emit
        interface.emit = lambda frame: emit(self._spoil(frame))
        interface.neighbours = Neighbours(
            interface.mac, interface.own, self.faults, interface.emit, self._now
        )

    # -- time ------------------------------------------------------------------------------

    def _now(self) -> float:
        return self._time

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        if self.dead:
            return
        self._time += seconds
        while self._starting and self._starting[0][0] <= self._time:
            getattr(self.first.neighbours, self._starting.pop(0)[1])()
        self._reassembly.tick()

    def probe(self) -> None:
        """Check the first address before it is used (RFC 5227 2.1.1), then announce it."""
        times = 1 if "probe-once" in self.faults else PROBES
        probes = [(0.5 + PROBE_GAP_S * n, "probe") for n in range(times)]
        self._ready_at = probes[-1][0] + ANNOUNCE_GAP_S
        count = 1 if "announce-once" in self.faults else 2
        self._starting = [
            *probes,
            *((self._ready_at + ANNOUNCE_GAP_S * n, "announce") for n in range(count)),
        ]

    @property
    def first(self) -> Interface:
        """The one it speaks through when nothing else is said."""
        return self.interfaces[0]

    @property
    def ip(self) -> bytes:
        """The address it speaks with."""
        return self.first.ip

    # -- receiving -------------------------------------------------------------------------

    def receive(self, raw: bytes, number: int = 0) -> None:
        """Process one frame."""
        if self.dead or len(raw) < 14:
            return
        frame = self._unwrapped(o.Frame(raw))
        here = self.interfaces[number]
        station = frame.dst == here.neighbours.mac or frame.dst[0] & 1 == 1
        if not station and "any-station" not in self.faults:
            return
        try:
            self._dispatch(frame, Arrival(frame, number))
        except Died:
            self.dead = True

    def _unwrapped(self, frame: o.Frame) -> o.Frame:
        """RFC 1122 2.3.3: hosts should understand RFC 1042, too."""
        if frame.kind <= 1500 and frame.payload[:6] == SNAP and "no-snap" not in self.faults:
            return o.Frame(frame.raw[:12] + frame.payload[6:])
        return frame

    def _dispatch(self, frame: o.Frame, came: Arrival) -> None:
        guessed = "skip-ethertype" in self.faults
        if frame.kind == o.ARP and not (guessed and frame.payload[0] >> 4 == 4):
            if not self._checks_address(frame):
                self.interfaces[came.number].neighbours.receive(frame)
        elif frame.kind == o.IPV4 or guessed:
            self._input(came)

    def _checks_address(self, frame: o.Frame) -> bool:
        """While the address is being checked, a packet about it means that it is taken."""
        early = self._time < self._ready_at
        if early and frame.arp and frame.arp.spa == self.ip and "probe-ignored" not in self.faults:
            self._refuses_address = True
            self._starting = []
        return self._refuses_address or early

    def bad(self, name: str, condition: bool) -> bool:
        """The condition, unless the fault leaves the check out."""
        return condition and f"skip-{name}" not in self.faults

    def _input(self, came: Arrival) -> None:
        datagram = self._checked(came.frame.payload)
        if datagram is None or self._refuses_address or self._time < self._ready_at:
            return
        self.output.ttl_seen = datagram.raw[8]
        if self._misaddressed(came, datagram):
            return
        if not self._options(came, datagram):
            return
        if datagram.more or datagram.offset:
            whole = self._reassembly.add(datagram)
            if whole is None:
                return
            # what follows looks at the data, whose length may not fit the length field
            self._deliver(came, o.Ip(whole), whole[len(o.Ip(whole).header) :])
            return
        self._deliver(came, datagram, datagram.data)

    def _checked(self, raw: bytes) -> o.Ip | None:
        """The datagram without padding, if its header is right (RFC 791 3.1, 1122 3.2.1)."""
        if len(raw) < 20 or self.bad("version", raw[0] >> 4 != 4):
            return None
        if self.bad("ihl", raw[0] & 15 < 5):
            return None
        raw = raw if raw[0] & 15 >= 5 else bytes((0x45,)) + raw[1:]
        if self._wrong_sum(raw):
            return None
        return self._measured(raw)

    def _measured(self, raw: bytes) -> o.Ip | None:
        """The datagram, if header length, total length and what was received agree."""
        length, header = o.u16(raw, 2), 4 * (raw[0] & 15)
        whole = raw[:2] + struct.pack("!H", len(raw)) + raw[4:]
        if length < 20:
            return None if self.bad("short-length", True) else o.Ip(whole)
        if header > length:
            return None if self.bad("header-end", True) else o.Ip(b"\x45" + raw[1:])
        if length > len(raw):
            return None if self.bad("length", True) else o.Ip(whole)
        return o.Ip(whole if "ip-padding" in self.faults else raw[:length])

    def _wrong_sum(self, raw: bytes) -> bool:
        header = raw[: 4 * (raw[0] & 15)]
        right = o.checksum(o.with_header_sum(header, 0))
        seen = o.u16(raw, 10)
        if seen == right or raw[0] >> 4 != 4:
            return False
        if "sum-zero" in self.faults and seen == 0:
            return False
        if "sum-swapped" in self.faults and seen == (right >> 8 | right << 8) & 0xFFFF:
            return False
        return not {"skip-sum", "skip-ihl"} & self.faults

    def _misaddressed(self, came: Arrival, datagram: o.Ip) -> bool:
        if "ip-land" in self.faults and datagram.src == datagram.dst:
            raise Died
        if not self._for_me(datagram):
            self._for_others(came, datagram)
            return "skip-destination" not in self.faults
        if "forward-broadcast" in self.faults and datagram.dst == o.LIMITED_BROADCAST:
            there = self.interfaces[-1]
            there.emit(o.ethernet(o.BROADCAST, there.mac, o.IPV4, datagram.raw))
        unicast = datagram.dst in self.addresses
        if self.bad("link-broadcast", unicast and came.frame.dst[0] & 1 == 1):
            return "error-to-link-broadcast" not in self.faults
        if self._no_host(datagram.src):
            return not {"skip-source", "error-to-anybody"} & self.faults
        return self._refused_by_fault(datagram)

    def _refused_by_fault(self, datagram: o.Ip) -> bool:
        flags = o.u16(datagram.raw, 6)
        if "ip-empty-dies" in self.faults and not datagram.data:
            raise Died
        reasons = {
            "ip-no-df": flags & o.DF != 0,
            "ip-reserved-bit": flags & 0x8000 != 0,
            "ip-tos": datagram.raw[1] != 0,
            "ip-ttl-1": datagram.raw[8] == 1,
            "ip-ttl-0": datagram.raw[8] == 0,
            "ip-ttl-255": datagram.raw[8] == 255,
        }
        return any(holds for name, holds in reasons.items() if name in self.faults)

    @property
    def addresses(self) -> set[bytes]:
        """All its own."""
        return {address for interface in self.interfaces for address in interface.own}

    def _for_me(self, datagram: o.Ip) -> bool:
        dst = datagram.dst
        accepted = self.addresses
        if "udp-no-all-hosts" not in self.faults or datagram.proto != o.UDP:
            accepted.add(ALL_HOSTS)
        if "ip-limited" not in self.faults:
            accepted.add(o.LIMITED_BROADCAST)
        if "ip-directed" not in self.faults:
            accepted.add(self.first.broadcast())
        if "ip-zero-forms" not in self.faults:
            accepted |= {o.ANY, self.first.broadcast(0)}
        return dst in accepted or ("udp-any-group" in self.faults and 224 <= dst[0] < 240)

    def _no_host(self, src: bytes) -> bool:
        """Sources that RFC 1122 3.2.1.3 calls invalid, and our own."""
        return self.ambiguous(src) or src[0] == 0 or src in self.addresses

    def ambiguous(self, src: bytes) -> bool:
        """Addresses that name no single host."""
        return src[0] in (0, 127) or src[0] >= 224 or src == self.first.broadcast()

    def _for_others(self, came: Arrival, datagram: o.Ip) -> None:
        if len(self.interfaces) > 1:
            forward(self, came, datagram)
        elif "redirect-sent" in self.faults:
            self.icmp.error(5, 1, datagram.dst, came, datagram)
        elif "ip-forwards" in self.faults:
            forward(self, came, datagram)

    # -- options ---------------------------------------------------------------------------

    def _options(self, came: Arrival, datagram: o.Ip) -> bool:
        """Look at the options; False when the datagram goes no further."""
        if not datagram.options:
            return True
        if "ip-no-options" in self.faults:
            return False
        if len(datagram.options) == 40 and "ip-option-long" in self.faults:
            return False
        parsed = self._parsed(datagram)
        if parsed.bad is not None and "skip-option-length" not in self.faults:
            self._malformed(came, datagram, parsed.bad)
            return False
        routes = [option for option in parsed.each if option[0] in (LOOSE, STRICT)]
        if len(routes) > 1 and "two-routes-die" in self.faults:
            raise Died
        return all(self._option(came, datagram, option) for option in parsed.each)

    def _parsed(self, datagram: o.Ip) -> Parsed:
        return options.parse(
            datagram.options,
            "ip-junk-after-end" in self.faults,
            "skip-route-pointer" in self.faults,
        )

    def _malformed(self, came: Arrival, datagram: o.Ip, at: int) -> None:
        pointer = 1 if "pointer-wrong" in self.faults else 20 + at + 1
        if "error-no-parameter" not in self.faults:
            self.icmp.error(12, 0, bytes((pointer, 0, 0, 0)), came, datagram)

    def _option(self, came: Arrival, datagram: o.Ip, option: bytes) -> bool:
        kind, unfinished = option[0], options.incomplete(option)
        if kind in (LOOSE, STRICT) and unfinished:
            if len(self.interfaces) > 1 and "ip-no-source-route" not in self.faults:
                follow(self, came, datagram, option)
            elif "ip-source-route" in self.faults:
                self.output.hand_over(datagram.raw, option[option[2] - 1 : option[2] + 3])
            else:
                self.icmp.error(3, 5, bytes(4), came, datagram)
            return False
        if kind in (LOOSE, STRICT) and "route-refused" in self.faults:
            return False
        known = (ROUTE, LOOSE, STRICT, STAMP)
        if kind not in known and "ip-unknown-option" in self.faults:
            return False
        return not (kind == ROUTE and not unfinished and "ip-full-route" in self.faults)

    # -- what the transports ask ------------------------------------------------------------

    def _deliver(self, came: Arrival, datagram: o.Ip, data: bytes) -> None:
        if datagram.proto == o.ICMP:
            if "icmp-none" not in self.faults:
                self.icmp.input(came, datagram, data)
        elif datagram.proto == o.UDP:
            self.udp.input(came, datagram, data)
        elif "error-no-proto" not in self.faults:
            self.icmp.error(3, 2, bytes(4), came, datagram)

    def returned(self, datagram: o.Ip) -> tuple[bytes, bytes]:
        """First hop and options of an answer to the datagram."""
        if not datagram.options:
            return datagram.src, b""
        parsed = self._parsed(datagram)
        return options.answering(
            parsed, datagram.src, self.answer_source(datagram), self.stamp_now(), self.faults
        )

    def answer_source(self, datagram: o.Ip) -> bytes:
        """The address that was asked, or the first one when that was a group."""
        if "echo-group-source" in self.faults:
            return datagram.dst
        asked = datagram.dst in self.addresses and "alias-source" not in self.faults
        return datagram.dst if asked else self.ip

    def stamp_now(self) -> bytes:
        """Milliseconds since midnight."""
        ns = self._start + (0 if "stamp-frozen" in self.faults else round(self._time * 1e9))
        return struct.pack("!I", ns // 1_000_000 % DAY_MS)

    def _spoil(self, frame: bytes) -> bytes:
        view = o.Frame(frame)
        for name, (selects, at, value) in PATCHES.items():
            if name in self.faults and selects(view):
                frame = frame[:at] + value + frame[at + len(value) :]
        return frame
