# SPDX-License-Identifier: GPL-2.0-only
# ruff: noqa: D103 - a case's title says what it checks; rows share signatures
"""IPv4 headers and addresses that are rarely met, and a second address."""

from __future__ import annotations

from artifact.conformance import octets as o
from artifact.conformance.case import Body, Level
from artifact.conformance.cases.icmpv4 import ALL_HOSTS_MAC
from artifact.conformance.cases.ipv4 import (
    BAD_SUM,
    SUITE,
    TOTAL,
    UDP_ECHO,
    answered,
)
from artifact.conformance.cases.shared import silent
from artifact.conformance.tester import ECHO_PORT, Stimulus, Tester
from artifact.conformance.verdict import Deviation, equal
from artifact.conformance.wire import Station

MUST, SHOULD, DESCRIBED, ROBUST = Level.MUST, Level.SHOULD, Level.DESCRIBED, Level.ROBUST
RESERVED = 0x8000
OFF_LINK_SIZE = 576


def spoiled_sum(t: Tester, n: Station) -> Stimulus:
    """An echo request with 40 octets of options and a checksum that is off by one."""
    right = t.echo(n, options=b"\1" * 40)
    raw = o.with_header_sum(right.datagram, o.u16(right.datagram, 10) ^ 1)
    return Stimulus(n, raw, right.frame[:14] + raw, right.token)


SUITE.add("IP-1.18", "discarded: a header of 60 octets with a wrong checksum", "1122 3.2.1.2",
          BAD_SUM, MUST, silent(spoiled_sum), "skip-sum")  # fmt: skip
SUITE.add("IP-1.19", "accepted: a datagram with the reserved flag", "791 3.1",
          "reserved, must be zero", ROBUST, answered(lambda t, n: t.echo(n, frag=RESERVED)),
          "ip-reserved-bit")  # fmt: skip


@SUITE.case("IP-1.22", "an echo is answered with the type of service it was asked with", "1349 5.1",
            "An ICMP reply message is sent with the same value in the TOS field", DESCRIBED,
            "echo-tos")  # fmt: skip
def same_tos(t: Tester) -> None:
    n = t.neighbour()
    for tos in (0x00, 0x08, 0x10):
        stimulus = t.echo(n, tos=tos)
        t.send(stimulus)
        reply = t.expect(stimulus.answer, "an echo reply").ip
        assert reply is not None
        equal("TOS field of the reply", bytes((tos,)), reply.raw[1:2])


def harmless(*makes: o.HeaderFields) -> Body:
    """Datagrams without data, with these fields, do no harm."""

    def body(t: Tester) -> None:
        n = t.neighbour()
        t.require_echo(n)
        for fields in makes:
            t.send(t.datagram(n, 253, b"", b"no token in this", **fields))
        t.digest()
        t.still_alive(n)

    return body


SUITE.add("IP-1.23", "a datagram that is only a header does no harm", "791 3.1", TOTAL, ROBUST,
          harmless({}, {"frag": o.DF}), "ip-empty-dies")  # fmt: skip
SUITE.add("IP-1.24", "discarded: a datagram in a frame for another station", "894 Address Mappings",
          "The mapping of 32-bit Internet addresses to 48-bit Ethernet addresses can be done",
          ROBUST, silent(lambda t, n: t.echo(n, eth=b"\2\x4f\0\0\0\1")),
          "any-station")  # fmt: skip
SUITE.add("IP-1.25", "discarded: a datagram under the EtherType of IPv6", "894 Frame Format",
          "The type field of the Ethernet frame must contain the value hexadecimal 0800", ROBUST,
          silent(lambda t, n: t.echo(n, kind=o.IPV6)), "skip-ethertype")  # fmt: skip

ZERO_FORMS = "recognize and accept any of these non-standard broadcast addresses"
SUITE.add("IP-2.5", "accepted: a datagram for the subnet broadcast address with zeros",
          "1122 3.3.6", ZERO_FORMS, SHOULD,
          answered(lambda t, n: t.udp(n, ECHO_PORT, dst=zeros(t), eth=o.BROADCAST)),
          "ip-zero-forms", needs=UDP_ECHO)  # fmt: skip
SUITE.add("IP-2.6", "accepted: a datagram for 0.0.0.0", "1122 3.3.6", ZERO_FORMS, SHOULD,
          answered(lambda t, n: t.udp(n, ECHO_PORT, dst=o.ANY, eth=o.BROADCAST)),
          "ip-zero-forms", needs=UDP_ECHO)  # fmt: skip
SUITE.add("IP-2.12", "accepted: a datagram for 224.0.0.1", "1122 3.3.7",
          'SHOULD still join the "all-hosts" group (224.0.0.1) when the IP layer is', SHOULD,
          answered(lambda t, n: t.udp(n, ECHO_PORT, dst=o.ip("224.0.0.1"), eth=ALL_HOSTS_MAC)),
          "udp-no-all-hosts", needs=UDP_ECHO)  # fmt: skip
SUITE.add("IP-3.5", "accepted: a datagram with TTL 255", "1122 3.2.1.7",
          "A host MUST NOT discard a datagram just because it was received with TTL", DESCRIBED,
          answered(lambda t, n: t.udp(n, ECHO_PORT, ttl=255)), "ip-ttl-255",
          needs=UDP_ECHO)  # fmt: skip


def zeros(t: Tester) -> bytes:
    """The network's number with host bits of zero, RFC 1122 3.3.6."""
    host = (1 << (32 - t.info.prefix)) - 1
    return (int.from_bytes(t.wire.broadcast, "big") & ~host).to_bytes(4, "big")


@SUITE.case("IP-2.23", "an answer comes from the address that was asked, also the second one",
            "1122 3.3.4.2", "the source address for the response SHOULD be", SHOULD,
            "alias-source", needs="alias")  # fmt: skip
def alias_source(t: Tester) -> None:
    second = o.ip(t.info.alias)
    stimulus = t.echo(t.neighbour(), dst=second)  # a UDP service would choose for itself
    t.send(stimulus)
    reply = t.expect(stimulus.answer, "an echo reply").ip
    assert reply is not None
    equal("source of the answer", second, reply.src)


@SUITE.case("IP-5.8", "what leaves the network is at most 576 octets, or has DF", "1122 3.3.3",
            "whenever the destination address is not on a connected network", SHOULD,
            "ip-no-df-out", needs=UDP_ECHO)  # fmt: skip
def off_link_size(t: Tester) -> None:
    stimulus = t.udp(t.wire.off_link(), ECHO_PORT, size=1400)
    t.send(stimulus)
    answer = t.expect(stimulus.answer, "an answer from the echo service").ip
    assert answer is not None
    searching = o.u16(answer.raw, 6) & o.DF  # RFC 1191: it looks for the path's MTU
    if answer.length > OFF_LINK_SIZE and not searching:
        raise Deviation(f"expected at most 576 octets or DF, seen {answer.length} octets")
