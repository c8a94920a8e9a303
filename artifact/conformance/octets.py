# SPDX-License-Identifier: GPL-2.0-only
"""Frames as octets: builders that send exactly what they are told, views that never rebuild.

A builder fills in a correct value for each field that is left out and sends any other as it
is, right or wrong. A view reads fields out of the octets that were captured.

Layouts: RFC 894 (Ethernet), RFC 826 (ARP), RFC 791 (IPv4), RFC 792 (ICMP), RFC 768 (UDP).
"""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import pairwise
from typing import TypedDict

ARP, IPV4, IPV6 = 0x0806, 0x0800, 0x86DD
ICMP, UDP = 1, 17
REQUEST, REPLY = 1, 2
DF, MF = 0x4000, 0x2000
OFFSET = 0x1FFF
BROADCAST = b"\xff" * 6
ZERO_MAC = bytes(6)
ANY = bytes(4)
LIMITED_BROADCAST = b"\xff" * 4
ERRORS = frozenset({3, 4, 5, 11, 12})  # ICMP types that report an error, RFC 1122 3.2.2


class HeaderFields(TypedDict, total=False):
    """Fields of an IPv4 header that a case may give another value."""

    ident: int
    ttl: int
    tos: int
    frag: int
    options: bytes
    version: int
    ihl: int
    length: int
    header_sum: int


def ip(text: str) -> bytes:
    """Four octets of a dotted address."""
    return IPv4Address(text).packed


def dotted(address: bytes) -> str:
    """A dotted address."""
    return str(IPv4Address(address))


def mac(text: str) -> bytes:
    """Six octets of a colon-separated Ethernet address."""
    return bytes.fromhex(text.replace(":", ""))


def colons(address: bytes) -> str:
    """A colon-separated Ethernet address."""
    return address.hex(":")


def checksum(data: bytes) -> int:
    """The internet checksum, RFC 1071; 0 when `data` contains its own right checksum."""
    even = data if len(data) % 2 == 0 else data + b"\0"
    total: int = sum(struct.unpack(f"!{len(even) // 2}H", even))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ethernet(dst: bytes, src: bytes, kind: int, payload: bytes) -> bytes:
    """An RFC 894 frame, without padding and check sequence."""
    return dst + src + struct.pack("!H", kind) + payload


def arp(
    op: int,
    sha: bytes,
    spa: bytes,
    tha: bytes,
    tpa: bytes,
    *,
    hrd: int = 1,
    pro: int = IPV4,
    hln: int = 6,
    pln: int = 4,
) -> bytes:
    """An ARP packet, RFC 826."""
    return struct.pack("!HHBBH", hrd, pro, hln, pln, op) + sha + spa + tha + tpa


def ipv4(
    src: bytes,
    dst: bytes,
    proto: int,
    payload: bytes,
    *,
    ident: int = 0,
    ttl: int = 64,
    tos: int = 0,
    frag: int = 0,
    options: bytes = b"",
    version: int = 4,
    ihl: int | None = None,
    length: int | None = None,
    header_sum: int | None = None,
) -> bytes:
    """A datagram, RFC 791. `frag` is the whole flags-and-offset word; options are padded."""
    options += bytes(-len(options) % 4)
    words = 5 + len(options) // 4 if ihl is None else ihl
    total = 20 + len(options) + len(payload) if length is None else length
    first = (version << 4 | words) & 0xFF
    head = struct.pack("!BBHHHBBH", first, tos, total, ident, frag, ttl, proto, 0) + src + dst
    head += options
    right = checksum(head)
    return with_header_sum(head, right if header_sum is None else header_sum) + payload


def with_header_sum(header: bytes, value: int) -> bytes:
    """The header with this value in its checksum field."""
    return header[:10] + struct.pack("!H", value) + header[12:]


def icmp(kind: int, code: int, rest: bytes, data: bytes = b"", check: int | None = None) -> bytes:
    """An ICMP message; `rest` is the second 32-bit word."""
    body = struct.pack("!BBH", kind, code, 0) + rest + data
    value = checksum(body) if check is None else check
    return body[:2] + struct.pack("!H", value) + body[4:]


def pair(ident: int, seq: int) -> bytes:
    """Identifier and sequence number of an ICMP query."""
    return struct.pack("!HH", ident, seq)


def udp(
    src: bytes,
    dst: bytes,
    sport: int,
    dport: int,
    data: bytes,
    *,
    length: int | None = None,
    check: int | None = None,
) -> bytes:
    """A UDP datagram with its checksum, RFC 768."""
    size = 8 + len(data) if length is None else length
    head = struct.pack("!HHHH", sport, dport, size, 0)
    right = udp_sum(src, dst, head + data, size) or 0xFFFF
    value = right if check is None else check
    return head[:6] + struct.pack("!H", value) + data


def udp_sum(src: bytes, dst: bytes, datagram: bytes, size: int) -> int:
    """The checksum over pseudo header and datagram; 0 when it contains its own right one."""
    return checksum(src + dst + struct.pack("!BBH", 0, UDP, size) + datagram)


def fragments(datagram: bytes, *cuts: int) -> list[bytes]:
    """Cut a datagram's data at these offsets (multiples of 8); options stay in every piece."""
    view = Ip(datagram)
    edges = [0, *cuts, len(view.data)]
    pieces = []
    for start, end in pairwise(edges):
        more = 0 if end == len(view.data) else MF
        pieces.append(refragment(view, start, view.data[start:end], more))
    return pieces


def refragment(view: "Ip", start: int, data: bytes, flags: int) -> bytes:
    """One piece of a datagram: `data` at octet offset `start`, with these flags."""
    word = flags | start // 8
    head = bytearray(view.header)
    head[2:4] = struct.pack("!H", len(head) + len(data))
    head[6:8] = struct.pack("!H", word)
    clean = with_header_sum(bytes(head), 0)
    return with_header_sum(clean, checksum(clean)) + data


def u16(data: bytes, at: int) -> int:
    """A big-endian 16-bit field; 0 past the end."""
    return int.from_bytes(data[at : at + 2].ljust(2, b"\0"), "big")


@dataclass(frozen=True)
class Ip:
    """A view of a datagram; octets after its total length are not part of it."""

    raw: bytes

    @property
    def header(self) -> bytes:
        """The header with its options."""
        return self.raw[: max(20, 4 * (self.raw[0] & 15))]

    @property
    def options(self) -> bytes:
        """The octets after the fixed header."""
        return self.header[20:]

    @property
    def version(self) -> int:
        """Version field."""
        return self.raw[0] >> 4

    @property
    def length(self) -> int:
        """Total length field."""
        return u16(self.raw, 2)

    @property
    def ident(self) -> int:
        """Identification field."""
        return u16(self.raw, 4)

    @property
    def more(self) -> bool:
        """MF."""
        return bool(u16(self.raw, 6) & MF)

    @property
    def offset(self) -> int:
        """Fragment offset in octets."""
        return 8 * (u16(self.raw, 6) & OFFSET)

    @property
    def proto(self) -> int:
        """Protocol field."""
        return self.raw[9]

    @property
    def src(self) -> bytes:
        """Source address."""
        return self.raw[12:16]

    @property
    def dst(self) -> bytes:
        """Destination address."""
        return self.raw[16:20]

    @property
    def data(self) -> bytes:
        """The data, up to the total length."""
        return self.raw[len(self.header) : self.length]


@dataclass(frozen=True)
class Arp:
    """A view of an ARP packet for Ethernet and IPv4."""

    raw: bytes

    @property
    def op(self) -> int:
        """Opcode."""
        return u16(self.raw, 6)

    @property
    def sha(self) -> bytes:
        """Sender hardware address."""
        return self.raw[8:14]

    @property
    def spa(self) -> bytes:
        """Sender protocol address."""
        return self.raw[14:18]

    @property
    def tha(self) -> bytes:
        """Target hardware address."""
        return self.raw[18:24]

    @property
    def tpa(self) -> bytes:
        """Target protocol address."""
        return self.raw[24:28]


@dataclass(frozen=True)
class Frame:
    """A view of an Ethernet frame."""

    raw: bytes

    @property
    def dst(self) -> bytes:
        """Destination address."""
        return self.raw[:6]

    @property
    def src(self) -> bytes:
        """Source address."""
        return self.raw[6:12]

    @property
    def kind(self) -> int:
        """EtherType."""
        return u16(self.raw, 12)

    @property
    def payload(self) -> bytes:
        """The octets after the Ethernet header."""
        return self.raw[14:]

    @property
    def arp(self) -> Arp | None:
        """The ARP packet inside, if it is one and complete."""
        return Arp(self.payload) if self.kind == ARP and len(self.payload) >= 28 else None

    @property
    def ip(self) -> Ip | None:
        """The IPv4 datagram inside, if there are octets for a header."""
        return Ip(self.payload) if self.kind == IPV4 and len(self.payload) >= 20 else None

    def carries(self, proto: int) -> bytes:
        """The data of an unfragmented or first fragment of that protocol; empty otherwise."""
        inner = self.ip
        return inner.data if inner and inner.proto == proto and inner.offset == 0 else b""


def summary(raw: bytes) -> str:
    """One line about a frame, for reasons: what it is and its octets after the addresses."""
    frame = Frame(raw)
    shown = frame.payload[:40].hex(" ", 2) + (" ..." if len(frame.payload) > 40 else "")
    return f"{_name(frame)} to {colons(frame.dst)}: {shown}"


def _name(frame: Frame) -> str:
    if frame.arp:
        return f"ARP op {frame.arp.op} for {dotted(frame.arp.tpa)}"
    if frame.ip and frame.ip.proto == ICMP and frame.ip.offset == 0 and len(frame.ip.data) > 1:
        return f"ICMP type {frame.ip.data[0]} code {frame.ip.data[1]}"
    if frame.ip:
        return f"IPv4 protocol {frame.ip.proto} offset {frame.ip.offset}"
    return f"EtherType {frame.kind:#06x}"
