# SPDX-License-Identifier: GPL-2.0-only
# ruff: noqa: D103 - a case's title says what it checks
"""ARP over a longer time: how often the DUT asks, and when it forgets. The slow lane."""

from __future__ import annotations

from artifact.conformance import octets as o
from artifact.conformance.case import Level
from artifact.conformance.cases.arp import SUITE, asking
from artifact.conformance.tester import Tester
from artifact.conformance.verdict import Deviation, NotApplicable, Undecided
from artifact.conformance.wire import Station

MUST, SLOW = Level.MUST, "slow"
FLUSH = "MUST provide a mechanism to flush out-of-date cache entries"
FLOOD = "A mechanism to prevent ARP flooding"
EVERY_S = 5.0


def age(t: Tester) -> float:
    """How long the DUT keeps an entry."""
    if t.info.arp_age is None:
        raise NotApplicable("it is not known how long this DUT keeps an entry")
    return t.info.arp_age


@SUITE.case("ARP-2.2", "a silent address is asked for at most about once a second", "1122 2.3.2.1",
            FLOOD, MUST, "arp-unlimited", needs=SLOW)  # fmt: skip
def rate(t: Tester) -> None:
    u = t.neighbour(answering=False)
    for _ in range(100):
        t.provoke(u)
        t.pause(0.1)
    seen = sum(asking(u)(frame) for frame in t.pending)
    if not seen:
        raise Undecided("the DUT sent no request at all")
    if seen > 12:
        raise Deviation(f"expected at most 12 requests in ten seconds, seen {seen}")


@SUITE.case("ARP-2.3", "an address that was silent is asked for again later", "1122 2.3.2.1",
            FLOOD, MUST, "arp-gives-up", needs=SLOW)  # fmt: skip
def retried(t: Tester) -> None:
    u = t.neighbour(answering=False)
    t.provoke(u)
    t.expect(asking(u), "a request")
    t.pause(t.timing.hold_down)
    t.forget()
    t.provoke(u)
    t.expect(asking(u), "another request")


@SUITE.case("ARP-6.1", "an entry that was not used for long is checked before or after its use",
            "1122 2.3.2.1", FLUSH, MUST, "arp-immortal", needs=SLOW)  # fmt: skip
def idle_entry(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    t.pause(age(t) + 1)
    t.forget()
    t.provoke(n)
    window = t.timing.timer
    if t.first(asking(n), window) is None:
        raise Deviation(f"expected a request for {o.dotted(n.ip)} within {window:g} s, seen none")


def use(t: Tester, n: Station, seconds: float) -> bool:
    """An echo every few seconds, without any ARP from the station; whether the DUT asked."""
    for _ in range(round(seconds / EVERY_S)):
        t.provoke(n)
        if t.first(asking(n), EVERY_S):
            return True
    return False


def learn_then_mute(t: Tester) -> Station:
    """A station that the DUT knows and that answers no request any more."""
    n = t.neighbour()
    t.require_echo(n)
    n.answering = False
    t.forget()
    return n


@SUITE.case("ARP-6.2", "an entry in use is checked, too", "1122 2.3.2.1", FLUSH, MUST,
            "arp-immortal", "arp-use-renews", needs=SLOW)  # fmt: skip
def used_entry(t: Tester) -> None:
    whole = age(t) + t.timing.timer
    n = learn_then_mute(t)
    if not use(t, n, whole):
        raise Deviation(f"expected a request for {o.dotted(n.ip)} within {whole:g} s, seen none")


@SUITE.case("ARP-6.3", "a station that does not answer any more gets nothing sent", "1122 2.3.2.1",
            FLUSH, MUST, "arp-immortal", needs=SLOW)  # fmt: skip
def gone(t: Tester) -> None:
    n = learn_then_mute(t)
    use(t, n, age(t) + t.timing.timer)
    t.pause(t.timing.timer)
    t.forget()
    stimulus = t.provoke(n)
    t.refuse(stimulus.answer, "no datagram to a station that is gone")


@SUITE.case("ARP-7.8", "a conflict that goes on is answered at most once in ten seconds",
            "5227 2.4", "MUST NOT send another defensive ARP Announcement", MUST,
            "arp-conflict-storm", needs=SLOW)  # fmt: skip
def storm(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    t.forget()
    for _ in range(25):
        t.send(t.arp(n, spa=t.wire.ip, tpa=n.ip))
        t.pause(0.2)
    own = t.wire.ip
    claims = [f for f in t.pending if f.arp and f.arp.spa == own and f.arp.tpa == own]
    if len(claims) > 1:
        raise Deviation(f"expected at most one packet in defence, seen {len(claims)}")
