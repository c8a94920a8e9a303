# SPDX-License-Identifier: GPL-2.0-only
"""ICMP as RFC 792, RFC 1122 3.2.2 and RFC 1191 describe it: part of the mutant DUT."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from artifact.conformance import octets as o
from artifact.conformance.duts.faults import ICMP_PATCHES
from artifact.conformance.duts.interface import Arrival
from artifact.conformance.duts.reassembly import Died

if TYPE_CHECKING:
    from artifact.conformance.duts.responder import Responder

SMALLEST_PATH_MTU = 68  # RFC 1191 3


class Icmp:
    """Queries that are answered, errors that are believed, errors that are sent."""

    def __init__(self, stack: Responder) -> None:
        self._stack, self._faults = stack, stack.faults

    def input(self, came: Arrival, datagram: o.Ip, data: bytes) -> None:
        """Handle a message."""
        if len(data) < 8 and "icmp-short" in self._faults:
            self._send(datagram.src, bytes(8), self._stack.ip)
        if len(data) < 8 or self._wrong_sum(data):
            return
        if data[0] == 8:
            self._echo(datagram, data)
        elif data[0] == 13 and len(data) >= 20:
            self._stamp(datagram, data)
        elif data[0] == 5:
            self._redirect(datagram, data)
        else:
            self._other(came, datagram, data)

    def _wrong_sum(self, data: bytes) -> bool:
        zero = "icmp-sum-zero" in self._faults and o.u16(data, 2) == 0
        return self._stack.bad("icmp-sum", o.checksum(data) != 0 and not zero)

    def _echo(self, datagram: o.Ip, data: bytes) -> None:
        if len(data) == 8 and "echo-empty" in self._faults:
            return
        if "quench-sent" in self._faults and self._stack.output.ident % 50 == 49:
            self._send(datagram.src, o.icmp(4, 0, bytes(4), datagram.raw[:28]), self._stack.ip)
        if "mask-unasked" in self._faults:
            self._send(datagram.src, o.icmp(18, 0, bytes(4), o.ip("255.255.0.0")), self._stack.ip)
        if "echo-cut" in self._faults:
            data = data[:1008]
        tos = 0 if "echo-tos" in self._faults else datagram.raw[1]
        to, back = self._stack.returned(datagram)
        for _ in range(2 if "echo-twice" in self._faults else 1):
            source = self._stack.answer_source(datagram)
            self._send(to, b"\0\0" + data[2:], source, tos, back)

    def _stamp(self, datagram: o.Ip, data: bytes) -> None:
        now = self._stack.stamp_now()
        group = datagram.dst not in self._stack.addresses
        if group and "stamp-group-source" not in self._faults:
            return
        source = self._stack.gateway if "stamp-alias" in self._faults else self._stack.ip
        source = datagram.dst if group else source
        self._send(datagram.src, b"\x0e\0" + data[2:12] + now + now, source)

    def _redirect(self, datagram: o.Ip, data: bytes) -> None:
        """RFC 1122 3.2.2.2: only from the gateway in use, only to one on the link."""
        target, new = o.Ip(data[8:]).dst, data[4:8]
        if len(target) < 4 or "redirect-ignored" in self._faults:
            return
        if data[1] == 0 and "redirect-host-only" in self._faults:
            return
        if (
            datagram.src != self._stack.output.route(target)[1]
            and "redirect-any" not in self._faults
        ):
            return
        if self._stack.first.on_link(new):
            self._stack.output.routes[target] = new
        elif "redirect-far" in self._faults:
            self._stack.output.routes[target] = (
                target  # treats the target as if it were on the link
            )

    def _other(self, came: Arrival, datagram: o.Ip, data: bytes) -> None:
        kind = data[0]
        if kind in o.ERRORS and "quench-dies" in self._faults:
            raise Died
        if kind == 9 and "advert-dies" in self._faults:
            raise Died
        if kind in o.ERRORS and "error-about-error" in self._faults:
            self.error(3, 3, bytes(4), came, datagram)
        if kind == 3:
            self._unreachable(data)
        if kind == 18 and "mask-applied" in self._faults:
            self._stack.first.prefix = 8
        answers = {17: "mask-reply", 15: "info-reply", 0: "echo-answers-reply"}
        if answers.get(kind) in self._faults or ("icmp-mirror" in self._faults and kind != 18):
            self._send(datagram.src, bytes(((kind + 1) & 0xFF, 0)) + data[2:], self._stack.ip)

    def _unreachable(self, data: bytes) -> None:
        """RFC 1191 3: the path to that destination is narrower."""
        if data[1] == 3 and "udp-error-kills" in self._faults:
            self._stack.udp.closed = True
        if data[1] != 4 or len(data) < 28 or "pmtu-ignored" in self._faults:
            return
        told = o.u16(data, 6)
        if told >= SMALLEST_PATH_MTU or "pmtu-tiny" in self._faults:
            self._stack.output.path_mtu[o.Ip(data[8:]).dst] = told

    def error(self, kind: int, code: int, rest: bytes, came: Arrival, about: o.Ip) -> None:
        """Send an ICMP error, unless RFC 1122 3.2.2 forbids it."""
        if self._prohibited(came.frame, about):
            return
        alone = o.Ip(came.frame.payload).offset == about.offset and not about.more
        raw = came.frame.payload if alone else about.raw
        size = 1400 if "quote-all" in self._faults else 8
        quote = raw[: len(about.header) + size]
        self._send(about.src, o.icmp(kind, code, rest, quote), self._stack.ip)

    def _prohibited(self, frame: o.Frame, about: o.Ip) -> bool:
        zero = about.dst in (o.ANY, self._stack.first.broadcast(0))
        group = about.dst[0] >= 224 or about.dst == self._stack.first.broadcast() or zero
        rules = {
            "about-error": about.proto == o.ICMP and about.data[:1] and about.data[0] in o.ERRORS,
            "to-group": group,
            "to-link-broadcast": frame.dst == o.BROADCAST and not group,
            "to-fragment": about.offset > 0,
            "to-anybody": self._stack.ambiguous(about.src),
        }
        return any(holds for name, holds in rules.items() if f"error-{name}" not in self._faults)

    def gave_up(self, first: bytes, latest: bytes) -> None:
        """RFC 1122 3.3.2: Time Exceeded, when fragment zero has come."""
        first = first or (latest if "frag-error-always" in self._faults else b"")
        if not first or "frag-no-error" in self._faults:
            return
        part = o.Ip(first)
        code = 0 if "frag-error-code" in self._faults else 1
        if self._prohibited(o.Frame(bytes(14)), part):
            return
        quote = first[: len(part.header) + 8]
        if "frag-quote" in self._faults:
            quote = quote[:20] + bytes(8)
        self._send(part.src, o.icmp(11, code, bytes(4), quote), self._stack.ip)

    def _send(
        self, dst: bytes, message: bytes, src: bytes, tos: int = 0, option: bytes = b""
    ) -> None:
        for name, (types, at, value) in ICMP_PATCHES.items():
            if name in self._faults and message[0] in types and len(message) > at:
                message = message[:at] + value + message[at + len(value) :]
        body = message[:2] + b"\0\0" + message[4:]
        wrong = "icmp-out-sum" in self._faults
        wrong |= "icmp-odd-sum" in self._faults and len(body) % 2 == 1
        check = o.checksum(body) ^ int(wrong)
        whole = body[:2] + struct.pack("!H", check) + body[4:]
        self._stack.output.send(dst, o.ICMP, whole, src, tos, option=option)
