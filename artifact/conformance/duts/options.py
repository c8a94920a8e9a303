# SPDX-License-Identifier: GPL-2.0-only
"""IPv4 options as RFC 791 3.1 and RFC 1122 3.2.1.8 describe them: part of the mutant DUT."""

from __future__ import annotations

from dataclasses import dataclass, field

END, NOP, ROUTE, STREAM, LOOSE, STRICT, STAMP = 0, 1, 7, 136, 131, 137, 68
KNOWN = frozenset({END, NOP, ROUTE, STREAM, LOOSE, STRICT, STAMP})
COPIED = 0x80


@dataclass
class Parsed:
    """A datagram's options. `bad` is the offset (in the options) of one that is malformed."""

    each: list[bytes] = field(default_factory=list)
    bad: int | None = None

    def find(self, *kinds: int) -> bytes:
        """The first option of these kinds, or nothing."""
        return next((option for option in self.each if option[0] in kinds), b"")


def parse(octets: bytes, junk_after_end: bool = False, any_pointer: bool = False) -> Parsed:
    """Go through the option list up to its end or to the first malformed option."""
    found = Parsed()
    at = 0
    while at < len(octets):
        kind = octets[at]
        if kind == END and not junk_after_end:
            return found
        if kind in (END, NOP):
            at += 1
            continue
        size = octets[at + 1] if at + 1 < len(octets) else 0
        if size < 2 or at + size > len(octets):
            found.bad = at
            return found
        option = octets[at : at + size]
        if kind == ROUTE and (size < 3 or option[2] < 4) and not any_pointer:
            found.bad = at
            return found
        found.each.append(option)
        at += size
    return found


def incomplete(option: bytes) -> bool:
    """Whether a route has room, or an address left to go to."""
    return len(option) > 2 and option[2] + 3 <= len(option)


def recorded(option: bytes, address: bytes) -> bytes:
    """A route with the address in its next slot (RFC 791: unchanged when it is full)."""
    if not incomplete(option):
        return option
    at = option[2] - 1
    return option[:2] + bytes((option[2] + 4,)) + option[3:at] + address + option[at + 4 :]


def stamped(option: bytes, address: bytes, now: bytes, faults: frozenset[str]) -> bytes:
    """A timestamp option with our stamp, as its flag asks for it."""
    pointer, flag = option[2], option[3] & 15
    size = 4 if flag == 0 else 8
    if pointer + size - 1 > len(option):
        over = 0 if "stamp-no-overflow" in faults else 0x10
        return option[:3] + bytes((option[3] + over & 0xFF,)) + option[4:]
    at = pointer - 1
    listed = option[at : at + 4]
    if flag == 3 and listed != address:
        return option
    value = now if flag == 0 else address + now
    if "stamp-no-address" in faults and flag:
        value = bytes(4) + now
    return option[:2] + bytes((pointer + size,)) + option[3:at] + value + option[at + size :]


def reversed_route(option: bytes, sender: bytes) -> tuple[bytes, bytes]:
    """From a completed source route: the first hop of the way back, and its option.

    RFC 1122 3.2.1.8 (c): the recorded hops in reverse order, then the sender.
    """
    hops = [option[at : at + 4] for at in range(3, len(option), 4)]
    hops.reverse()
    rest = [*hops[1:], sender]
    return hops[0], option[:1] + bytes((len(option), 4)) + b"".join(rest)


def answering(
    parsed: Parsed, sender: bytes, address: bytes, now: bytes, faults: frozenset[str]
) -> tuple[bytes, bytes]:
    """Where an answer to `sender` goes first, and its options (RFC 1122 3.2.1.8, 3.2.2.6)."""
    answer, to = b"", sender
    route, stamp = parsed.find(ROUTE), parsed.find(STAMP)
    source = parsed.find(LOOSE, STRICT)
    if len(source) > 6 and "route-not-returned" not in faults:
        to, answer = reversed_route(source, sender)
        if "route-not-reversed" in faults:
            to, answer = source[3:7], source[:2] + b"\4" + source[7:] + sender
    if route and "route-dropped" not in faults:
        answer += route if "route-not-recorded" in faults else recorded(route, address)
    if stamp and "stamp-dropped" not in faults:
        answer += stamp if "stamp-not-made" in faults else stamped(stamp, address, now, faults)
    return to, answer


def copied(octets: bytes) -> bytes:
    """The options that every fragment carries (RFC 791 3.1, the copied flag)."""
    return b"".join(option for option in parse(octets).each if option[0] & COPIED)


def padded(octets: bytes) -> bytes:
    """Options up to a multiple of four octets."""
    return octets + bytes(-len(octets) % 4)


def with_options(header: bytes, octets: bytes) -> bytes:
    """A header with these options instead of its own; length and checksum are made later."""
    fresh = bytearray(header[:20])
    fresh[0] = 0x40 | (5 + len(padded(octets)) // 4)
    return bytes(fresh) + padded(octets)
