# SPDX-License-Identifier: GPL-2.0-only
"""A small host: ARP, IPv4 with fragments and options, ICMP, UDP echo. And its faults.

Without faults it does what RFC 826, 791, 792, 1112, 1122 and 5227 ask of a host without
forwarding; each fault named in artifact.conformance.duts.faults breaks one thing. It exists to
prove that each case of the suite can fail. It answers a frame before it looks at the next.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable

from artifact.conformance import octets as o
from artifact.conformance.duts.faults import ICMP_PATCHES, IP_PATCHES, PATCHES
from artifact.conformance.duts.neighbours import Neighbours
from artifact.conformance.duts.reassembly import Died, Reassembly

ALL_HOSTS = bytes((224, 0, 0, 1))
ECHO_PORT = 7
OWN_TTL = 64
END, NOP, ROUTE, STREAM, LOOSE, STRICT, STAMP = 0, 1, 7, 136, 131, 137, 68
DAY_MS = 86_400_000


class Responder:
    """Takes frames, hands answers to `emit`."""

    def __init__(
        self,
        mac: bytes,
        ip: bytes,
        prefix: int,
        gateway: bytes,
        mtu: int,
        faults: frozenset[str],
        emit: Callable[[bytes], None],
    ) -> None:
        self.ip, self.prefix, self.gateway, self.mtu = ip, prefix, gateway, mtu
        self.faults = faults
        self.dead = False
        self._wire = emit
        self._neighbours = Neighbours(mac, ip, faults, self._emit)
        self._reassembly = Reassembly(faults)
        self._routes: dict[bytes, bytes] = {}
        self._ident = 0
        self._ttl_seen = OWN_TTL  # used by the fault ip-ttl-copied only

    def receive(self, raw: bytes) -> None:
        """Process one frame."""
        if self.dead or len(raw) < 14:
            return
        frame = o.Frame(raw)
        try:
            if frame.kind == o.ARP:
                self._neighbours.receive(frame)
            elif frame.kind == o.IPV4:
                self._input(frame)
        except Died:
            self.dead = True

    def _bad(self, name: str, condition: bool) -> bool:
        return condition and f"skip-{name}" not in self.faults

    # -- sending ---------------------------------------------------------------------------

    def _emit(self, frame: bytes) -> None:
        view = o.Frame(frame)
        for name, (selects, at, value) in PATCHES.items():
            if name in self.faults and selects(view):
                frame = frame[:at] + value + frame[at + len(value) :]
        self._wire(frame)

    def _output(self, dst: bytes, proto: int, payload: bytes, src: bytes, tos: int = 0) -> None:
        if "ip-ident" not in self.faults:
            self._ident += 1
        fits = payload[: 65535 - 20]
        ttl = self._ttl_seen if "ip-ttl-copied" in self.faults else OWN_TTL
        datagram = o.ipv4(src, dst, proto, fits, ident=self._ident, ttl=ttl, tos=tos)
        for piece in self._cut(datagram):
            self._hand_over(self._patched(piece), dst)

    def _cut(self, datagram: bytes) -> list[bytes]:
        room = (self.mtu - 20) // 8 * 8 - (4 if "frag-out-offset" in self.faults else 0)
        size = len(datagram) - 20
        if size <= self.mtu - 20 or "frag-out-huge" in self.faults:
            return [datagram]
        pieces = o.fragments(datagram, *range(room, size, room))
        return [self._spoiled(number, piece) for number, piece in enumerate(pieces)]

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
        head, rest = bytearray(datagram[:20]), datagram[20:]
        for name, (at, value) in IP_PATCHES.items():
            if name in self.faults:
                head[at : at + len(value)] = value
        clean = o.with_header_sum(bytes(head), 0)
        wrong = 1 if "ip-out-sum" in self.faults else 0
        return o.with_header_sum(clean, o.checksum(clean) ^ wrong) + rest

    def _hand_over(self, datagram: bytes, dst: bytes) -> None:
        self._neighbours.send(datagram, self._next_hop(dst))

    def _next_hop(self, dst: bytes) -> bytes:
        if dst in self._routes:
            return self._routes[dst]
        if self._on_link(dst) or "arp-no-gateway" in self.faults:
            return dst
        return self.gateway

    def _on_link(self, address: bytes) -> bool:
        shift = 32 - self.prefix
        return int.from_bytes(address, "big") >> shift == int.from_bytes(self.ip, "big") >> shift

    def _icmp(self, dst: bytes, message: bytes, src: bytes, tos: int = 0) -> None:
        for name, (types, at, value) in ICMP_PATCHES.items():
            if name in self.faults and message[0] in types and len(message) > at:
                message = message[:at] + value + message[at + len(value) :]
        body = message[:2] + b"\0\0" + message[4:]
        wrong = "icmp-out-sum" in self.faults
        wrong |= "icmp-odd-sum" in self.faults and len(body) % 2 == 1
        check = o.checksum(body) ^ int(wrong)
        self._output(dst, o.ICMP, body[:2] + struct.pack("!H", check) + body[4:], src, tos)

    # -- receiving -------------------------------------------------------------------------

    def _input(self, frame: o.Frame) -> None:
        datagram = self._checked(frame.payload)
        if datagram is None:
            return
        self._ttl_seen = datagram.raw[8]
        if self._misaddressed(frame, datagram):
            return
        if not self._options(frame, datagram):
            return
        if datagram.more or datagram.offset:
            whole = self._reassembly.add(datagram)
            if whole is None:
                return
            # what follows looks at the data, whose length may not fit the length field
            self._deliver(frame, o.Ip(whole), whole[len(o.Ip(whole).header) :])
            return
        self._deliver(frame, datagram, datagram.data)

    def _checked(self, raw: bytes) -> o.Ip | None:
        """The datagram without padding, if its header is right (RFC 791 3.1, 1122 3.2.1)."""
        if len(raw) < 20 or self._bad("version", raw[0] >> 4 != 4):
            return None
        if self._bad("ihl", raw[0] & 15 < 5):
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
            return None if self._bad("short-length", True) else o.Ip(whole)
        if header > length:
            return None if self._bad("header-end", True) else o.Ip(b"\x45" + raw[1:])
        if length > len(raw):
            return None if self._bad("length", True) else o.Ip(whole)
        return o.Ip(whole if "ip-padding" in self.faults else raw)

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

    def _misaddressed(self, frame: o.Frame, datagram: o.Ip) -> bool:
        if "ip-land" in self.faults and datagram.src == datagram.dst:
            raise Died
        if not self._for_me(datagram):
            if {"ip-forwards", "redirect-sent"} & self.faults:
                self._forward(datagram)
            return "skip-destination" not in self.faults
        unicast = datagram.dst == self.ip
        if self._bad("link-broadcast", unicast and frame.dst[0] & 1 == 1):
            return "error-to-link-broadcast" not in self.faults
        if self._no_host(datagram.src):
            return not {"skip-source", "error-to-anybody"} & self.faults
        return self._refused_by_fault(datagram)

    def _refused_by_fault(self, datagram: o.Ip) -> bool:
        reasons = {
            "ip-no-df": o.u16(datagram.raw, 6) & o.DF != 0,
            "ip-tos": datagram.raw[1] != 0,
            "ip-ttl-1": datagram.raw[8] == 1,
            "ip-ttl-0": datagram.raw[8] == 0,
        }
        return any(holds for name, holds in reasons.items() if name in self.faults)

    def _for_me(self, datagram: o.Ip) -> bool:
        dst = datagram.dst
        accepted = {self.ip, ALL_HOSTS}
        if "ip-limited" not in self.faults:
            accepted.add(o.LIMITED_BROADCAST)
        if "ip-directed" not in self.faults:
            accepted.add(self._subnet_broadcast())
        return dst in accepted or ("udp-any-group" in self.faults and 224 <= dst[0] < 240)

    def _subnet_broadcast(self) -> bytes:
        host = (1 << (32 - self.prefix)) - 1
        return (int.from_bytes(self.ip, "big") | host).to_bytes(4, "big")

    def _no_host(self, src: bytes) -> bool:
        """Sources that RFC 1122 3.2.1.3 calls invalid, and our own."""
        return self._ambiguous(src) or src[0] == 0 or src == self.ip

    def _ambiguous(self, src: bytes) -> bool:
        return src[0] in (0, 127) or src[0] >= 224 or src == self._subnet_broadcast()

    def _forward(self, datagram: o.Ip) -> None:
        if "redirect-sent" in self.faults:
            message = o.icmp(5, 1, datagram.dst, datagram.header + datagram.data[:8])
            self._icmp(datagram.src, message, self.ip)
            return
        head = bytearray(datagram.header)
        head[8] -= 1
        clean = o.with_header_sum(bytes(head), 0)
        fresh = o.with_header_sum(clean, o.checksum(clean)) + datagram.data
        self._hand_over(fresh, datagram.dst)

    # -- options ---------------------------------------------------------------------------

    def _options(self, frame: o.Frame, datagram: o.Ip) -> bool:
        """Go through the options; False when the datagram goes no further."""
        if datagram.options and "ip-no-options" in self.faults:
            return False
        if len(datagram.options) == 40 and "ip-option-long" in self.faults:
            return False
        at = 0
        while at < len(datagram.options):
            kind = datagram.options[at]
            if kind == END and "ip-junk-after-end" not in self.faults:
                return True
            if kind in (END, NOP):
                at += 1
                continue
            size = datagram.options[at + 1] if at + 1 < len(datagram.options) else 0
            if size < 2 or at + size > len(datagram.options):
                return self._bad_length(frame, datagram, at)
            if not self._option(frame, datagram, datagram.options[at : at + size]):
                return False
            at += size
        return True

    def _bad_length(self, frame: o.Frame, datagram: o.Ip, at: int) -> bool:
        if "skip-option-length" in self.faults:
            return True
        self._error(12, 0, bytes((20 + at + 1, 0, 0, 0)), frame, datagram)
        return False

    def _option(self, frame: o.Frame, datagram: o.Ip, option: bytes) -> bool:
        kind, incomplete = option[0], len(option) > 2 and option[2] <= len(option)
        if kind in (LOOSE, STRICT) and incomplete:
            if "ip-source-route" in self.faults:
                self._hand_over(datagram.raw, option[option[2] - 1 : option[2] + 3])
                return False
            self._error(3, 5, bytes(4), frame, datagram)
            return False
        if kind not in (ROUTE, LOOSE, STRICT, STAMP) and "ip-unknown-option" in self.faults:
            return False
        return not (kind == ROUTE and not incomplete and "ip-full-route" in self.faults)

    # -- transports ------------------------------------------------------------------------

    def _deliver(self, frame: o.Frame, datagram: o.Ip, data: bytes) -> None:
        if datagram.proto == o.ICMP:
            if "icmp-none" not in self.faults:
                self._icmp_input(frame, datagram, data)
        elif datagram.proto == o.UDP:
            self._udp_input(frame, datagram, data)
        elif "error-no-proto" not in self.faults:
            self._error(3, 2, bytes(4), frame, datagram)

    def _udp_input(self, frame: o.Frame, datagram: o.Ip, data: bytes) -> None:
        if len(data) < 8:
            return
        sport, dport = o.u16(data, 0), o.u16(data, 2)
        if dport != ECHO_PORT:
            if "error-no-port" not in self.faults:
                self._error(3, 3, bytes(4), frame, datagram)
        elif "udp-none" not in self.faults:
            answer = o.udp(self.ip, datagram.src, dport, sport, data[8 : o.u16(data, 4)])
            self._output(datagram.src, o.UDP, answer, self.ip)

    def _icmp_input(self, frame: o.Frame, datagram: o.Ip, data: bytes) -> None:
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
            self._other_icmp(frame, datagram, data)

    def _wrong_icmp_sum(self, data: bytes) -> bool:
        zero = "icmp-sum-zero" in self.faults and o.u16(data, 2) == 0
        return self._bad("icmp-sum", o.checksum(data) != 0 and not zero)

    def _echo(self, datagram: o.Ip, data: bytes) -> None:
        if len(data) == 8 and "echo-empty" in self.faults:
            return
        if "quench-sent" in self.faults and self._ident % 50 == 49:
            self._icmp(datagram.src, o.icmp(4, 0, bytes(4), datagram.raw[:28]), self.ip)
        if "echo-cut" in self.faults:
            data = data[:1008]
        for _ in range(2 if "echo-twice" in self.faults else 1):
            self._icmp(datagram.src, b"\0\0" + data[2:], self._answer_source(datagram))

    def _answer_source(self, datagram: o.Ip) -> bytes:
        keep = "echo-group-source" in self.faults
        return datagram.dst if keep else self.ip

    def _stamp(self, datagram: o.Ip, data: bytes) -> None:
        now = struct.pack("!I", time.time_ns() // 1_000_000 % DAY_MS)
        source = self.gateway if "stamp-alias" in self.faults else self.ip
        self._icmp(datagram.src, b"\x0e\0" + data[2:12] + now + now, source)

    def _redirect(self, datagram: o.Ip, data: bytes) -> None:
        """RFC 1122 3.2.2.2: only from the gateway in use, only to one on the link."""
        target, new = o.Ip(data[8:]).dst, data[4:8]
        if len(target) < 4:
            return
        if datagram.src != self._next_hop(target) and "redirect-any" not in self.faults:
            return
        if self._on_link(new):
            self._routes[target] = new
        elif "redirect-far" in self.faults:
            self._routes[target] = target  # treats the target as if it were on the link

    def _other_icmp(self, frame: o.Frame, datagram: o.Ip, data: bytes) -> None:
        kind = data[0]
        if kind in o.ERRORS and "quench-dies" in self.faults:
            raise Died
        if kind in o.ERRORS and "error-about-error" in self.faults:
            self._error(3, 3, bytes(4), frame, datagram)
        if kind == 18 and "mask-applied" in self.faults:
            self.prefix = 8
        answers = {17: "mask-reply", 15: "info-reply", 0: "echo-answers-reply"}
        if answers.get(kind) in self.faults or ("icmp-mirror" in self.faults and kind != 18):
            self._icmp(datagram.src, bytes(((kind + 1) & 0xFF, 0)) + data[2:], self.ip)

    # -- errors ----------------------------------------------------------------------------

    def _error(self, kind: int, code: int, rest: bytes, frame: o.Frame, about: o.Ip) -> None:
        """Send an ICMP error, unless RFC 1122 3.2.2 forbids it."""
        if self._prohibited(frame, about):
            return
        alone = o.Ip(frame.payload).offset == about.offset and not about.more
        raw = frame.payload if alone else about.raw
        quote = raw[: len(about.header) + 8]
        self._icmp(about.src, o.icmp(kind, code, rest, quote), self.ip)

    def _prohibited(self, frame: o.Frame, about: o.Ip) -> bool:
        group = about.dst[0] >= 224 or about.dst == self._subnet_broadcast()
        rules = {
            "about-error": about.proto == o.ICMP and about.data[:1] and about.data[0] in o.ERRORS,
            "to-group": group,
            "to-link-broadcast": frame.dst == o.BROADCAST and not group,
            "to-fragment": about.offset > 0,
            "to-anybody": self._ambiguous(about.src),
        }
        return any(holds for name, holds in rules.items() if f"error-{name}" not in self.faults)
