# SPDX-License-Identifier: GPL-2.0-only
# ruff: noqa: D103 - a case's title says what it checks
"""ICMP about datagrams that stay incomplete: the slow lane."""

from __future__ import annotations

from artifact.conformance import octets as o
from artifact.conformance.case import Level
from artifact.conformance.cases.icmpv4 import GROUP, SUITE
from artifact.conformance.cases.ipv4_fragments import given_up, lifetime
from artifact.conformance.tester import Stimulus, Tester
from artifact.conformance.verdict import equal

MUST, MUST_NOT, SLOW = Level.MUST, Level.MUST_NOT, "slow"
EXPIRED = "If this timeout expires, the partially-reassembled datagram MUST be discarded and an"


@SUITE.case("IC-6.1", "a first fragment that stays alone is reported", "1122 3.3.2", EXPIRED, MUST,
            "frag-no-error", "frag-error-code", needs=SLOW)  # fmt: skip
def reported(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    error, _, _ = given_up(t, n)
    equal("type and code", b"\x0b\1", error.carries(o.ICMP)[:2])


@SUITE.case("IC-6.2", "the report quotes the first fragment", "1122 3.2.2",
            "this header and data MUST be unchanged from the received datagram", MUST, "frag-quote",
            needs=SLOW)  # fmt: skip
def quoted(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    error, _, stimulus = given_up(t, n)
    first = o.Frame(t.pieces(stimulus, 32)[0]).payload
    equal("header and eight octets of data", first[:28], error.carries(o.ICMP)[8:36])


def nothing_said(t: Tester, stimulus: Stimulus, *frames: bytes) -> None:
    """No Time Exceeded about these fragments, long after their time."""
    n = t.neighbour()
    t.require_echo(n)
    t.send(*frames)
    t.pause(lifetime(t) + t.timing.timer)
    t.silence(n, stimulus.error, "no ICMP error")


@SUITE.case("IC-6.3", "a later fragment that stays alone is not reported", "792 Time Exceeded",
            "If fragment zero is not available then no time exceeded need be sent at all",
            Level.DESCRIBED, "frag-error-always+error-to-fragment", needs=SLOW)  # fmt: skip
def later_alone(t: Tester) -> None:
    stimulus = t.echo(t.neighbour(), size=64)
    nothing_said(t, stimulus, t.pieces(stimulus, 32)[1])


@SUITE.case("IC-2.16", "a first fragment to the subnet broadcast address is not reported",
            "1122 3.2.2", GROUP, MUST_NOT, "error-to-group", needs=SLOW)  # fmt: skip
def broadcast_alone(t: Tester) -> None:
    stimulus = t.echo(t.neighbour(), size=64, dst=t.wire.broadcast, eth=o.BROADCAST)
    nothing_said(t, stimulus, t.pieces(stimulus, 32)[0])
