# SPDX-License-Identifier: GPL-2.0-only
"""Reassembly as RFC 791 3.2 and RFC 1122 3.3.2 describe it: part of the mutant DUT."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from artifact.conformance import octets as o

LIFETIME_S = 60.0  # RFC 1122 3.3.2 recommends 60 to 120 s
LARGEST = 65535


class Died(Exception):
    """The mutant does not survive this input."""


@dataclass
class _Buffer:
    born: float
    ttl: int
    first: bytes = b""  # the fragment with offset 0
    latest: bytes = b""
    data: bytearray = field(default_factory=bytearray)
    units: set[int] = field(default_factory=set)  # units of 8 octets that have come
    count: int = 0
    end: int | None = None


class Reassembly:
    """Fragments of datagrams that are not complete yet.

    `now` is the stack's time; `expired` is told the first fragment (or nothing) and the latest
    of a datagram that was given up.
    """

    def __init__(
        self,
        faults: frozenset[str],
        now: Callable[[], float],
        expired: Callable[[bytes, bytes], None],
    ) -> None:
        self._faults = faults
        self._now = now
        self._expired = expired
        self._buffers: dict[tuple[object, ...], _Buffer] = {}
        self._done: dict[tuple[object, ...], bytes] = {}
        self._given_up: set[tuple[object, ...]] = set()

    def add(self, part: o.Ip) -> bytes | None:
        """Take a fragment; the whole datagram when this was what it waited for."""
        key = self._key(part)
        if "frag-twice" in self._faults and key in self._done:
            return self._done[key]
        if alone := self._alone(part):
            return alone
        if self._refused(part, key):
            return None
        buffer = self._buffers.setdefault(key, _Buffer(self._now(), part.raw[8]))
        if "frag-in-order" in self._faults and part.offset != len(buffer.data):
            return None
        self._store(buffer, part)
        if not self._complete(buffer):
            return None
        del self._buffers[key]
        self._done[key] = _whole(buffer)
        return self._done[key]

    def tick(self) -> None:
        """Give up what has waited too long (RFC 1122 3.3.2: a fixed time)."""
        for key, buffer in list(self._buffers.items()):
            if self._now() - buffer.born > self._lifetime(buffer):
                del self._buffers[key]
                self._given_up.add(key)
                self._expired(buffer.first, buffer.latest)

    def _lifetime(self, buffer: _Buffer) -> float:
        if "frag-immortal" in self._faults:
            return float("inf")
        if "frag-impatient" in self._faults:
            return 3.0
        if "frag-ttl-lifetime" in self._faults:
            return float(buffer.ttl)
        return LIFETIME_S

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

    def _refused(self, part: o.Ip, key: tuple[object, ...]) -> bool:
        end = part.offset + len(part.data)
        if end + 20 > LARGEST and "frag-too-long" not in self._faults:
            return True
        if not part.data and "frag-empty-dies" in self._faults:
            raise Died
        odd = part.more and len(part.data) % 8 and "skip-frag-length" not in self._faults
        if "frag-none" in self._faults or odd:
            return True
        if "frag-tiny" in self._faults and part.offset == 0 and len(part.data) == 8:
            return True
        return self._unwanted(end, key)

    def _unwanted(self, end: int, key: tuple[object, ...]) -> bool:
        if "frag-buffers" in self._faults and len(self._buffers) > 15 and key not in self._buffers:
            return True
        if "frag-once" in self._faults and key in self._given_up:
            return True
        limit = {"frag-small": 500, "frag-medium": 1200}
        return any(end > size for name, size in limit.items() if name in self._faults)

    def _store(self, buffer: _Buffer, part: o.Ip) -> None:
        start, end = part.offset, part.offset + len(part.data)
        units = set(range(start // 8, (end + 7) // 8))
        again = bytes(buffer.data[start:end]) == part.data and units <= buffer.units
        if "frag-overlap-dies" in self._faults and units & buffer.units and not again:
            raise Died
        if not part.more and buffer.end not in (None, end) and "frag-ends-die" in self._faults:
            raise Died
        if "frag-no-overlap" in self._faults and units & buffer.units and not again:
            return
        fresh = bytes(buffer.data[start:end]) if "frag-oldest" in self._faults else b""
        buffer.data.extend(bytes(max(0, end - len(buffer.data))))
        for unit in units:
            at = 8 * unit
            kept = "frag-oldest" in self._faults and unit in buffer.units
            piece = fresh[at - start : at - start + 8] if kept else part.data[at - start :][:8]
            buffer.data[at : at + len(piece)] = piece
        buffer.units |= units
        buffer.count += 1
        buffer.latest = part.raw
        if part.offset == 0:
            buffer.first = part.raw
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
    head = bytearray(o.Ip(buffer.first).header)
    head[2:4] = ((len(head) + len(data)) & 0xFFFF).to_bytes(2, "big")
    head[6:8] = bytes(2)
    return bytes(head) + data
