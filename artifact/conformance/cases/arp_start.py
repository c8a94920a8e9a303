# SPDX-License-Identifier: GPL-2.0-only
# ruff: noqa: D103 - a case's title says what it checks
"""What a DUT says when it starts: RFC 5227. A DUT that does not check its address is not tested.

The frames may have been sent before the tester looks: their number and order count, not when
they came.
"""

from __future__ import annotations

from artifact.conformance import octets as o
from artifact.conformance.case import Level
from artifact.conformance.cases.arp import OTHER_MAC, SUITE
from artifact.conformance.tester import Tester, is_reply_to
from artifact.conformance.verdict import Deviation, NotApplicable, equal

MUST, SHOULD, START = Level.MUST, Level.SHOULD, "start"
PROBE_NUM, ANNOUNCE_NUM = 3, 2  # RFC 5227 1.1


def about_itself(t: Tester, frame: o.Frame) -> bool:
    """A request of the DUT for its own address."""
    packet = frame.arp
    return packet is not None and packet.op == o.REQUEST and packet.tpa == t.wire.ip


def first_probe(t: Tester) -> o.Frame:
    """The first request for its own address; it probes if the sender address is zero."""
    seen = t.first(lambda f: about_itself(t, f), t.timing.first_probe)
    probing = t.first(lambda f: about_itself(t, f), t.timing.first_probe) if seen else None
    if seen is None or probing is None:
        raise NotApplicable("the DUT does not check its address before it uses it")
    t.pending.insert(0, probing)
    return seen


def opening(t: Tester) -> list[o.Arp]:
    """Everything the DUT asks about its own address when it starts."""
    frames = [first_probe(t)]
    while len(frames) < PROBE_NUM + ANNOUNCE_NUM:
        frame = t.first(lambda f: about_itself(t, f), t.timing.probing)
        if frame is None:
            break
        frames.append(frame)
    return [packet for packet in (frame.arp for frame in frames) if packet]


@SUITE.case("ARP-7.1", "three probes come before the address is used", "5227 2.1.1",
            "should then send PROBE_NUM probe packets", MUST, "probe-once",
            needs=START)  # fmt: skip
def three_probes(t: Tester) -> None:
    first = [packet.spa for packet in opening(t)][:PROBE_NUM]
    equal("sender addresses of the first three packets", o.ANY * PROBE_NUM, b"".join(first))


@SUITE.case("ARP-7.2", "a probe has sender 0.0.0.0 and the DUT's MAC", "5227 2.1.1",
            "field MUST be set to all zeroes", MUST, "probe-sender", needs=START)  # fmt: skip
def probe_sender(t: Tester) -> None:
    probe = first_probe(t).arp
    assert probe is not None
    equal("sender of the probe", t.wire.mac + o.ANY, probe.sha + probe.spa)


@SUITE.case("ARP-7.3", "the target hardware address of a probe is zero", "5227 2.1.1",
            "field is ignored and SHOULD be set to all zeroes", SHOULD, "probe-target",
            needs=START)  # fmt: skip
def probe_target(t: Tester) -> None:
    probe = first_probe(t).arp
    assert probe is not None
    equal("target hardware address of the probe", o.ZERO_MAC, probe.tha)


@SUITE.case("ARP-7.4", "two announcements follow the probes", "5227 2.3",
            "by broadcasting ANNOUNCE_NUM ARP Announcements", MUST, "announce-once",
            needs=START)  # fmt: skip
def two_announcements(t: Tester) -> None:
    claims = [packet for packet in opening(t) if packet.spa == t.wire.ip]
    if len(claims) < ANNOUNCE_NUM:
        raise Deviation(f"expected two announcements, seen {len(claims)}")


@SUITE.case("ARP-7.5", "an address that somebody has is not used", "5227 2.1.1",
            "the host MUST treat this address as being in use by some other host", MUST,
            "probe-ignored", needs=START)  # fmt: skip
def taken(t: Tester) -> None:
    first_probe(t)
    t.wire.serve_waiting()
    t.pause(0)
    if any(f.arp and f.arp.spa == t.wire.ip for f in t.pending):
        raise NotApplicable("the DUT had finished before the tester could answer its probe")
    n = t.neighbour()
    claim = o.arp(o.REPLY, OTHER_MAC, t.wire.ip, t.wire.mac, o.ANY)
    t.send(o.ethernet(o.BROADCAST, OTHER_MAC, o.ARP, claim))
    t.pause(t.timing.probing)
    t.send(t.arp(n))
    t.refuse(lambda f: is_reply_to(f, n), "no ARP reply for an address that somebody has")
