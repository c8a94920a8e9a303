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
from collections.abc import Callable
from dataclasses import dataclass, field

from artifact.conformance import octets as o
from artifact.conformance.duts import options
from artifact.conformance.duts.faults import ICMP_PATCHES, IP_PATCHES, PATCHES
from artifact.conformance.duts.forwarding import follow, forward
from artifact.conformance.duts.neighbours import Neighbours
from artifact.conformance.duts.options import LOOSE, ROUTE, STAMP, STRICT, Parsed
from artifact.conformance.duts.reassembly import Died, Reassembly

ALL_HOSTS = bytes((224, 0, 0, 1))
ECHO_PORT = 7
OWN_TTL = 64
DAY_MS = 86_400_000
SMALLEST_PATH_MTU = 68  # RFC 1191 3
OFF_LINK_SIZE = 576  # RFC 1122 3.3.3
SNAP = b"\xaa\xaa\x03\0\0\0"  # RFC 1042
PROBES, PROBE_GAP_S, ANNOUNCE_GAP_S = 3, 1.0, 2.0  # RFC 5227 1.1


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


class Responder:
    """Takes frames, hands answers to the interfaces."""

    def __init__(self, interfaces: list[Interface], gateway: bytes, faults: frozenset[str]) -> None:
        self.interfaces, self.gateway, self.faults = interfaces, gateway, faults
        self.dead = False
        self._time = 0.0
        self._start = time.time_ns()
        for interface in interfaces:
            self._attach(interface)
        self._reassembly = Reassembly(faults, self._now, self._gave_up)
        self._routes: dict[bytes, bytes] = {}
        self._path_mtu: dict[bytes, int] = {}
        self._starting: list[tuple[float, str]] = []
        self._ready_at = 0.0  # until then the address is being checked
        self._refuses_address = False
        self._ident = 0
        self._ttl_seen = OWN_TTL  # used by the fault ip-ttl-copied only
        self._closed = False

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
            getattr(self._first.neighbours, self._starting.pop(0)[1])()
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
    def _first(self) -> Interface:
        return self.interfaces[0]

    @property
    def ip(self) -> bytes:
        """The address it speaks with."""
        return self._first.ip

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
        self._ttl_seen = datagram.raw[8]
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
            accepted.add(self._first.broadcast())
        if "ip-zero-forms" not in self.faults:
            accepted |= {o.ANY, self._first.broadcast(0)}
        return dst in accepted or ("udp-any-group" in self.faults and 224 <= dst[0] < 240)

    def _no_host(self, src: bytes) -> bool:
        """Sources that RFC 1122 3.2.1.3 calls invalid, and our own."""
        return self.ambiguous(src) or src[0] == 0 or src in self.addresses

    def ambiguous(self, src: bytes) -> bool:
        """Addresses that name no single host."""
        return src[0] in (0, 127) or src[0] >= 224 or src == self._first.broadcast()

    def _for_others(self, came: Arrival, datagram: o.Ip) -> None:
        if len(self.interfaces) > 1:
            forward(self, came, datagram)
        elif "redirect-sent" in self.faults:
            self.error(5, 1, datagram.dst, came, datagram)
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
            self.error(12, 0, bytes((pointer, 0, 0, 0)), came, datagram)

    def _option(self, came: Arrival, datagram: o.Ip, option: bytes) -> bool:
        kind, unfinished = option[0], options.incomplete(option)
        if kind in (LOOSE, STRICT) and unfinished:
            if len(self.interfaces) > 1 and "ip-no-source-route" not in self.faults:
                follow(self, came, datagram, option)
            elif "ip-source-route" in self.faults:
                self.hand_over(datagram.raw, option[option[2] - 1 : option[2] + 3])
            else:
                self.error(3, 5, bytes(4), came, datagram)
            return False
        if kind in (LOOSE, STRICT) and "route-refused" in self.faults:
            return False
        known = (ROUTE, LOOSE, STRICT, STAMP)
        if kind not in known and "ip-unknown-option" in self.faults:
            return False
        return not (kind == ROUTE and not unfinished and "ip-full-route" in self.faults)

    # -- transports ------------------------------------------------------------------------

    def _deliver(self, came: Arrival, datagram: o.Ip, data: bytes) -> None:
        if datagram.proto == o.ICMP:
            if "icmp-none" not in self.faults:
                self._icmp_input(came, datagram, data)
        elif datagram.proto == o.UDP:
            self._udp_input(came, datagram, data)
        elif "error-no-proto" not in self.faults:
            self.error(3, 2, bytes(4), came, datagram)

    def _udp_input(self, came: Arrival, datagram: o.Ip, data: bytes) -> None:
        checked = self._udp_checked(datagram, data)
        if checked is None:
            return
        sport, dport = o.u16(data, 0), o.u16(data, 2)
        if dport != ECHO_PORT:
            if "error-no-port" not in self.faults:
                code = 2 if "udp-error-code" in self.faults else 3
                self.error(3, code, bytes(4), came, datagram)
        elif not self._closed and "udp-none" not in self.faults:
            self._udp_echo(datagram, sport, checked)

    def _udp_checked(self, datagram: o.Ip, data: bytes) -> bytes | None:
        """The user's data, if header, length and checksum are right (RFC 768)."""
        if len(data) < 8:
            if "udp-short-dies" in self.faults:
                raise Died
            return None
        length = o.u16(data, 4)
        if self.bad("udp-short", length < 8) or self.bad("udp-long", length > len(data)):
            return None
        size = length if 8 <= length <= len(data) else len(data)
        body = data if "udp-padding" in self.faults else data[:size]
        seen = o.u16(data, 6)
        pseudo = datagram.src + datagram.dst + struct.pack("!BBH", 0, o.UDP, size)
        wrong = o.checksum(pseudo + data[:size]) != 0
        if "udp-odd" in self.faults and size % 2:
            return None
        if seen == 0:
            return None if "udp-sum-required" in self.faults else body[8:]
        return None if self.bad("udp-sum", wrong) else body[8:]

    def _udp_echo(self, datagram: o.Ip, sport: int, data: bytes) -> None:
        if sport == 0 and "udp-port-0-dies" in self.faults:
            raise Died
        if sport == 0:
            return  # RFC 768: no reply is expected
        if not data and "udp-empty" in self.faults:
            return
        if "udp-cut" in self.faults:
            data = data[:100]
        source = self._answer_source(datagram)
        own = 8 if "udp-other-port" in self.faults else ECHO_PORT
        answer = o.udp(source, datagram.src, own, sport, data)
        if "udp-out-sum" in self.faults:
            answer = answer[:6] + bytes((answer[6] ^ 1,)) + answer[7:]
        if "udp-out-no-sum" in self.faults:
            answer = answer[:6] + bytes(2) + answer[8:]
        if "udp-out-length" in self.faults:
            answer = answer[:4] + struct.pack("!H", len(answer) + 4) + answer[6:]
        to, back = self._returned(datagram)
        self.output(to, o.UDP, answer, source, frag=o.DF, option=back)

    def _returned(self, datagram: o.Ip) -> tuple[bytes, bytes]:
        """First hop and options of an answer to the datagram."""
        if not datagram.options:
            return datagram.src, b""
        parsed = self._parsed(datagram)
        return options.answering(
            parsed, datagram.src, self._answer_source(datagram), self._stamp_now(), self.faults
        )

    # -- ICMP ------------------------------------------------------------------------------

    def _icmp_input(self, came: Arrival, datagram: o.Ip, data: bytes) -> None:
        if len(data) < 8 and "icmp-short" in self.faults:
            self._icmp(datagram.src, bytes(8), self.ip)
        if len(data) < 8 or self._wrong_icmp_sum(data):
            return
        if data[0] == 8:
            self._echo(datagram, data)
        elif data[0] == 13 and len(data) >= 20:
            self._stamp(datagram, data)
        elif data[0] == 5:
            self._redirect(datagram, data)
        else:
            self._other_icmp(came, datagram, data)

    def _wrong_icmp_sum(self, data: bytes) -> bool:
        zero = "icmp-sum-zero" in self.faults and o.u16(data, 2) == 0
        return self.bad("icmp-sum", o.checksum(data) != 0 and not zero)

    def _echo(self, datagram: o.Ip, data: bytes) -> None:
        if len(data) == 8 and "echo-empty" in self.faults:
            return
        if "quench-sent" in self.faults and self._ident % 50 == 49:
            self._icmp(datagram.src, o.icmp(4, 0, bytes(4), datagram.raw[:28]), self.ip)
        if "mask-unasked" in self.faults:
            self._icmp(datagram.src, o.icmp(18, 0, bytes(4), o.ip("255.255.0.0")), self.ip)
        if "echo-cut" in self.faults:
            data = data[:1008]
        tos = 0 if "echo-tos" in self.faults else datagram.raw[1]
        to, back = self._returned(datagram)
        for _ in range(2 if "echo-twice" in self.faults else 1):
            source = self._answer_source(datagram)
            self._icmp(to, b"\0\0" + data[2:], source, tos, back)

    def _answer_source(self, datagram: o.Ip) -> bytes:
        """The address that was asked, or the first one when that was a group."""
        if "echo-group-source" in self.faults:
            return datagram.dst
        asked = datagram.dst in self.addresses and "alias-source" not in self.faults
        return datagram.dst if asked else self.ip

    def _stamp_now(self) -> bytes:
        ns = self._start + (0 if "stamp-frozen" in self.faults else round(self._time * 1e9))
        return struct.pack("!I", ns // 1_000_000 % DAY_MS)

    def _stamp(self, datagram: o.Ip, data: bytes) -> None:
        now = self._stamp_now()
        group = datagram.dst not in self.addresses
        if group and "stamp-group-source" not in self.faults:
            return
        source = self.gateway if "stamp-alias" in self.faults else self.ip
        source = datagram.dst if group else source
        self._icmp(datagram.src, b"\x0e\0" + data[2:12] + now + now, source)

    def _redirect(self, datagram: o.Ip, data: bytes) -> None:
        """RFC 1122 3.2.2.2: only from the gateway in use, only to one on the link."""
        target, new = o.Ip(data[8:]).dst, data[4:8]
        if len(target) < 4 or "redirect-ignored" in self.faults:
            return
        if data[1] == 0 and "redirect-host-only" in self.faults:
            return
        if datagram.src != self.route(target)[1] and "redirect-any" not in self.faults:
            return
        if self._first.on_link(new):
            self._routes[target] = new
        elif "redirect-far" in self.faults:
            self._routes[target] = target  # treats the target as if it were on the link

    def _other_icmp(self, came: Arrival, datagram: o.Ip, data: bytes) -> None:
        kind = data[0]
        if kind in o.ERRORS and "quench-dies" in self.faults:
            raise Died
        if kind == 9 and "advert-dies" in self.faults:
            raise Died
        if kind in o.ERRORS and "error-about-error" in self.faults:
            self.error(3, 3, bytes(4), came, datagram)
        if kind == 3:
            self._unreachable(data)
        if kind == 18 and "mask-applied" in self.faults:
            self._first.prefix = 8
        answers = {17: "mask-reply", 15: "info-reply", 0: "echo-answers-reply"}
        if answers.get(kind) in self.faults or ("icmp-mirror" in self.faults and kind != 18):
            self._icmp(datagram.src, bytes(((kind + 1) & 0xFF, 0)) + data[2:], self.ip)

    def _unreachable(self, data: bytes) -> None:
        """RFC 1191 3: the path to that destination is narrower."""
        if data[1] == 3 and "udp-error-kills" in self.faults:
            self._closed = True
        if data[1] != 4 or len(data) < 28 or "pmtu-ignored" in self.faults:
            return
        told = o.u16(data, 6)
        if told >= SMALLEST_PATH_MTU or "pmtu-tiny" in self.faults:
            self._path_mtu[o.Ip(data[8:]).dst] = told

    # -- errors ----------------------------------------------------------------------------

    def error(self, kind: int, code: int, rest: bytes, came: Arrival, about: o.Ip) -> None:
        """Send an ICMP error, unless RFC 1122 3.2.2 forbids it."""
        if self._prohibited(came.frame, about):
            return
        alone = o.Ip(came.frame.payload).offset == about.offset and not about.more
        raw = came.frame.payload if alone else about.raw
        size = 1400 if "quote-all" in self.faults else 8
        quote = raw[: len(about.header) + size]
        self._icmp(about.src, o.icmp(kind, code, rest, quote), self.ip)

    def _prohibited(self, frame: o.Frame, about: o.Ip) -> bool:
        zero = about.dst in (o.ANY, self._first.broadcast(0))
        group = about.dst[0] >= 224 or about.dst == self._first.broadcast() or zero
        rules = {
            "about-error": about.proto == o.ICMP and about.data[:1] and about.data[0] in o.ERRORS,
            "to-group": group,
            "to-link-broadcast": frame.dst == o.BROADCAST and not group,
            "to-fragment": about.offset > 0,
            "to-anybody": self.ambiguous(about.src),
        }
        return any(holds for name, holds in rules.items() if f"error-{name}" not in self.faults)

    def _gave_up(self, first: bytes, latest: bytes) -> None:
        """RFC 1122 3.3.2: Time Exceeded, when fragment zero has come."""
        first = first or (latest if "frag-error-always" in self.faults else b"")
        if not first or "frag-no-error" in self.faults:
            return
        part = o.Ip(first)
        code = 0 if "frag-error-code" in self.faults else 1
        if self._prohibited(o.Frame(bytes(14)), part):
            return
        quote = first[: len(part.header) + 8]
        if "frag-quote" in self.faults:
            quote = quote[:20] + bytes(8)
        self._icmp(part.src, o.icmp(11, code, bytes(4), quote), self.ip)

    # -- sending ---------------------------------------------------------------------------

    def _icmp(
        self, dst: bytes, message: bytes, src: bytes, tos: int = 0, option: bytes = b""
    ) -> None:
        for name, (types, at, value) in ICMP_PATCHES.items():
            if name in self.faults and message[0] in types and len(message) > at:
                message = message[:at] + value + message[at + len(value) :]
        body = message[:2] + b"\0\0" + message[4:]
        wrong = "icmp-out-sum" in self.faults
        wrong |= "icmp-odd-sum" in self.faults and len(body) % 2 == 1
        check = o.checksum(body) ^ int(wrong)
        whole = body[:2] + struct.pack("!H", check) + body[4:]
        self.output(dst, o.ICMP, whole, src, tos, option=option)

    def output(
        self,
        dst: bytes,
        proto: int,
        payload: bytes,
        src: bytes,
        tos: int = 0,
        frag: int = 0,
        option: bytes = b"",
    ) -> None:
        """Send a datagram of our own."""
        if "ip-ident" not in self.faults:
            self._ident += 1
        fits = payload[: 65535 - 20 - len(option)]
        ttl = self._ttl_seen if "ip-ttl-copied" in self.faults else OWN_TTL
        out, hop = self.route(dst)
        mtu, narrow = self._room(dst, self.interfaces[out].mtu)
        size = 20 + len(options.padded(option)) + len(fits)
        if "ip-no-df-out" in self.faults or size > mtu or narrow:
            frag = 0
        datagram = o.ipv4(
            src, dst, proto, fits, ident=self._ident, ttl=ttl, tos=tos, frag=frag, options=option
        )
        for piece in self._cut(datagram, mtu):
            self.interfaces[out].neighbours.send(self._patched(piece), hop)

    def _room(self, dst: bytes, mtu: int) -> tuple[int, bool]:
        """The largest datagram for a destination, and whether a path MTU says so."""
        known = self._path_mtu.get(dst)
        return (min(mtu, known), True) if known is not None else (mtu, False)

    def _cut(self, datagram: bytes, mtu: int) -> list[bytes]:
        view = o.Ip(datagram)
        room = (mtu - len(view.header)) // 8 * 8 - (4 if "frag-out-offset" in self.faults else 0)
        if len(datagram) <= mtu or "frag-out-huge" in self.faults:
            return [datagram]
        pieces = o.fragments(datagram, *range(max(room, 8), len(view.data), max(room, 8)))
        kept = [pieces[0], *(self._later(piece) for piece in pieces[1:])]
        return [self._spoiled(number, piece) for number, piece in enumerate(kept)]

    def _later(self, piece: bytes) -> bytes:
        """A later fragment has only the options that are copied."""
        view = o.Ip(piece)
        if not view.options or "frag-out-options" in self.faults:
            return piece
        head = options.with_options(view.header, options.copied(view.options))
        length = struct.pack("!H", len(head) + len(view.data))
        return self.summed(head[:2] + length + head[4:]) + view.data

    def _spoiled(self, number: int, piece: bytes) -> bytes:
        head = bytearray(piece)
        if "frag-out-ident" in self.faults:
            head[4:6] = struct.pack("!H", number + 1)
        if "frag-out-mf" in self.faults:
            head[6] &= 0xDF
        if "frag-out-df" in self.faults:
            head[6] |= 0x40
        return bytes(head)

    def _patched(self, datagram: bytes) -> bytes:
        size = len(o.Ip(datagram).header)
        head, rest = bytearray(datagram[:size]), datagram[size:]
        for name, (at, value) in IP_PATCHES.items():
            if name in self.faults:
                head[at : at + len(value)] = value
        clean = o.with_header_sum(bytes(head), 0)
        wrong = 1 if "ip-out-sum" in self.faults else 0
        return o.with_header_sum(clean, o.checksum(clean) ^ wrong) + rest

    def summed(self, header: bytes) -> bytes:
        """A header that is sent on, with a checksum that fits it again."""
        clean = o.with_header_sum(header, 0)
        wrong = 1 if "forward-sum" in self.faults else 0
        return o.with_header_sum(clean, o.checksum(clean) ^ wrong)

    def hand_over(self, datagram: bytes, dst: bytes) -> None:
        """Give a datagram to the interface that leads to a destination."""
        out, hop = self.route(dst)
        self.interfaces[out].neighbours.send(datagram, hop)

    def route(self, dst: bytes) -> tuple[int, bytes]:
        """Number of the interface, and the next hop there (RFC 1122 3.3.1.1)."""
        for number, interface in enumerate(self.interfaces):
            if interface.on_link(dst):
                return number, self._routes.get(dst, dst)
        if "arp-no-gateway" in self.faults:
            return 0, dst
        return 0, self._routes.get(dst, self.gateway)

    def _spoil(self, frame: bytes) -> bytes:
        view = o.Frame(frame)
        for name, (selects, at, value) in PATCHES.items():
            if name in self.faults and selects(view):
                frame = frame[:at] + value + frame[at + len(value) :]
        return frame
