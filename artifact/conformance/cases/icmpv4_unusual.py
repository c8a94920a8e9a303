# SPDX-License-Identifier: GPL-2.0-only
# ruff: noqa: D103 - a case's title says what it checks
"""ICMP with IP options, timestamps over time, and messages nobody asked for."""

from __future__ import annotations

from artifact.conformance import octets as o
from artifact.conformance.case import Level
from artifact.conformance.cases.icmpv4 import SUITE, port_unreachable, stamp
from artifact.conformance.cases.ipv4_options import (
    LOOSE,
    ROUTE,
    STAMP,
    UPDATED,
    came_through,
    on_the_way_back,
    option_in,
    reply_options,
    stamping,
)
from artifact.conformance.tester import Tester
from artifact.conformance.verdict import Deviation, NotApplicable, equal, spaced
from artifact.conformance.wire import Wire

MUST, SHOULD, MUST_NOT, ROBUST = Level.MUST, Level.SHOULD, Level.MUST_NOT, Level.ROBUST
LARGEST_ERROR = 576


@SUITE.case("IC-1.12", "an error is at most 576 octets long", "1812 4.3.2.3",
            "without the length of the ICMP datagram exceeding 576 bytes", SHOULD,
            "quote-all")  # fmt: skip
def error_size(t: Tester) -> None:
    stimulus = t.udp(t.neighbour(), size=1000)
    t.send(stimulus)
    error = t.expect(stimulus.error, "an ICMP error").ip
    assert error is not None
    if error.length > LARGEST_ERROR:
        raise Deviation(f"expected at most {LARGEST_ERROR} octets, seen {error.length}")


@SUITE.case("IC-7.1", "a malformed option is reported with a pointer into it", "1122 3.2.2.5",
            "A host SHOULD generate Parameter Problem messages", SHOULD, "error-no-parameter",
            "pointer-wrong")  # fmt: skip
def parameter_problem(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    stimulus = t.echo(n, options=b"\x82\x10\1\1")
    t.send(stimulus)
    error = t.expect(stimulus.error, "a parameter problem").carries(o.ICMP)
    equal("type and code", b"\x0c\0", error[:2])
    if not 20 <= error[4] < 24:
        raise Deviation(f"expected a pointer from 20 to 23, seen {error[4]}")


@SUITE.case("IC-8.14", "an echo reply continues the record route with the DUT's address",
            "1122 3.2.2.6", UPDATED, SHOULD, "route-dropped", "route-not-recorded")  # fmt: skip
def route_continued(t: Tester) -> None:
    hop = t.neighbour()
    asked = bytes((ROUTE, 15, 8)) + hop.ip + bytes(8)
    seen = option_in(reply_options(t, t.echo(t.neighbour(), options=asked)), ROUTE)
    equal("first two addresses of the record route", hop.ip + t.wire.ip, seen[3:11])


@SUITE.case("IC-8.15", "an echo reply continues the timestamps", "1122 3.2.2.6", UPDATED, SHOULD,
            "stamp-dropped", "stamp-not-made")  # fmt: skip
def stamps_continued(t: Tester) -> None:
    asked = stamping(0, b"\0\1\2\3", bytes(8))
    asked = asked[:2] + b"\x09" + asked[3:]
    seen = option_in(reply_options(t, t.echo(t.neighbour(), options=asked)), STAMP)
    equal("the stamp that was there", b"\0\1\2\3", seen[4:8])
    if not any(seen[8:12]):
        raise Deviation(f"expected a second stamp, seen {spaced(seen)}")


@SUITE.case("IC-8.16", "an echo that came by a source route is answered by the reversed one",
            "1122 3.2.2.6",
            "the return route MUST be reversed and used as a Source Route option for the Echo",
            MUST, "route-not-returned")  # fmt: skip
def reversed_route(t: Tester) -> None:
    n, hop = t.neighbour(), t.neighbour()
    t.require_echo(n)
    reply = on_the_way_back(t, t.echo(n, options=came_through(LOOSE, hop))).ip
    assert reply is not None
    equal("destination of the reply", hop.ip, reply.dst)
    equal("source route of the reply", bytes((LOOSE, 7, 4)) + n.ip, option_in(reply.options, LOOSE))


# -- timestamps ------------------------------------------------------------------------------------


@SUITE.case("IC-10.5", "the timestamp advances at least 15 times a second", "1122 3.2.2.8",
            '"standard value" MUST be updated at least 15 times', MUST,
            "stamp-frozen")  # fmt: skip
def advancing(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    values = []
    for _ in range(2):
        stimulus, _ = stamp(t, n)
        t.send(stimulus)
        reply = t.first(stimulus.answer, t.timing.answer)
        if reply is None:
            raise NotApplicable("the DUT has no timestamp service, which is optional")
        values.append(reply.carries(o.ICMP)[12:16])
        t.pause(0.15)
    if values[0] == values[1]:
        raise Deviation(f"expected another value after 0.15 s, seen {spaced(values[1])} twice")


@SUITE.case("IC-10.7", "a timestamp request to the subnet broadcast address is not answered from"
            " there", "1122 3.2.2.8",
            "An ICMP Timestamp Request message to an IP broadcast or IP multicast address MAY be",
            Level.MAY, "stamp-group-source")  # fmt: skip
def group_stamp(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    stimulus, _ = stamp(t, n, dst=t.wire.broadcast, eth=o.BROADCAST)
    t.send(stimulus)
    reply = t.first(stimulus.answer, t.timing.answer)
    if reply is not None and reply.ip is not None:
        equal("source of the reply", t.wire.ip, reply.ip.src)
    t.still_alive(n)


# -- messages nobody asked for -----------------------------------------------------------------


@SUITE.case("IC-12.2", "a router advertisement does no harm", "1256 5.2",
            "A host must silently discard any received Router Advertisement", ROBUST,
            "advert-dies")  # fmt: skip
def advertisement(t: Tester) -> None:
    n, x = t.neighbour(), t.wire.off_link()
    t.require_echo(n)
    lifetime = (1800).to_bytes(2, "big")
    message = o.icmp(9, 0, b"\1\2" + lifetime, n.ip + b"\0\0\0\1")
    t.send(t.datagram(n, o.ICMP, message, b"no token in this", ttl=1))
    t.digest()
    t.still_alive(n)
    t.still_alive(x)


def no_mask_reply(frame: o.Frame, wire: Wire) -> str | None:  # noqa: ARG001 - as every monitor
    """Monitor of IC-11.3."""
    message = frame.carries(o.ICMP)
    if not message:
        return None
    return f"expected no mask reply, seen {o.summary(frame.raw)}" if message[0] == 18 else ""


def traffic(t: Tester) -> None:
    """A little of everything; the monitor itself gives the verdict."""
    n = t.neighbour()
    t.require_echo(n)
    port_unreachable(t, n)


SUITE.add("IC-11.3", "no address mask reply in the whole run", "1122 3.2.2.9",
          "A system MUST NOT send an Address Mask Reply unless", MUST_NOT, traffic, "mask-unasked",
          monitor=no_mask_reply)  # fmt: skip
