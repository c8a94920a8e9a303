# SPDX-License-Identifier: GPL-2.0-only
# ruff: noqa: ARG005, D103 - a case's title says what it checks; rows share signatures
"""ARP: RFC 826, RFC 1122 2.3 and the parts of RFC 5227 that hold for every host.

The DUT is made to resolve an address by an echo request from a station that it never heard of
(`provoke`): no command channel into the DUT is needed, and no cache ever has to be flushed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

from artifact.conformance import octets as o
from artifact.conformance.case import Body, Level, Suite
from artifact.conformance.tester import Stimulus, Tester, is_reply_to
from artifact.conformance.verdict import Deviation, Undecided, equal, spaced
from artifact.conformance.wire import Station, Wire

SUITE = Suite("arp", layer=2)
GENERATION, RECEPTION = "826 Packet Generation", "826 Packet Reception"
DESCRIBED, MUST, SHOULD = Level.DESCRIBED, Level.MUST, Level.SHOULD
OTHER_MAC = bytes.fromhex("024f00000001")


class ArpFields(TypedDict, total=False):
    """What a table row changes in an otherwise right request."""

    sha: bytes
    spa: bytes
    tha: bytes
    tpa: bytes
    eth: bytes
    hrd: int
    pro: int


# -- what the DUT's own requests look like -------------------------------------------------


def resolving(t: Tester, n: Station, stimulus: Stimulus) -> o.Frame:
    """The DUT's request for `n`, recognised even when some of its fields are wrong."""

    def asks(frame: o.Frame) -> bool:
        named = frame.payload[24:28] == n.ip and frame.ip is None
        return named or (frame.kind == o.ARP and not t.wire.plays(frame.payload[24:28]))

    frame = t.expect(lambda f: asks(f) or stimulus.answer(f), f"a request for {o.dotted(n.ip)}")
    if stimulus.answer(frame):
        answered_unasked(n, frame)
    return frame


def answered_unasked(n: Station, frame: o.Frame) -> None:
    """The DUT sent its answer before any request."""
    if frame.dst == n.mac:
        raise Undecided("the DUT took the MAC from the datagram and had nothing to resolve")
    raise Deviation(f"expected a request first, seen {o.summary(frame.raw)}")


def request_field(start: int, end: int, expected: Callable[[Tester, Station], bytes]) -> Body:
    """Octets of the DUT's request for an unknown neighbour."""

    def body(t: Tester) -> None:
        n = t.neighbour(answering=False)
        frame = resolving(t, n, t.provoke(n))
        equal(f"octets {start} to {end - 1} of the frame", expected(t, n), frame.raw[start:end])

    return body


@SUITE.case(
    "ARP-1.1",
    "an unknown neighbour is asked for before anything is sent to it",
    GENERATION,
    "generates an Ethernet packet with a type field of ether_type$ADDRESS_RESOLUTION",
    MUST,
    "arp-no-request",
)
def asks_first(t: Tester) -> None:
    n = t.neighbour(answering=False)
    resolving(t, n, t.provoke(n))


for key, title, start, end, expected, words, mutant in (
    ("ARP-1.2", "EtherType of a request", 12, 14, lambda t, n: b"\x08\x06",
     "a type field of ether_type$ADDRESS_RESOLUTION", "eth-type"),
    ("ARP-1.3", "a request is an Ethernet broadcast", 0, 6, lambda t, n: o.BROADCAST,
     "broadcast to all stations on the Ethernet cable", "eth-dst"),
    ("ARP-1.4", "Ethernet source of a request", 6, 12, lambda t, n: t.wire.mac,
     "ar$sha with the 48.bit ethernet address of itself", "eth-src"),
    ("ARP-1.5", "hardware space of a request", 14, 16, lambda t, n: b"\0\1",
     "sets the ar$hrd field to ares_hrd$Ethernet", "hrd"),
    ("ARP-1.6", "protocol of a request", 16, 18, lambda t, n: b"\x08\0",
     "ar$pro to the protocol type that is being resolved", "pro"),
    ("ARP-1.7", "hardware length of a request", 18, 19, lambda t, n: b"\6",
     "ar$hln to 6 (the number of bytes in a 48.bit Ethernet address)", "hln"),
    ("ARP-1.8", "protocol length of a request", 19, 20, lambda t, n: b"\4",
     "ar$pln to the length of an address in that protocol", "pln"),
    ("ARP-1.9", "opcode of a request", 20, 22, lambda t, n: b"\0\1",
     "ar$op to ares_op$REQUEST", "op"),
    ("ARP-1.10", "sender hardware address of a request", 22, 28, lambda t, n: t.wire.mac,
     "ar$sha with the 48.bit ethernet address of itself", "sha"),
    ("ARP-1.11", "sender protocol address of a request", 28, 32, lambda t, n: t.wire.ip,
     "ar$spa with the protocol address of itself", "spa"),
    ("ARP-1.12", "target protocol address of a request", 38, 42, lambda t, n: n.ip,
     "ar$tpa with the protocol address of the machine that is trying to be accessed", "tpa"),
):  # fmt: skip
    body = request_field(start, end, expected)
    SUITE.add(key, title, GENERATION, words, DESCRIBED, body, f"arp-request-{mutant}")


def asking(n: Station) -> Callable[[o.Frame], bool]:
    """Matches the DUT's request for a station."""
    return lambda f: f.arp is not None and f.arp.op == o.REQUEST and f.arp.tpa == n.ip


@SUITE.case(
    "ARP-1.14",
    "a resolved neighbour is not asked for again",
    GENERATION,
    "If it finds the pair, it gives the corresponding 48.bit Ethernet address back",
    DESCRIBED,
    "arp-forgets",
)
def asks_once(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    t.forget()
    for _ in range(5):
        t.still_alive(n)
    t.refuse(asking(n), "no further request for a neighbour that answered", t.timing.brief)


@SUITE.case(
    "ARP-1.15",
    "an off-link destination is reached through the gateway's MAC",
    "1122 3.3.1.1",
    "then the destination is accessible only through a gateway",
    MUST,
    "arp-no-gateway",
)
def resolves_gateway(t: Tester) -> None:
    x = t.wire.off_link()
    stimulus = t.echo(x)
    t.send(stimulus)
    reply = t.expect(lambda f: stimulus.answer(f) or asking(x)(f), "a reply through the gateway")
    if reply.arp:
        raise Deviation(f"expected a request for the gateway, seen {o.summary(reply.raw)}")
    equal("Ethernet destination of the reply", t.wire.gateway.mac, reply.dst)


@SUITE.case(
    "ARP-1.16",
    "two unknown neighbours are asked for independently",
    "826 Why is it done this way",
    "This format does not allow for more than one resolution to be done in the same packet",
    DESCRIBED,
    "arp-one-at-a-time",
)
def two_unknown(t: Tester) -> None:
    pair = [t.neighbour(answering=False) for _ in range(2)]
    for n in pair:
        t.provoke(n)
    for n in pair:
        t.expect(asking(n), f"a request for {o.dotted(n.ip)}")


def own_sender(frame: o.Frame, wire: Wire) -> str | None:
    """Standing monitor of ARP-1.17: the sender fields of the DUT's ARP packets."""
    packet = frame.arp
    if packet is None:
        return None
    if packet.sha == wire.mac and packet.spa in wire.own | {o.ANY}:
        return ""
    return f"expected sender {spaced(wire.mac + wire.ip)}, seen {spaced(packet.sha + packet.spa)}"


@SUITE.case(
    "ARP-2.1",
    "an address that stays silent is not asked for at a high rate",
    "1122 2.3.2.1",
    "A mechanism to prevent ARP flooding",
    MUST,
    "arp-unlimited",
)
def no_flood(t: Tester) -> None:
    u = t.neighbour(answering=False)
    for _ in range(20):
        t.provoke(u)
        t.pause(0.05)
    seen = [frame for frame in t.pending if asking(u)(frame)]
    if not seen:
        raise Undecided("the DUT sent no request at all")
    if len(seen) > 2:
        raise Deviation(f"expected at most 2 requests in the second, seen {len(seen)}")


@SUITE.case(
    "ARP-2.4",
    "a datagram waits until its destination is resolved",
    "1122 2.3.2.2",
    "transmit the saved packet when the address has been resolved",
    SHOULD,
    "arp-no-queue",
)
def held_reply(t: Tester) -> None:
    n = t.neighbour(answering=False)
    stimulus = t.provoke(n)
    t.expect(asking(n), "a request")
    t.pause(0.5)
    t.send(t.wire.arp_reply(n))
    t.expect(stimulus.answer, "the reply that waited")


@SUITE.case(
    "ARP-2.5",
    "of several datagrams that wait, at least the latest survives",
    "1122 2.3.2.2",
    "save (rather than discard) at least one (the latest) packet",
    SHOULD,
    "arp-no-queue",
    "arp-keeps-oldest",
)
def latest_held(t: Tester) -> None:
    n = t.neighbour(answering=False)
    waiting = [t.provoke(n) for _ in range(3)]
    t.expect(asking(n), "a request")
    t.pause(0.2)
    t.send(t.wire.arp_reply(n))
    t.expect(waiting[-1].answer, "the reply to the latest of three requests")


@SUITE.case(
    "ARP-2.6",
    "datagrams for two unresolved neighbours each wait for their own answer",
    "1122 2.3.2.2",
    "of each set of packets destined to the same unresolved IP address",
    SHOULD,
    "arp-no-queue",
    "arp-to-broadcast",
)
def two_waiting(t: Tester) -> None:
    pair = [t.neighbour(answering=False) for _ in range(2)]
    waiting = [t.provoke(n) for n in pair]
    for n in pair:
        t.expect(asking(n), "a request")
    for n, stimulus in reversed([*zip(pair, waiting, strict=True)]):
        t.send(t.wire.arp_reply(n))
        reply = t.expect(stimulus.answer, "the reply that waited")
        equal("Ethernet destination of the reply that waited", n.mac, reply.dst)


@SUITE.case(
    "ARP-2.7",
    "the MAC from the answer is used",
    GENERATION,
    "gives the corresponding 48.bit Ethernet address back to the caller",
    DESCRIBED,
    "arp-to-broadcast",
)
def answer_used(t: Tester) -> None:
    reply_goes_to(t, t.neighbour(), None)


def reply_goes_to(t: Tester, n: Station, mac: bytes | None) -> None:
    """An echo from `n` is answered to this MAC (None: its own), without another request."""
    stimulus = t.provoke(n)
    reply = t.expect(stimulus.answer, "an echo reply")
    equal("Ethernet destination of the echo reply", mac or n.mac, reply.dst)


# -- what the DUT's replies look like -------------------------------------------------------


def reply_field(start: int, end: int, expected: Callable[[Tester, Station], bytes]) -> Body:
    """Octets of the DUT's reply to a broadcast request."""

    def body(t: Tester) -> None:
        n = t.neighbour()
        t.send(t.arp(n))
        frame = t.expect(lambda f: is_reply_to(f, n), "an ARP reply")
        equal(f"octets {start} to {end - 1} of the frame", expected(t, n), frame.raw[start:end])

    return body


def answered(**fields: object) -> Body:
    """A request that differs from the usual one in these fields must be answered."""
    changed = ArpFields(**fields)  # type: ignore[typeddict-item]  # rows are literals below

    def body(t: Tester) -> None:
        n = t.neighbour()
        t.send(t.arp(n, **changed))
        reply = t.expect(lambda f: is_reply_to(f, n), "an ARP reply").arp
        assert reply is not None
        equal("sender of the reply", t.wire.mac + t.wire.ip, reply.sha + reply.spa)

    return body


SWAPPED = "Swap hardware and protocol fields, putting the local hardware and protocol addresses"
for key, title, start, end, expected, words, mutant in (
    ("ARP-3.2", "opcode of a reply", 20, 22, lambda t, n: b"\0\2",
     "Set the ar$op field to ares_op$REPLY", "op"),
    ("ARP-3.3", "sender hardware address of a reply", 22, 28, lambda t, n: t.wire.mac,
     SWAPPED, "sha"),
    ("ARP-3.4", "sender protocol address of a reply", 28, 32, lambda t, n: t.wire.ip,
     SWAPPED, "spa"),
    ("ARP-3.5", "target hardware address of a reply", 32, 38, lambda t, n: n.mac,
     SWAPPED, "tha"),
    ("ARP-3.6", "target protocol address of a reply", 38, 42, lambda t, n: n.ip,
     SWAPPED, "tpa"),
    ("ARP-3.9", "a reply goes to the requester only", 0, 6, lambda t, n: n.mac,
     "Send the packet to the (new) target hardware address", "eth-dst"),
    ("ARP-3.10", "Ethernet source of a reply", 6, 12, lambda t, n: t.wire.mac,
     SWAPPED, "eth-src"),
):  # fmt: skip
    body = reply_field(start, end, expected)
    SUITE.add(key, title, RECEPTION, words, DESCRIBED, body, f"arp-reply-{mutant}")

SUITE.add(
    "ARP-3.7", "hardware space and length of a reply", RECEPTION,
    "For the 10Mbit Ethernet <ar$hrd, ar$hln> takes on the value <1, 6>", DESCRIBED,
    lambda t: both(t, (14, b"\0\1"), (18, b"\6")), "arp-reply-hrd", "arp-reply-hln",
)  # fmt: skip
SUITE.add(
    "ARP-3.8", "protocol and protocol length of a reply", RECEPTION, SWAPPED, DESCRIBED,
    lambda t: both(t, (16, b"\x08\0"), (19, b"\4")), "arp-reply-pro", "arp-reply-pln",
)  # fmt: skip


def both(t: Tester, *fields: tuple[int, bytes]) -> None:
    """Several fields of one reply."""
    n = t.neighbour()
    t.send(t.arp(n))
    frame = t.expect(lambda f: is_reply_to(f, n), "an ARP reply")
    for at, value in fields:
        equal(f"octets from {at} of the frame", value, frame.raw[at : at + len(value)])


IS_REQUEST = "Is the opcode ares_op$REQUEST"
SUITE.add(
    "ARP-3.1", "a broadcast request is answered", "5227 2.5",
    "the host MUST respond with an ARP Reply as described in RFC 826", MUST,
    answered(), "arp-no-reply",
)  # fmt: skip
SUITE.add(
    "ARP-3.12", "a unicast request is answered", RECEPTION, IS_REQUEST, DESCRIBED,
    lambda t: answered(eth=t.wire.mac)(t), "arp-no-unicast",
)  # fmt: skip
for key, title, tha, mutant in (
    ("ARP-3.13", "zero", o.ZERO_MAC, "zero"),
    ("ARP-3.14", "all ones", o.BROADCAST, "ones"),
    ("ARP-3.15", "any value", OTHER_MAC, "other"),
):
    SUITE.add(
        key, f"the target hardware address of a request may be {title}", GENERATION,
        "It does not set ar$tha to anything in particular", DESCRIBED,
        answered(tha=tha), f"arp-tha-{mutant}",
    )  # fmt: skip
SUITE.add(
    "ARP-3.16", "the target hardware address of a broadcast request may be the DUT's", GENERATION,
    "It does not set ar$tha to anything in particular", DESCRIBED,
    lambda t: answered(tha=t.wire.mac)(t), "arp-tha-own",
)  # fmt: skip


@SUITE.case(
    "ARP-3.11",
    "each of ten requests is answered once",
    RECEPTION,
    "Send the packet to the (new) target hardware address",
    DESCRIBED,
    "arp-reply-twice",
    "arp-no-reply",
)
def one_reply_each(t: Tester) -> None:
    n = t.neighbour()
    for _ in range(10):
        t.send(t.arp(n))
        t.expect(lambda f: is_reply_to(f, n), "an ARP reply")
        t.pause(0.1)
    t.refuse(lambda f: is_reply_to(f, n), "no second reply to a request", t.timing.brief)


@SUITE.case(
    "ARP-3.17",
    "a reply goes to the sender hardware address, not to the Ethernet source",
    RECEPTION,
    "Send the packet to the (new) target hardware address",
    DESCRIBED,
    "arp-to-eth-source",
)
def other_ethernet_source(t: Tester) -> None:
    n = t.neighbour()
    frame = t.arp(n)
    t.send(frame[:6] + OTHER_MAC + frame[12:])
    reply = t.expect(lambda f: is_reply_to(f, n), "an ARP reply")
    equal("Ethernet destination and target of the reply", n.mac * 2, reply.dst + reply.raw[32:38])


@SUITE.case(
    "ARP-3.19",
    "octets behind a request do not come back",
    "826 Why is it done this way",
    "a reply has the same length as a request",
    DESCRIBED,
    "arp-echoes-trailer",
)
def trailing_octets(t: Tester) -> None:
    n = t.neighbour()
    for size in (18, 200):
        t.send(t.arp(n) + b"\xa5" * size)
        reply = t.expect(lambda f: is_reply_to(f, n), "an ARP reply")
        if b"\xa5" in reply.raw[42:]:
            raise Deviation(f"expected nothing of ours behind it, seen {spaced(reply.raw[42:])}")


@SUITE.case(
    "ARP-3.18",
    "two requests from different MACs are answered to the one that asked",
    RECEPTION,
    "the new hardware address supersedes the old one",
    DESCRIBED,
    "arp-from-table",
)
def two_requesters(t: Tester) -> None:
    n = t.neighbour()
    for mac in (n.mac, OTHER_MAC):
        t.send(t.arp(n, sha=mac))
        reply = t.expect(lambda f: is_reply_to(f, n), "an ARP reply").arp
        assert reply is not None
        equal("target hardware address of the reply", mac, reply.tha)


@SUITE.case(
    "ARP-3.20",
    "a probe is answered",
    "5227 2.5",
    "Probe Requests with all-zero sender IP addresses",
    MUST,
    "arp-no-probe",
    "arp-reply-spa",
)
def probe(t: Tester) -> None:
    n = t.neighbour()
    t.send(t.arp(n, spa=o.ANY))
    reply = t.expect(lambda f: is_reply_to(f, n), "an ARP reply").arp
    assert reply is not None
    equal("target of the reply", n.mac + o.ANY, reply.tha + reply.tpa)
    equal("sender of the reply", t.wire.mac + t.wire.ip, reply.sha + reply.spa)


# -- what must not be answered --------------------------------------------------------------


def unanswered(make: Callable[[Tester, Station], bytes]) -> Body:
    """A packet that must not cause any ARP reply."""

    def body(t: Tester) -> None:
        n = t.neighbour()
        t.require_echo(n)
        t.send(make(t, n))
        t.silence(n, lambda f: is_reply_to(f, n), "no ARP reply")

    return body


def unanswered_op(op: int) -> Body:
    """An opcode that is neither request nor reply."""
    return unanswered(lambda t, n: t.arp(n, op))


def unanswered_target(address: str) -> Body:
    """A request for an address that is not the DUT's."""
    return unanswered(lambda t, n: t.arp(n, tpa=o.ip(address)))


TARGET = "Am I the target protocol address"
LOOPBACK = "Internal host loopback address. Addresses of this form MUST NOT appear outside a host"
for key, title, rfc, words, level, body, mutant in (
    ("ARP-4.1", "unknown hardware space", RECEPTION, "Do I have the hardware type in ar$hrd",
     DESCRIBED, unanswered(lambda t, n: t.arp(n, hrd=0xFFFF)), "skip-arp-hrd"),
    ("ARP-4.2", "unknown protocol", RECEPTION, "Do I speak the protocol in ar$pro",
     DESCRIBED, unanswered(lambda t, n: t.arp(n, pro=0x1234)), "skip-arp-pro"),
    ("ARP-4.5", "opcode 0", RECEPTION, IS_REQUEST, DESCRIBED, unanswered_op(0), "skip-arp-op"),
    ("ARP-4.6", "opcode 3 (reverse request)", RECEPTION, IS_REQUEST, DESCRIBED,
     unanswered_op(3), "skip-arp-op"),
    ("ARP-4.7", "opcode 65535", RECEPTION, IS_REQUEST, DESCRIBED,
     unanswered_op(0xFFFF), "skip-arp-op"),
    ("ARP-4.8", "request for an address nobody has", RECEPTION, TARGET, DESCRIBED,
     unanswered(lambda t, n: t.arp(n, tpa=t.neighbour(False).ip)), "skip-arp-target"),
    ("ARP-4.9", "request for the subnet broadcast address", RECEPTION, TARGET, DESCRIBED,
     unanswered(lambda t, n: t.arp(n, tpa=t.wire.broadcast)), "skip-arp-target"),
    ("ARP-4.10", "request for 255.255.255.255", RECEPTION, TARGET, DESCRIBED,
     unanswered_target("255.255.255.255"), "skip-arp-target"),
    ("ARP-4.11", "request for 0.0.0.0", RECEPTION, TARGET, DESCRIBED,
     unanswered_target("0.0.0.0"), "skip-arp-target"),
    ("ARP-4.12", "request for 127.0.0.1", "1122 3.2.1.3", LOOPBACK, Level.MUST_NOT,
     unanswered_target("127.0.0.1"), "skip-arp-target"),
    ("ARP-4.13", "request for 224.0.0.1", RECEPTION, TARGET, DESCRIBED,
     unanswered_target("224.0.0.1"), "skip-arp-target"),
    ("ARP-4.14", "unsolicited reply", RECEPTION, IS_REQUEST, DESCRIBED,
     unanswered(lambda t, n: t.arp(n, o.REPLY, tha=t.wire.mac, eth=t.wire.mac)), "skip-arp-op"),
):  # fmt: skip
    SUITE.add(key, f"not answered: {title}", rfc, words, level, body, mutant)


@SUITE.case(
    "ARP-4.15",
    "not answered: truncated packets",
    "826 Packet format",
    "mbytes: (ar$tpa) Protocol address of target",
    DESCRIBED,
    "arp-truncated",
)
def truncated(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    whole = t.arp(n)
    for length in (8, 20, 27):
        # A stack that reads past the end finds what it misses: it has just handled it.
        t.send(whole)
        t.expect(lambda f: is_reply_to(f, n), "a reply to the whole request")
        t.send(whole[: 14 + length])
    t.silence(n, lambda f: is_reply_to(f, n), "no ARP reply")
    t.send(whole)
    t.expect(lambda f: is_reply_to(f, n), "a reply to the untruncated request")


# -- the translation table ------------------------------------------------------------------


def meet(t: Tester, n: Station) -> None:
    """`n` asks for the DUT and is answered."""
    t.send(t.arp(n))
    t.expect(lambda f: is_reply_to(f, n), "an ARP reply")


ADD = "add the triplet <protocol type, sender protocol address, sender hardware address>"
UPDATE = "update the sender hardware address field of the entry with the new information"


@SUITE.case(
    "ARP-5.1", "the sender of a request is learned", RECEPTION, ADD, DESCRIBED, "arp-learns-nothing"
)
def learned(t: Tester) -> None:
    n = t.neighbour(answering=False)
    meet(t, n)
    stimulus = t.provoke(n)
    seen = t.expect(lambda f: asking(n)(f) or stimulus.answer(f), "an echo reply")
    if seen.arp:
        raise Deviation(f"expected an echo reply without a request, seen {o.summary(seen.raw)}")


@SUITE.case(
    "ARP-5.2", "what was learned from a request is used", RECEPTION, ADD, DESCRIBED,
    "arp-to-broadcast",
)  # fmt: skip
def learned_is_used(t: Tester) -> None:
    n = t.neighbour()
    meet(t, n)
    reply_goes_to(t, n, None)


@SUITE.case("ARP-5.3", "an answer is remembered", RECEPTION, ADD, DESCRIBED, "arp-forgets")
def remembered(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    t.forget()
    stimulus = t.provoke(n)
    seen = t.expect(lambda f: asking(n)(f) or stimulus.answer(f), "a second echo reply")
    if seen.arp:
        raise Deviation(f"expected an echo reply without a request, seen {o.summary(seen.raw)}")


def updated(t: Tester, n: Station, packet: bytes) -> None:
    """After this packet, in which `n` has OTHER_MAC, the DUT sends there."""
    t.pause(t.timing.update_gap)
    t.send(packet)
    t.digest()
    reply_goes_to(t, n, OTHER_MAC)


def update_case(solicited: bool, make: Callable[[Tester, Station], bytes]) -> Body:
    """The entry of a neighbour, made by its answer or by its request, is overwritten."""

    def body(t: Tester) -> None:
        n = t.neighbour()
        if solicited:
            t.require_echo(n)
        else:
            meet(t, n)
            t.require_echo(n)
        updated(t, n, make(t, n))

    return body


for key, title, solicited, make, mutant in (
    ("ARP-5.6", "by a request", False, lambda t, n: t.arp(n, sha=OTHER_MAC), "arp-no-update"),
    ("ARP-5.7", "by a reply", False,
     lambda t, n: t.arp(n, o.REPLY, sha=OTHER_MAC, tha=t.wire.mac, eth=t.wire.mac),
     "arp-no-update"),
    ("ARP-5.8", "(made by an answer) by a request", True, lambda t, n: t.arp(n, sha=OTHER_MAC),
     "arp-no-update"),
    ("ARP-5.9", "by a gratuitous request", False, lambda t, n: t.arp(n, sha=OTHER_MAC, tpa=n.ip),
     "arp-update-as-target"),
    ("ARP-5.10", "by a gratuitous reply", False,
     lambda t, n: t.arp(n, o.REPLY, sha=OTHER_MAC, tha=OTHER_MAC, tpa=n.ip),
     "arp-update-as-target"),
    ("ARP-5.11", "by a request for somebody else", False,
     lambda t, n: t.arp(n, sha=OTHER_MAC, tpa=t.neighbour(False).ip), "arp-update-as-target"),
):  # fmt: skip
    body = update_case(solicited, make)
    SUITE.add(key, f"an entry is changed {title}", RECEPTION, UPDATE, DESCRIBED, body, mutant)


def not_learned(make: Callable[[Tester, Station], bytes]) -> Body:
    """A packet of an unknown station that must not add an entry: a request follows."""

    def body(t: Tester) -> None:
        n = t.neighbour(answering=False)
        t.send(make(t, n))
        t.digest()
        stimulus = t.provoke(n)
        seen = t.expect(lambda f: asking(n)(f) or stimulus.answer(f), "a request")
        if not seen.arp:
            raise Deviation(f"expected a request before, seen {o.summary(seen.raw)}")

    return body


for key, title, words, make, mutant in (
    ("ARP-5.12", "from a request for somebody else", TARGET,
     lambda t, n: t.arp(n, tpa=t.neighbour(False).ip), "arp-learns-all"),
    ("ARP-5.13", "from a reply with unknown hardware space",
     "Do I have the hardware type in ar$hrd",
     lambda t, n: t.arp(n, o.REPLY, hrd=0xFFFF, tha=t.wire.mac, eth=t.wire.mac), "skip-arp-hrd"),
    ("ARP-5.14", "from a reply with unknown protocol", "Do I speak the protocol in ar$pro",
     lambda t, n: t.arp(n, o.REPLY, pro=0x1234, tha=t.wire.mac, eth=t.wire.mac), "skip-arp-pro"),
    ("ARP-5.15", "from a reply to somebody else", TARGET,
     lambda t, n: t.arp(n, o.REPLY, tha=OTHER_MAC, tpa=t.neighbour(False).ip, eth=t.wire.mac),
     "arp-learns-all"),
):  # fmt: skip
    SUITE.add(key, f"nothing is learned {title}", RECEPTION, words, DESCRIBED, not_learned(make),
              mutant)  # fmt: skip


@SUITE.case(
    "ARP-5.17",
    "another station claiming the DUT's address changes nothing and starts no storm",
    "5227 2.4",
    "two hosts do not get stuck in an endless loop",
    Level.ROBUST,
    "arp-conflict-lost",
    "arp-conflict-storm",
)
def conflict(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    t.forget()
    t.send(t.arp(n, spa=t.wire.ip))
    t.pause(t.timing.absence)
    t.still_alive(n)
    claims = [f for f in t.pending if f.arp and f.arp.spa == t.wire.ip and f.arp.tpa == t.wire.ip]
    if len(claims) > 2:
        raise Deviation(f"expected at most 2 packets in defence, seen {len(claims)}")
    t.send(t.arp(n))
    reply = t.expect(lambda f: is_reply_to(f, n), "an ARP reply").arp
    assert reply is not None
    equal("sender of the reply", t.wire.mac + t.wire.ip, reply.sha + reply.spa)


@SUITE.case(
    "ARP-8.1",
    "RFC 894 framing is answered in RFC 894 framing",
    "1122 2.3.3",
    "MUST be able to send and receive packets using RFC-894 encapsulation",
    MUST,
    "icmp-none",
)
def framing(t: Tester) -> None:
    n = t.neighbour()
    stimulus = t.provoke(n)
    reply = t.expect(stimulus.answer, "an echo reply")
    equal("EtherType of the reply", b"\x08\0", reply.raw[12:14])


def sample(t: Tester) -> None:
    """Some ordinary traffic for the standing monitors; the monitor itself gives the verdict."""
    n = t.neighbour()
    t.send(t.arp(n))
    t.first(lambda f: is_reply_to(f, n), t.timing.answer)
    t.ping(n)
    t.ping(t.neighbour())


SUITE.add(
    "ARP-1.17", "all ARP packets of the run carry the DUT's own addresses as sender", GENERATION,
    "ar$sha with the 48.bit ethernet address of itself, ar$spa with the protocol address of itself",
    DESCRIBED, sample, "arp-request-sha", "arp-reply-spa", monitor=own_sender,
)  # fmt: skip
