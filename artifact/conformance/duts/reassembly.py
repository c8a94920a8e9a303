# SPDX-License-Identifier: GPL-2.0-only
"""Reassembly as RFC 791 3.2 and RFC 1122 3.3.2 describe it: part of the mutant DUT."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from artifact.conformance import octets as o

LIFETIME_S = 60.0  # RFC 1122 3.3.2 recommends 60 to 120 s
LARGEST = 65535


class Died(Exception):
    """The mutant does not survive this input."""


@dataclass
class _Buffer:
    first: bytes = b""  # header of the fragment with offset 0
    data: bytearray = field(default_factory=bytearray)
    units: set[int] = field(default_factory=set)  # units of 8 octets that have come
    count: int = 0
    end: int | None = None
    born: float = field(default_factory=time.monotonic)


class Reassembly:
    """Fragments of datagrams that are not complete yet."""

    def __init__(self, faults: frozenset[str]) -> None:
        self._faults = faults
        self._buffers: dict[tuple[object, ...], _Buffer] = {}
        self._done: dict[tuple[object, ...], bytes] = {}

    def add(self, part: o.Ip) -> bytes | None:
        """Take a fragment; the whole datagram when this was what it waited for."""
        key = self._key(part)
        if "frag-twice" in self._faults and key in self._done:
            return self._done[key]
        if alone := self._alone(part):
            return alone
        if self._refused(part):
            return None
        buffer = self._buffers.setdefault(key, _Buffer())
        if time.monotonic() - buffer.born > LIFETIME_S:
            buffer = self._buffers[key] = _Buffer()
        if "frag-in-order" in self._faults and part.offset != len(buffer.data):
            return None
        self._store(buffer, part)
        if not self._complete(buffer):
            return None
        del self._buffers[key]
        self._done[key] = _whole(buffer)
        return self._done[key]

    def _key(self, part: o.Ip) -> tuple[object, ...]:
        fields = {"ident": part.ident, "source": part.src, "proto": part.proto}
        kept: list[object] = [
            v for name, v in fields.items() if f"skip-frag-{name}" not in self._faults
        ]
        kept += [len(part.options)] if "frag-options" in self._faults else []
        return (part.dst, *kept)

    def _alone(self, part: o.Ip) -> bytes | None:
        if "skip-frag-more" in self._faults and part.offset == 0:
            return part.raw
        if "skip-frag-first" in self._faults and part.offset > 0:
            return part.raw
        return None

    def _refused(self, part: o.Ip) -> bool:
        end = part.offset + len(part.data)
        if end + 20 > LARGEST and "frag-too-long" not in self._faults:
            return True
        odd = part.more and len(part.data) % 8 and "skip-frag-length" not in self._faults
        if "frag-none" in self._faults or odd:
            return True
        if "frag-tiny" in self._faults and part.offset == 0 and len(part.data) == 8:
            return True
        limit = {"frag-small": 500, "frag-medium": 1200}
        return any(end > size for name, size in limit.items() if name in self._faults)

    def _store(self, buffer: _Buffer, part: o.Ip) -> None:
        start, end = part.offset, part.offset + len(part.data)
        units = set(range(start // 8, (end + 7) // 8))
        again = bytes(buffer.data[start:end]) == part.data and units <= buffer.units
        if "frag-overlap-dies" in self._faults and units & buffer.units and not again:
            raise Died
        buffer.data.extend(bytes(max(0, end - len(buffer.data))))
        buffer.data[start:end] = part.data
        buffer.units |= units
        buffer.count += 1
        if part.offset == 0:
            buffer.first = part.header
        if not part.more:
            buffer.end = end

    def _complete(self, buffer: _Buffer) -> bool:
        if buffer.end is None or not buffer.first:
            return False
        if "frag-few" in self._faults and buffer.count > 4:
            return False
        if "skip-frag-hole" in self._faults:
            return True
        return set(range((buffer.end + 7) // 8)) <= buffer.units


def _whole(buffer: _Buffer) -> bytes:
    """One datagram in memory. Its length field wraps when it is too long for one."""
    data = bytes(buffer.data[: buffer.end])
    head = bytearray(buffer.first)
    head[2:4] = ((len(head) + len(data)) & 0xFFFF).to_bytes(2, "big")
    head[6:8] = bytes(2)
    return bytes(head) + data
