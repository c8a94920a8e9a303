# SPDX-License-Identifier: GPL-2.0-only
"""Routes, path MTU, fragments (RFC 791 3.2, 1122 3.3.1): part of the mutant DUT."""

from __future__ import annotations

import struct

from artifact.conformance import octets as o
from artifact.conformance.duts import options
from artifact.conformance.duts.faults import IP_PATCHES
from artifact.conformance.duts.interface import Interface

OWN_TTL = 64


class Output:
    """What leaves the responder on the way to an interface."""

    def __init__(self, interfaces: list[Interface], gateway: bytes, faults: frozenset[str]) -> None:
        self.interfaces, self.gateway, self.faults = interfaces, gateway, faults
        self.routes: dict[bytes, bytes] = {}  # from redirects
        self.path_mtu: dict[bytes, int] = {}
        self.ident = 0
        self.ttl_seen = OWN_TTL  # used by the fault ip-ttl-copied only

    def send(
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
            self.ident += 1
        fits = payload[: 65535 - 20 - len(option)]
        ttl = self.ttl_seen if "ip-ttl-copied" in self.faults else OWN_TTL
        out, hop = self.route(dst)
        mtu, narrow = self._room(dst, self.interfaces[out].mtu)
        size = 20 + len(options.padded(option)) + len(fits)
        if "ip-no-df-out" in self.faults or size > mtu or narrow:
            frag = 0
        datagram = o.ipv4(
            src, dst, proto, fits, ident=self.ident, ttl=ttl, tos=tos, frag=frag, options=option
        )
        for piece in self._cut(datagram, mtu):
            self.interfaces[out].neighbours.send(self._patched(piece), hop)

    def _room(self, dst: bytes, mtu: int) -> tuple[int, bool]:
        """The largest datagram for a destination, and whether a path MTU says so."""
        known = self.path_mtu.get(dst)
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
                return number, self.routes.get(dst, dst)
        if "arp-no-gateway" in self.faults:
            return 0, dst
        return 0, self.routes.get(dst, self.gateway)
