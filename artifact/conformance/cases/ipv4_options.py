# SPDX-License-Identifier: GPL-2.0-only
# ruff: noqa: D103 - a case's title says what it checks
"""IPv4 options that a host acts on: record route, timestamp, source routes."""

from __future__ import annotations

from collections.abc import Callable

from artifact.conformance import octets as o
from artifact.conformance.case import Body, Level
from artifact.conformance.cases.ipv4 import SUITE, UDP_ECHO, discarded_option
from artifact.conformance.tester import ECHO_PORT, Stimulus, Tester
from artifact.conformance.verdict import Deviation, NotApplicable, equal, spaced
from artifact.conformance.wire import Station

MUST, SHOULD, DESCRIBED = Level.MUST, Level.SHOULD, Level.DESCRIBED
ROUTE, STAMP, LOOSE, STRICT = 7, 68, 131, 137
UPDATED = "SHOULD be updated to include the current host and included in the IP header of the Echo"
COMPLETED = "MUST be able to act as the final destination of a source route"


def option_in(options: bytes, kind: int) -> bytes:
    """An option of a header; nothing when it is not there."""
    at = 0
    while at < len(options) and options[at]:
        if options[at] == 1:
            at += 1
            continue
        size = max(2, options[at + 1]) if at + 1 < len(options) else 2
        if options[at] == kind:
            return options[at : at + size]
        at += size
    return b""


def room(kind: int, hops: int) -> bytes:
    """A record route with room for that many addresses."""
    return bytes((kind, 3 + 4 * hops, 4)) + bytes(4 * hops)


def reply_options(t: Tester, stimulus: Stimulus) -> bytes:
    """The options of the answer."""
    t.send(stimulus)
    reply = t.expect(stimulus.answer, "an answer").ip
    assert reply is not None
    return reply.options


@SUITE.case("IP-4.7", "an echo with a record route is answered with one of the same length",
            "1122 3.2.2.6", UPDATED, SHOULD, "route-dropped")  # fmt: skip
def route_kept(t: Tester) -> None:
    asked = room(ROUTE, 3)
    seen = option_in(reply_options(t, t.echo(t.neighbour(), options=asked)), ROUTE)
    equal("type and length of the record route in the reply", asked[:2], seen[:2])


def stamping(flag: int, *words: bytes) -> bytes:
    """A timestamp option with these words, RFC 791 3.1."""
    data = b"".join(words)
    return bytes((STAMP, 4 + len(data), 5, flag)) + data


@SUITE.case("IP-4.9", "an echo with a timestamp option is answered with the DUT's stamp",
            "1122 3.2.2.6", UPDATED, SHOULD, "stamp-dropped", "stamp-not-made")  # fmt: skip
def stamp_added(t: Tester) -> None:
    asked = stamping(0, bytes(12))
    seen = option_in(reply_options(t, t.echo(t.neighbour(), options=asked)), STAMP)
    equal("type and length of the timestamp option in the reply", asked[:2], seen[:2])
    if seen[2] < 9 or not any(seen[4:8]):
        raise Deviation(f"expected a stamp and a pointer behind it, seen {spaced(seen)}")


def stamped_address(t: Tester, flag: int, listed: bytes) -> None:
    asked = stamping(flag, listed, bytes(4), bytes(8))
    seen = option_in(reply_options(t, t.echo(t.neighbour(), options=asked)), STAMP)
    if not seen:
        raise NotApplicable("the DUT returns no timestamp option")
    equal("address beside the stamp", t.wire.ip, seen[4:8])
    if not any(seen[8:12]):
        raise Deviation(f"expected a stamp behind the address, seen {spaced(seen)}")


@SUITE.case("IP-4.10", "a stamp is made beside the DUT's address where that is asked for",
            "791 3.1", "each timestamp is preceded with internet address of the registering",
            DESCRIBED, "stamp-no-address")  # fmt: skip
def stamp_with_address(t: Tester) -> None:
    stamped_address(t, 1, bytes(4))
    stamped_address(t, 3, t.wire.ip)


@SUITE.case("IP-4.11", "a stamp that has no room is counted", "791 3.1",
            "the overflow count is incremented by one", DESCRIBED,
            "stamp-no-overflow")  # fmt: skip
def overflow(t: Tester) -> None:
    full = bytes((STAMP, 8, 9, 0)) + b"\0\1\2\3"
    seen = option_in(reply_options(t, t.echo(t.neighbour(), options=full)), STAMP)
    if not seen:
        raise NotApplicable("the DUT returns no timestamp option")
    equal("overflow count and flag", b"\x10", seen[3:4])


# -- source routes -------------------------------------------------------------------------------


def came_through(kind: int, *hops: Station) -> bytes:
    """A completed source route: the hops it recorded, pointer behind them."""
    size = 3 + 4 * len(hops)
    return bytes((kind, size, size + 1)) + b"".join(hop.ip for hop in hops)


def on_the_way_back(t: Tester, stimulus: Stimulus) -> o.Frame:
    """The answer, wherever its source route sends it first."""
    t.send(stimulus)
    return t.expect(lambda f: stimulus.token in f.raw and not stimulus.error(f), "an answer")


def accepted(kind: int, make: Callable[[Tester, Station, bytes], Stimulus]) -> Body:
    """What came by a completed source route is answered."""

    def body(t: Tester) -> None:
        n, hop = t.neighbour(), t.neighbour()
        t.require_echo(n)
        on_the_way_back(t, make(t, n, came_through(kind, hop)))

    return body


SUITE.add("IP-4.12", "accepted: UDP that came by a completed loose source route", "1122 3.2.1.8",
          COMPLETED, MUST, accepted(LOOSE, lambda t, n, way: t.udp(n, ECHO_PORT, options=way)),
          "route-refused", needs=UDP_ECHO)  # fmt: skip
SUITE.add("IP-4.13", "accepted: an echo that came by a completed strict source route",
          "1122 3.2.1.8", COMPLETED, MUST,
          accepted(STRICT, lambda t, n, way: t.echo(n, options=way)), "route-refused")  # fmt: skip


@SUITE.case("IP-4.14", "the way back names the hops in reverse order, each once", "1122 3.2.1.8",
            "This recorded route will be reversed and used to form a return source route", MUST,
            "route-not-returned", "route-not-reversed")  # fmt: skip
def way_back(t: Tester) -> None:
    n, first, second = (t.neighbour() for _ in range(3))
    t.require_echo(n)
    reply = on_the_way_back(t, t.echo(n, options=came_through(LOOSE, first, second))).ip
    assert reply is not None
    equal("destination of the reply", second.ip, reply.dst)
    route = option_in(reply.options, LOOSE)
    equal("source route of the reply", bytes((LOOSE, 11, 4)) + first.ip + n.ip, route)


@SUITE.case("IP-4.16", "two source routes in one header do no harm", "1122 3.2.1.8",
            "the effect on routing of multiple Source Route options is implementation-specific",
            Level.ROBUST, "two-routes-die")  # fmt: skip
def two_routes(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    t.send(t.echo(n, options=came_through(LOOSE, n) + came_through(STRICT, n)))
    t.digest()
    t.still_alive(n)


SUITE.add("IP-4.20", "discarded: a record route whose pointer is below 4", "791 3.1",
          "the smallest legal value for the pointer is 4", DESCRIBED,
          discarded_option("070703 00000000"), "skip-route-pointer")  # fmt: skip


@SUITE.case("IP-4.23", "no error about a source route in an Ethernet broadcast", "1122 3.2.2",
            "a datagram sent as a link-layer broadcast", Level.MUST_NOT,
            "error-to-link-broadcast")  # fmt: skip
def broadcast_route(t: Tester) -> None:
    n, hop = t.neighbour(), t.wire.off_link()
    t.require_echo(n)
    stimulus = t.echo(n, options=bytes((LOOSE, 7, 4)) + hop.ip, eth=o.BROADCAST)
    t.send(stimulus)
    t.silence(n, stimulus.error, "no ICMP error")


@SUITE.case("IP-5.7", "later fragments have only the options that are copied", "791 3.1",
            "Not copied on fragmentation, goes in first fragment only", DESCRIBED,
            "frag-out-options")  # fmt: skip
def options_of_fragments(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    stimulus = t.echo(n, size=3000, options=room(ROUTE, 3))
    t.send(*t.pieces(stimulus, 1440, 2880))
    parts = t.whole(t.expect(stimulus.answer, "the first fragment of an echo reply"))
    if not option_in(parts[0].options, ROUTE):
        raise NotApplicable("the DUT returns no record route")
    for part in parts[1:]:
        equal("record route in a later fragment", b"", option_in(part.options, ROUTE))
