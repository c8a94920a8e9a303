# SPDX-License-Identifier: GPL-2.0-only
# ruff: noqa: D103 - a case's title says what it checks
"""Forwarding between two links: RFC 1812. For DUTs with a second link and forwarding on.

`t` is the tester on the first link, `t.far` the one on the second.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from artifact.conformance import octets as o
from artifact.conformance.case import Body, Level
from artifact.conformance.cases.ipv4 import SUITE
from artifact.conformance.cases.ipv4_options import LOOSE, ROUTE, option_in, room
from artifact.conformance.tester import Stimulus, Tester
from artifact.conformance.verdict import Deviation, equal
from artifact.conformance.wire import Station

MUST, MUST_NOT, SHOULD = Level.MUST, Level.MUST_NOT, Level.SHOULD
FORWARDING = "forwarding"
TRANSIT_PORT = 4242
REDUCE = "When a router forwards a packet, it MUST reduce the TTL by at least one"


def through(t: Tester, **fields: object) -> tuple[Station, Station, Stimulus]:
    """A UDP datagram from a station of the first link to one of the second."""
    near, far = t.neighbour(), t.far.neighbour()
    fields.setdefault("dst", far.ip)
    return near, far, t.udp(near, TRANSIT_PORT, **fields)  # type: ignore[arg-type]  # named below


def arriving(t: Tester, stimulus: Stimulus) -> o.Frame:
    """The datagram as it comes out on the second link."""
    t.send(stimulus)
    return t.far.expect(lambda f: stimulus.token in f.raw, "the datagram on the second link")


@SUITE.case("IP-7.1", "a datagram for the other link is forwarded", "1812 5.2.1.2",
            "The forwarder determines the next hop IP address for the packet", MUST,
            "forward-none", needs=FORWARDING)  # fmt: skip
def forwarded(t: Tester) -> None:
    _, far, stimulus = through(t)
    seen = arriving(t, stimulus)
    assert seen.ip is not None
    equal("Ethernet destination", far.mac, seen.dst)
    equal("addresses", stimulus.ip.src + stimulus.ip.dst, seen.ip.src + seen.ip.dst)
    equal("data", stimulus.ip.data, seen.ip.data)


@SUITE.case("IP-7.2", "a forwarded datagram has a lower TTL and a right checksum", "1812 5.3.1",
            REDUCE, MUST, "forward-ttl-kept", "forward-sum", needs=FORWARDING)  # fmt: skip
def lower_ttl(t: Tester) -> None:
    _, _, stimulus = through(t, ttl=17)
    seen = arriving(t, stimulus).ip
    assert seen is not None
    equal("TTL", b"\x10", seen.raw[8:9])
    equal("checksum over the header", b"\0\0", o.checksum(seen.header).to_bytes(2, "big"))


def not_forwarded(make: Callable[[Tester, Station, Station], Stimulus]) -> Body:
    """A datagram that must not come out on the second link; a good one then does."""

    def body(t: Tester) -> None:
        _, far, twin = through(t)
        arriving(t, twin)
        near = t.neighbour()
        t.require_echo(near)
        stimulus = make(t, near, far)
        t.send(stimulus)
        t.far.refuse(lambda f: stimulus.token in f.raw, "nothing on the second link")
        _, _, twin = through(t)
        arriving(t, twin)
        t.far.refuse(lambda f: stimulus.token in f.raw, "nothing on the second link", 0)

    return body


SUITE.add("IP-7.3", "not forwarded: a datagram with TTL 1", "1812 5.3.1",
          "If the TTL is reduced to zero (or less), the packet MUST be discarded", MUST,
          not_forwarded(lambda t, near, far: t.udp(near, TRANSIT_PORT, dst=far.ip, ttl=1)),
          "forward-ttl-1", needs=FORWARDING)  # fmt: skip
SUITE.add("IP-7.6", "not forwarded: a datagram in an Ethernet broadcast", "1812 5.3.4",
          "A router MUST NOT forward any packet that the router received as a Link Layer broadcast",
          MUST_NOT,
          not_forwarded(
              lambda t, near, far: t.udp(near, TRANSIT_PORT, dst=far.ip, eth=o.BROADCAST)),
          "forward-link-broadcast", needs=FORWARDING)  # fmt: skip
SUITE.add("IP-7.8", "not forwarded: the limited broadcast", "1812 5.3.5.1",
          "Limited broadcasts MUST NOT be forwarded", MUST_NOT,
          not_forwarded(lambda t, near, _: t.udp(near, TRANSIT_PORT, dst=o.LIMITED_BROADCAST,
                                                 eth=o.BROADCAST)),
          "forward-broadcast", needs=FORWARDING)  # fmt: skip


@SUITE.case("IP-7.7", "not forwarded: from 127.0.0.1, 0.0.0.0 and 240.0.0.1", "1812 5.3.7",
            "A router SHOULD NOT forward any packet that has an invalid IP source address",
            Level.SHOULD_NOT, "forward-martians", needs=FORWARDING)  # fmt: skip
def martians(t: Tester) -> None:
    for address in ("127.0.0.1", "0.0.0.0", "240.0.0.1"):
        not_forwarded(partial(from_source, o.ip(address)))(t)


def from_source(source: bytes, t: Tester, near: Station, far: Station) -> Stimulus:
    """A datagram for the second link from this address."""
    return t.udp(near, TRANSIT_PORT, dst=far.ip, src=source)


@SUITE.case("IP-7.4", "what is too big for the next link is fragmented", "1812 4.2.2.7",
            "Fragmentation, as described in [INTERNET:1], MUST be supported by a router", MUST,
            "forward-no-fragments", needs=FORWARDING)  # fmt: skip
def fragmented(t: Tester) -> None:
    _, _, stimulus = through(t, size=1400)
    first = arriving(t, stimulus)
    parts = t.far.whole(first)
    largest = max(part.length for part in parts)
    if largest > t.far.wire.mtu:
        raise Deviation(f"expected at most {t.far.wire.mtu} octets, seen {largest}")
    equal("data of the fragments", stimulus.ip.data, b"".join(part.data for part in parts))


@SUITE.case("IP-7.5", "what is too big and has DF is reported with the size that fits", "1191 4",
            "MUST include the MTU of that next-hop network in the low-order 16 bits", MUST,
            "forward-ignores-df", "forward-no-mtu", needs=FORWARDING)  # fmt: skip
def too_big(t: Tester) -> None:
    _, _, stimulus = through(t, size=1400, frag=o.DF)
    t.send(stimulus)
    error = t.expect(stimulus.error, "a fragmentation needed").carries(o.ICMP)
    equal("type and code", b"\3\4", error[:2])
    equal("next-hop MTU", t.far.wire.mtu.to_bytes(2, "big"), error[6:8])
    t.far.refuse(lambda f: stimulus.token in f.raw, "nothing on the second link", 0)


@SUITE.case("IP-7.9", "a sender that could go directly is told so", "1812 5.2.7.2",
            "Routers MUST be able to generate the Redirect for Host message (Code 1)", SHOULD,
            "redirect-none", needs=FORWARDING)  # fmt: skip
def redirected(t: Tester) -> None:
    near, x = t.neighbour(), t.wire.off_link()
    t.require_echo(near)
    stimulus = t.udp(near, TRANSIT_PORT, dst=x.ip)
    t.send(stimulus)
    message = t.expect(stimulus.error, "a redirect").carries(o.ICMP)
    equal("type and code", b"\5\1", message[:2])
    equal("gateway that is named", t.wire.gateway.ip, message[4:8])


@SUITE.case("IP-7.10", "a router adds itself to a record route", "1812 5.3.13.5",
            "Routers MUST support the Record Route option in forwarded packets", MUST,
            "forward-not-recorded", needs=FORWARDING)  # fmt: skip
def recorded(t: Tester) -> None:
    _, _, stimulus = through(t, options=room(ROUTE, 2))
    seen = arriving(t, stimulus).ip
    assert seen is not None
    route = option_in(seen.options, ROUTE)
    equal("recorded route", bytes((ROUTE, 11, 8)) + t.far.wire.ip + o.ANY, route)


@SUITE.case("IP-7.12", "a loose source route through the router is followed", "1812 5.3.13.4",
            "A router MUST implement support for source route options in forwarded packets", MUST,
            "ip-no-source-route", "route-not-updated", needs=FORWARDING)  # fmt: skip
def followed(t: Tester) -> None:
    far = t.far.neighbour()
    _, _, stimulus = through(t, dst=t.wire.ip, options=bytes((LOOSE, 7, 4)) + far.ip)
    seen = arriving(t, stimulus).ip
    assert seen is not None
    equal("destination", far.ip, seen.dst)
    way = bytes((LOOSE, 7, 8)) + t.far.wire.ip
    equal("source route", way, option_in(seen.options, LOOSE))
