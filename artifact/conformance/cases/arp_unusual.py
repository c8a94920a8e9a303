# SPDX-License-Identifier: GPL-2.0-only
# ruff: noqa: D103 - a case's title says what it checks; rows share signatures
"""ARP packets that are rarely met, other framing, and a second address."""

from __future__ import annotations

from collections.abc import Callable

from artifact.conformance import octets as o
from artifact.conformance.case import Body, Level
from artifact.conformance.cases.arp import (
    ADD,
    OTHER_MAC,
    RECEPTION,
    SUITE,
    TARGET,
    asking,
    not_learned,
    unanswered,
)
from artifact.conformance.tester import Tester, is_reply_to
from artifact.conformance.verdict import Deviation, equal
from artifact.conformance.wire import Station

DESCRIBED, MUST, SHOULD = Level.DESCRIBED, Level.MUST, Level.SHOULD
ROBUST, MUST_NOT = Level.ROBUST, Level.MUST_NOT
SNAP = b"\xaa\xaa\x03\0\0\0"
TRAILERS = 0x1001  # RFC 893: the trailer protocol of packets with 512 octets


# -- resolving ---------------------------------------------------------------------------------


@SUITE.case(
    "ARP-2.8", "a missing entry is not reported as unreachable", "1122 2.4",
    "The link layer MUST NOT report a Destination Unreachable error to IP solely because there",
    MUST_NOT, "arp-unreachable",
)  # fmt: skip
def no_early_report(t: Tester) -> None:
    u, n = t.neighbour(answering=False), t.neighbour()
    t.require_echo(n)
    t.provoke(u)
    for _ in range(3):
        t.pause(0.8)
        t.still_alive(n)
    t.refuse(lambda f: f.carries(o.ICMP)[:1] == b"\3", "no destination unreachable", 0)


@SUITE.case(
    "ARP-2.9", "of two answers from different MACs one is used", RECEPTION,
    "the new hardware address supersedes the old one", DESCRIBED, "arp-to-broadcast",
)  # fmt: skip
def two_answers(t: Tester) -> None:
    n = t.neighbour(answering=False)
    stimulus = t.provoke(n)
    t.expect(asking(n), "a request")
    t.send(t.wire.arp_reply(n), t.wire.arp_reply(Station(n.ip, OTHER_MAC)))
    reply = t.expect(stimulus.answer, "the reply that waited")
    if reply.dst not in (n.mac, OTHER_MAC):
        equal("Ethernet destination of the reply that waited", n.mac, reply.dst)
    t.still_alive(t.neighbour())


# -- requests ----------------------------------------------------------------------------------


@SUITE.case(
    "ARP-3.21", "a request for the second address is answered", RECEPTION, TARGET, DESCRIBED,
    "arp-no-alias", needs="alias",
)  # fmt: skip
def alias(t: Tester) -> None:
    n, second = t.neighbour(), o.ip(t.info.alias)
    t.send(t.arp(n, tpa=second))
    reply = t.expect(lambda f: is_reply_to(f, n), "an ARP reply").arp
    assert reply is not None
    equal("sender of the reply", t.wire.mac + second, reply.sha + reply.spa)


@SUITE.case(
    "ARP-3.22", "a request from a sender of another network is answered", RECEPTION, TARGET,
    DESCRIBED, "arp-on-link-only",
)  # fmt: skip
def foreign_sender(t: Tester) -> None:
    n = Station(t.wire.off_link().ip, t.neighbour().mac)
    t.send(t.arp(n))
    reply = t.expect(lambda f: is_reply_to(f, n), "an ARP reply").arp
    assert reply is not None
    equal("target hardware address of the reply", n.mac, reply.tha)


def survived(*changes: tuple[int, bytes]) -> Body:
    """Requests with these octets in the ARP header do no harm, answered or not."""

    def body(t: Tester) -> None:
        n = t.neighbour()
        t.require_echo(n)
        whole = t.arp(n)
        for at, value in changes:
            t.send(whole[: 14 + at] + value + whole[14 + at + len(value) :])
        t.digest()
        t.still_alive(n)
        t.forget()
        t.send(whole)
        t.expect(lambda f: is_reply_to(f, n), "a reply to the right request")

    return body


LENGTHS = "[optionally check the hardware length ar$hln]"
SUITE.add("ARP-4.3", "hardware length 4 or 0 in a request does no harm", RECEPTION, LENGTHS,
          ROBUST, survived((4, b"\4"), (4, b"\0")), "arp-lengths-die")  # fmt: skip
SUITE.add("ARP-4.4", "protocol length 6 or 0 in a request does no harm", RECEPTION,
          "[optionally check the protocol length ar$pln]", ROBUST,
          survived((5, b"\6"), (5, b"\0")), "arp-lengths-die")  # fmt: skip


def no_group_entry(mac: bytes) -> Body:
    """A station that claims a group address gets nothing sent there."""

    def body(t: Tester) -> None:
        n = t.neighbour()
        t.require_echo(t.neighbour())
        t.send(t.arp(n, sha=mac))
        t.digest()
        stimulus = t.provoke(n)
        t.refuse(lambda f: stimulus.answer(f) and f.dst[0] & 1 == 1, "no reply to a group address")

    return body


BELIEVE = "A router MUST not believe any ARP reply that claims that the Link Layer address"
SUITE.add("ARP-4.16", "a station that claims the broadcast address is not believed", "1812 3.3.2",
          BELIEVE, ROBUST, no_group_entry(o.BROADCAST), "arp-learns-groups")  # fmt: skip
SUITE.add("ARP-4.17", "a station that claims a group address is not believed", "1812 3.3.2",
          BELIEVE, ROBUST, no_group_entry(b"\3\0\0\0\0\7"), "arp-learns-groups")  # fmt: skip

SUITE.add(
    "ARP-4.18", "not answered: a frame for another station", "894 Address Mappings",
    "The mapping of 32-bit Internet addresses to 48-bit Ethernet addresses can be done",
    ROBUST, unanswered(lambda t, n: t.arp(n, eth=OTHER_MAC)), "any-station",
)  # fmt: skip
SUITE.add(
    "ARP-4.19", "not answered: a request for a host of the other link", RECEPTION, TARGET,
    DESCRIBED, unanswered(lambda t, n: t.arp(n, tpa=t.far.neighbour().ip)), "arp-proxy",
    needs="forwarding",
)  # fmt: skip
SUITE.add(
    "ARP-4.20", "not answered: a request for trailers", "1122 2.3.1",
    "the default configuration MUST disable the protocol", MUST_NOT,
    unanswered(lambda t, n: t.arp(n, pro=TRAILERS)), "skip-arp-pro",
)  # fmt: skip


# -- the table ---------------------------------------------------------------------------------


def learned_from(make: Callable[[Tester, Station], bytes]) -> Body:
    """After this packet of an unknown station the DUT needs no request."""

    def body(t: Tester) -> None:
        n = t.neighbour(answering=False)
        t.send(make(t, n))
        t.digest()
        stimulus = t.provoke(n)
        seen = t.expect(lambda f: asking(n)(f) or stimulus.answer(f), "an echo reply")
        if seen.arp:
            raise Deviation(f"expected an echo reply without a request, seen {o.summary(seen.raw)}")

    return body


SUITE.add(
    "ARP-5.4", "the sender of an unsolicited reply to the DUT is learned", RECEPTION, ADD,
    DESCRIBED,
    learned_from(lambda t, n: t.arp(n, o.REPLY, tha=t.wire.mac, eth=t.wire.mac)),
    "arp-learns-nothing",
)  # fmt: skip
SUITE.add(
    "ARP-5.5", "nothing is learned from a gratuitous request of an unknown station", RECEPTION,
    TARGET, DESCRIBED, not_learned(lambda t, n: t.arp(n, tpa=n.ip)), "arp-learns-all",
)  # fmt: skip
SUITE.add(
    "ARP-5.16", "the sender is learned before the opcode is looked at", RECEPTION, ADD, DESCRIBED,
    learned_from(lambda t, n: t.arp(n, 26, eth=t.wire.mac)), "arp-op-first",
)  # fmt: skip


@SUITE.case(
    "ARP-5.18", "after a probe nobody looks for 0.0.0.0", "5227 2.1.1",
    "this is to avoid polluting ARP caches in other hosts", DESCRIBED, "arp-asks-any",
)  # fmt: skip
def nobody(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    t.send(t.arp(n, spa=o.ANY))
    t.silence(n, lambda f: f.arp is not None and f.arp.op == o.REQUEST and f.arp.tpa == o.ANY,
              "no request for 0.0.0.0")  # fmt: skip


@SUITE.case(
    "ARP-5.21", "a 65th neighbour is resolved and answered", "1122 2.3.2.1",
    "MUST provide a mechanism to flush out-of-date cache entries", ROBUST, "arp-small-table",
)  # fmt: skip
def many_neighbours(t: Tester) -> None:
    for _ in range(8):
        batch = [t.provoke(t.neighbour()) for _ in range(8)]
        t.first(batch[-1].answer, t.timing.answer)  # by then the others are answered, too
    t.forget()
    n = t.neighbour()
    stimulus = t.provoke(n)
    t.expect(stimulus.answer, "an echo reply to the 65th neighbour")


# -- framing -----------------------------------------------------------------------------------


def snap(frame: bytes) -> bytes:
    """The same packet in IEEE 802.3 framing with a SNAP header, RFC 1042."""
    body = SNAP + frame[12:]
    return frame[:12] + len(body).to_bytes(2, "big") + body


def unsnapped(frame: o.Frame) -> o.Frame:
    """A frame in either framing, as RFC 894 would have it."""
    inside = frame.kind <= 1500 and frame.payload[:6] == SNAP
    return o.Frame(frame.raw[:12] + frame.payload[6:]) if inside else frame


RECEIVE_802 = "SHOULD be able to receive RFC-1042 packets, intermixed with RFC-894 packets"


@SUITE.case("ARP-8.2", "a request in 802.3 framing is answered", "1122 2.3.3", RECEIVE_802, SHOULD,
            "no-snap")  # fmt: skip
def snap_request(t: Tester) -> None:
    n = t.neighbour()
    t.send(snap(t.arp(n)))
    t.expect(lambda f: is_reply_to(unsnapped(f), n), "an ARP reply in either framing")


@SUITE.case("ARP-8.3", "an echo request in 802.3 framing is answered", "1122 2.3.3", RECEIVE_802,
            SHOULD, "no-snap")  # fmt: skip
def snap_echo(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    stimulus = t.echo(n)
    t.send(snap(stimulus.frame))
    t.expect(lambda f: stimulus.answer(unsnapped(f)), "an echo reply in either framing")


@SUITE.case("ARP-8.4", "packets under each other's EtherType are ignored", "894 Frame Format",
            "The data field contains the IP header followed immediately by the IP data", DESCRIBED,
            "skip-ethertype")  # fmt: skip
def mixed_types(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    request = t.arp(n)
    stimulus = t.echo(n, kind=o.ARP)
    t.send(request[:12] + b"\x08\0" + request[14:], stimulus)
    t.silence(n, lambda f: is_reply_to(f, n) or stimulus.reaction(f), "no reaction")
