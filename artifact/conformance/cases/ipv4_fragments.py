# SPDX-License-Identifier: GPL-2.0-only
# ruff: noqa: D103 - a case's title says what it checks
"""Reassembly: overlaps, resources, and the timer (the slow lane)."""

from __future__ import annotations

from artifact.conformance import octets as o
from artifact.conformance.case import Level
from artifact.conformance.cases.ipv4 import ASSEMBLE, REASSEMBLY, SUITE, UDP_ECHO
from artifact.conformance.tester import ECHO_PORT, Stimulus, Tester
from artifact.conformance.verdict import Deviation, NoAnswer, NotApplicable
from artifact.conformance.wire import Station

MUST, SHOULD, DESCRIBED, ROBUST = Level.MUST, Level.SHOULD, Level.DESCRIBED, Level.ROBUST
SLOW = "slow"
TIMEOUT = "There MUST be a reassembly timeout"
NEWEST = "this procedure will use the more recently arrived copy in the data buffer"


def halves(t: Tester, n: Station, **header: int) -> tuple[Stimulus, bytes, bytes]:
    """An echo request in two fragments."""
    stimulus = t.echo(n, size=64, **header)  # type: ignore[arg-type]  # ttl and tos only
    first, last = t.pieces(stimulus, 32)
    return stimulus, first, last


def piece(stimulus: Stimulus, start: int, data: bytes, flags: int = o.MF) -> bytes:
    """A fragment of that datagram with any data, in its frame."""
    return stimulus.frame[:14] + o.refragment(stimulus.ip, start, data, flags)


# -- contents --------------------------------------------------------------------------------


LIMIT = "SHOULD be either configurable or indefinite"


@SUITE.case("IP-6.20", "reassembled: 8192 octets", "1122 3.3.2", LIMIT, SHOULD, "frag-medium")
def large(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    stimulus = t.echo(n, size=8164)
    t.exchange(stimulus, *t.pieces(stimulus, *range(1480, 8172, 1480)))


@SUITE.case("IP-6.21", "reassembled: 65507 octets of UDP", "1122 3.3.2", LIMIT, SHOULD,
            "frag-medium", needs=UDP_ECHO)  # fmt: skip
def largest(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    stimulus = t.udp(n, ECHO_PORT, size=65507)
    t.exchange(stimulus, *t.pieces(stimulus, *range(1480, 65515, 1480)))


@SUITE.case("IP-6.24", "fragments without data do no harm", "791 2.3", ASSEMBLE, ROBUST,
            "frag-empty-dies")  # fmt: skip
def empty_pieces(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    for start, flags in ((0, o.MF), (8, o.MF), (16, 0)):
        t.send(piece(t.echo(n), start, b"", flags))
    t.digest()
    t.still_alive(n)


@SUITE.case("IP-6.25", "reassembled: fragments that overlap with the same data", "791 3.2", NEWEST,
            DESCRIBED, "frag-no-overlap")  # fmt: skip
def same_overlap(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    stimulus = t.echo(n, size=64)
    data = stimulus.ip.data
    t.exchange(stimulus, piece(stimulus, 0, data[:48]), piece(stimulus, 24, data[24:], 0))


@SUITE.case("IP-6.26", "of data that overlap the newest is used, or nothing", "791 3.2", NEWEST,
            DESCRIBED, "frag-oldest")  # fmt: skip
def other_overlap(t: Tester) -> None:
    """Two words change places, so the ICMP checksum is right for the old and the new data."""
    n = t.neighbour()
    t.require_echo(n)
    stimulus = t.echo(n, size=64)
    new = stimulus.ip.data
    old = new[:40] + new[44:48] + new[40:44]
    t.send(piece(stimulus, 0, old), piece(stimulus, 40, new[40:], 0))
    reply = t.first(stimulus.answer, t.timing.absence)
    if reply is not None and new[40:48] not in reply.raw:
        raise Deviation(f"expected the newest data, seen {o.summary(reply.raw)}")
    t.still_alive(n)


@SUITE.case("IP-6.28", "two last fragments with different ends do no harm", "791 3.2",
            "If this is the last fragment", ROBUST, "frag-ends-die")  # fmt: skip
def two_ends(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    stimulus = t.echo(n, size=96)
    data = stimulus.ip.data
    t.send(piece(stimulus, 48, data[48:64], 0), piece(stimulus, 64, data[64:], 0),
           piece(stimulus, 0, data[:48]))  # fmt: skip
    t.digest()
    t.still_alive(n)


@SUITE.case("IP-6.32", "a datagram is reassembled while 64 others are incomplete", "1122 3.3.2",
            REASSEMBLY, ROBUST, "frag-buffers")  # fmt: skip
def many_incomplete(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    t.send(*(halves(t, n)[1] for _ in range(64)))
    t.digest()
    other = t.neighbour()
    t.require_echo(other)
    stimulus, first, last = halves(t, other)
    t.exchange(stimulus, first, last)


# -- the timer ---------------------------------------------------------------------------------


def lifetime(t: Tester) -> float:
    """How long the DUT keeps incomplete datagrams."""
    if t.info.reassembly is None:
        raise NotApplicable("it is not known how long this DUT keeps fragments")
    return t.info.reassembly


def late_half(t: Tester, seconds: float) -> tuple[Stimulus, Station]:
    """An echo request whose second half comes so much later."""
    n = t.neighbour()
    t.require_echo(n)
    stimulus, first, last = halves(t, n)
    t.send(first)
    t.pause(seconds)
    t.require_echo(n)
    t.send(last)
    return stimulus, n


@SUITE.case("IP-6.14", "reassembled: a second fragment that comes before the timeout", "1122 3.3.2",
            TIMEOUT, MUST, "frag-impatient", needs=SLOW)  # fmt: skip
def in_time(t: Tester) -> None:
    stimulus, _ = late_half(t, lifetime(t) / 2)
    t.expect(stimulus.answer, "an echo reply")


@SUITE.case("IP-6.15", "not answered: a second fragment that comes after the timeout",
            "1122 3.3.2", "the partially-reassembled datagram MUST be discarded", MUST,
            "frag-immortal", needs=SLOW)  # fmt: skip
def too_late(t: Tester) -> None:
    stimulus, n = late_half(t, lifetime(t) + t.timing.timer)
    t.silence(n, stimulus.answer, "no reply to a datagram that was given up")


def given_up(t: Tester, n: Station) -> tuple[o.Frame, float, Stimulus]:
    """The Time Exceeded about a first fragment that stays alone, and when it came."""
    stimulus, first, _ = halves(t, n)
    clock = t.wire.clock
    t.send(first)
    started = clock.now()
    ceiling = t.timing.longest_reassembly
    error = t.first(stimulus.error, ceiling)
    if error is None:
        raise NoAnswer(f"expected a time exceeded within {ceiling:g} s, seen none")
    return error, clock.now() - started, stimulus


@SUITE.case("IP-6.16", "incomplete datagrams are kept for 60 to 120 seconds", "1122 3.3.2",
            "It is recommended that the value lie between 60 seconds and 120", SHOULD,
            "frag-impatient", needs=SLOW)  # fmt: skip
def recommended(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    _, seconds, _ = given_up(t, n)
    if not 59 <= seconds <= 121:
        raise Deviation(f"expected 60 to 120 s, seen {seconds:.0f} s")


@SUITE.case("IP-6.17", "the timeout is not set from the TTL", "1122 3.3.2",
            "SHOULD be a fixed value, not set from the remaining TTL", SHOULD,
            "frag-ttl-lifetime", needs=SLOW)  # fmt: skip
def not_from_ttl(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    stimulus, first, last = halves(t, n, ttl=1)
    t.send(first)
    t.pause(5)
    t.exchange(stimulus, last)


@SUITE.case("IP-6.34", "reassembled: a fresh datagram with the identification of one given up",
            "791 3.2", "the all reassembly resources for this buffer identifier are released",
            DESCRIBED, "frag-once", needs=SLOW)  # fmt: skip
def reused(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    lost, first, _ = halves(t, n)
    t.send(first)
    t.pause(lifetime(t) + t.timing.timer)
    t.require_echo(n)
    stimulus, fresh, last = halves(t, n, ident=lost.ip.ident)
    t.exchange(stimulus, fresh, last)
