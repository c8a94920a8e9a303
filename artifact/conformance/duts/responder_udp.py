# SPDX-License-Identifier: GPL-2.0-only
"""UDP echo as RFC 768, 862 and RFC 1122 4.1 describe it: part of the mutant DUT."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from artifact.conformance import octets as o
from artifact.conformance.duts.interface import Arrival
from artifact.conformance.duts.reassembly import Died

if TYPE_CHECKING:
    from artifact.conformance.duts.responder import Responder

ECHO_PORT = 7


class Udp:
    """The one service, and reports about all other ports."""

    def __init__(self, stack: Responder) -> None:
        self._stack, self._faults = stack, stack.faults
        self.closed = False  # with the fault udp-error-kills only

    def input(self, came: Arrival, datagram: o.Ip, data: bytes) -> None:
        """Handle a datagram."""
        checked = self._checked(datagram, data)
        if checked is None:
            return
        sport, dport = o.u16(data, 0), o.u16(data, 2)
        if dport != ECHO_PORT:
            if "error-no-port" not in self._faults:
                code = 2 if "udp-error-code" in self._faults else 3
                self._stack.icmp.error(3, code, bytes(4), came, datagram)
        elif not self.closed and "udp-none" not in self._faults:
            self._echo(datagram, sport, checked)

    def _checked(self, datagram: o.Ip, data: bytes) -> bytes | None:
        """The user's data, if header, length and checksum are right (RFC 768)."""
        if len(data) < 8:
            if "udp-short-dies" in self._faults:
                raise Died
            return None
        length = o.u16(data, 4)
        if self._stack.bad("udp-short", length < 8) or self._stack.bad(
            "udp-long", length > len(data)
        ):
            return None
        size = length if 8 <= length <= len(data) else len(data)
        body = data if "udp-padding" in self._faults else data[:size]
        seen = o.u16(data, 6)
        pseudo = datagram.src + datagram.dst + struct.pack("!BBH", 0, o.UDP, size)
        wrong = o.checksum(pseudo + data[:size]) != 0
        if "udp-odd" in self._faults and size % 2:
            return None
        if seen == 0:
            return None if "udp-sum-required" in self._faults else body[8:]
        return None if self._stack.bad("udp-sum", wrong) else body[8:]

    def _echo(self, datagram: o.Ip, sport: int, data: bytes) -> None:
        if sport == 0 and "udp-port-0-dies" in self._faults:
            raise Died
        if sport == 0:
            return  # RFC 768: no reply is expected
        if not data and "udp-empty" in self._faults:
            return
        if "udp-cut" in self._faults:
            data = data[:100]
        source = self._stack.answer_source(datagram)
        own = 8 if "udp-other-port" in self._faults else ECHO_PORT
        answer = o.udp(source, datagram.src, own, sport, data)
        if "udp-out-sum" in self._faults:
            answer = answer[:6] + bytes((answer[6] ^ 1,)) + answer[7:]
        if "udp-out-no-sum" in self._faults:
            answer = answer[:6] + bytes(2) + answer[8:]
        if "udp-out-length" in self._faults:
            answer = answer[:4] + struct.pack("!H", len(answer) + 4) + answer[6:]
        to, back = self._stack.returned(datagram)
        self._stack.output.send(to, o.UDP, answer, source, frag=o.DF, option=back)
