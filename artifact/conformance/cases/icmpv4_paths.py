# SPDX-License-Identifier: GPL-2.0-only
# ruff: noqa: D103 - a case's title says what it checks
"""ICMP that tells a host about paths: redirects, path MTU, and what a router says."""

from __future__ import annotations

from artifact.conformance import octets as o
from artifact.conformance.case import Body, Level
from artifact.conformance.cases.icmpv4 import SUITE, through_gateway
from artifact.conformance.tester import ECHO_PORT, Tester
from artifact.conformance.verdict import Deviation, NotApplicable, equal
from artifact.conformance.wire import Station

MUST, MUST_NOT = Level.MUST, Level.MUST_NOT
SMALLEST = 68


def redirect_followed(code: int) -> Body:
    """After a redirect from its gateway the DUT answers an off-link station through another."""

    def body(t: Tester) -> None:
        x, other = t.wire.off_link(), t.neighbour()
        t.require_echo(other)
        through_gateway(t, x)
        about_reply = o.ipv4(t.wire.ip, x.ip, o.ICMP, o.icmp(0, 0, o.pair(1, 1)))
        message = o.icmp(5, code, other.ip, about_reply)
        t.send(t.datagram(t.wire.gateway, o.ICMP, message, b"no token in this"))
        t.digest()
        stimulus = t.echo(x)
        t.send(stimulus)
        reply = t.expect(stimulus.answer, "an echo reply through the new gateway")
        equal("Ethernet destination of the reply", other.mac, reply.dst)

    return body


UPDATE = "A host receiving a Redirect message MUST update its routing information accordingly"
SUITE.add("IC-4.2", "a host redirect from the gateway is followed", "1122 3.2.2.2", UPDATE, MUST,
          redirect_followed(1), "redirect-ignored", needs="host")  # fmt: skip
SUITE.add("IC-4.3", "a network redirect from the gateway is followed", "1122 3.2.2.2",
          "Every host MUST be prepared to accept both Host and Network Redirects", MUST,
          redirect_followed(0), "redirect-host-only", needs="host")  # fmt: skip


def too_big(t: Tester, sent: o.Ip, mtu: int) -> bytes:
    """A router's report that a datagram of the DUT does not fit, RFC 1191 4."""
    message = o.icmp(3, 4, o.pair(0, mtu), sent.header + sent.data[:8])
    return t.datagram(t.wire.gateway, o.ICMP, message, b"no token in this").frame


def sizes_after(t: Tester, mtu: int) -> list[o.Ip]:
    """What the DUT sends once it was told that its large datagrams do not fit."""
    x = t.wire.off_link()
    stimulus = t.udp(x, ECHO_PORT, size=1400)
    t.send(stimulus)
    sent = t.expect(stimulus.answer, "an answer from the echo service").ip
    assert sent is not None
    if not o.u16(sent.raw, 6) & o.DF:
        raise NotApplicable("the DUT does not search for the path MTU: it sends without DF")
    t.send(too_big(t, sent, mtu))
    t.digest()
    again = t.udp(x, ECHO_PORT, size=1400)
    t.send(again)
    first = t.expect(again.answer, "an answer from the echo service")
    return t.whole(first)


@SUITE.case("IC-3.5", "a path MTU that is reported is kept to", "1191 3",
            "it MUST reduce its estimate of the PMTU for the relevant path", MUST, "pmtu-ignored",
            needs="udp_echo")  # fmt: skip
def path_mtu(t: Tester) -> None:
    for part in sizes_after(t, 600):
        if part.length > 600 and o.u16(part.raw, 6) & o.DF:
            raise Deviation(f"expected at most 600 octets or no DF, seen {part.length} with DF")


@SUITE.case("IC-3.6", "a path MTU below 68 is not believed", "1191 3",
            "A host MUST never reduce its estimate of the Path MTU below 68", MUST, "pmtu-tiny",
            needs="udp_echo")  # fmt: skip
def tiny_path_mtu(t: Tester) -> None:
    for part in sizes_after(t, 40)[:-1]:
        if part.length < SMALLEST - 7:  # a fragment's data is a multiple of eight octets
            raise Deviation(f"expected fragments of about 68 octets or more, seen {part.length}")


@SUITE.case("IC-3.8", "a service goes on after a port unreachable", "1122 4.1.3.3",
            "UDP MUST pass to the application layer all ICMP error messages", MUST,
            "udp-error-kills", needs="udp_echo")  # fmt: skip
def goes_on(t: Tester) -> None:
    n = t.neighbour()
    stimulus = t.udp(n, ECHO_PORT)
    t.send(stimulus)
    answer = t.expect(stimulus.answer, "an answer from the echo service").ip
    assert answer is not None
    message = o.icmp(3, 3, bytes(4), answer.header + answer.data[:8])
    t.send(t.datagram(n, o.ICMP, message, b"no token in this"))
    t.digest()
    for _ in range(2):  # the first call after the error may report it
        again = t.udp(n, ECHO_PORT)
        t.send(again)
        if t.first(again.answer, t.timing.answer):
            return
    raise Deviation("expected the echo service to go on, seen no answer")


@SUITE.case("IC-6.6", "a datagram whose TTL runs out in the router is reported", "1812 5.3.1",
            "router MUST send an ICMP Time Exceeded message, Code 0", MUST, "forward-silent",
            needs="forwarding")  # fmt: skip
def ran_out(t: Tester) -> None:
    near: Station = t.neighbour()
    stimulus = t.udp(near, 4242, dst=t.far.neighbour().ip, ttl=1)
    t.send(stimulus)
    error = t.expect(stimulus.error, "a time exceeded").carries(o.ICMP)
    equal("type and code", b"\x0b\0", error[:2])
