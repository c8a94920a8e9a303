# SPDX-License-Identifier: GPL-2.0-only
# ruff: noqa: ARG001, ARG005, D103 - a case's title says what it checks; rows share signatures
"""IPv4 as a host must speak it: RFC 791, RFC 1122 3.2.1 and 3.3, RFC 1112 7.2.

Most cases are one datagram in and either its data back or silence. Silence counts only when
the same station gets a plain echo answered before and afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count, permutations

from artifact.conformance import octets as o
from artifact.conformance.case import Body, Level, Suite
from artifact.conformance.cases.shared import Make, silent
from artifact.conformance.tester import ECHO_PORT, Stimulus, Tester, pattern
from artifact.conformance.verdict import Deviation, equal, spaced
from artifact.conformance.wire import Station, Wire

SUITE = Suite("ipv4", layer=3)
MUST, SHOULD, DESCRIBED = Level.MUST, Level.SHOULD, Level.DESCRIBED
ROBUST, MUST_NOT = Level.ROBUST, Level.MUST_NOT
UDP_ECHO = "udp_echo"


def answered(make: Make) -> Body:
    """The datagram must be processed: its data comes back."""

    def body(t: Tester) -> None:
        n = t.neighbour()
        t.exchange(make(t, n))

    return body


def echo(t: Tester, n: Station) -> Stimulus:
    """A plain echo request."""
    return t.echo(n)


# -- header --------------------------------------------------------------------------------

NOT_4 = "A datagram whose version number is not 4 MUST be silently discarded"
BAD_SUM = "silently discard every datagram that has a bad checksum"
IHL = "the minimum value for a correct header is 5"
TOTAL = "Total Length is the length of the datagram, measured in octets"


def wrong_sum(change: Callable[[int], int]) -> Make:
    """An echo request whose header checksum is computed from the right one."""

    def make(t: Tester, n: Station) -> Stimulus:
        for ident in count(0x1234):
            right = t.echo(n, ident=ident)
            due = o.u16(right.datagram, 10)
            value = change(due) & 0xFFFF
            if value % 0xFFFF != due % 0xFFFF:  # some sums are the same with octets swapped
                break
        frame = right.frame[:14] + o.with_header_sum(right.datagram, value)
        return Stimulus(n, frame[14:], frame, right.token)

    return make


def claimed(t: Tester, n: Station, words: int) -> Stimulus:
    """An echo request with a header length that is wrong, and a checksum that is right for
    the header as claimed: nothing else is there to discard it for.
    """
    plain = t.echo(n, size=8, ihl=words)
    raw = o.with_header_sum(plain.datagram.ljust(4 * words, b"\0"), 0)
    raw = o.with_header_sum(raw, o.checksum(raw[: 4 * words]))
    return Stimulus(n, raw, plain.frame[:14] + raw, plain.token)


def versions(*numbers: int) -> list[Make]:
    """Echo requests with these version numbers."""
    return [lambda t, n, v=v: t.echo(n, version=v) for v in numbers]  # type: ignore[misc]  # v=v binds early


SUITE.add("IP-1.1", "version 4 is accepted", "791 3.1", "The Version field indicates the format",
          MUST, answered(echo), "icmp-none")  # fmt: skip
for key, title, rfc, words, level, body, mutant in (
    ("IP-1.2", "version 5", "1122 3.2.1.1", NOT_4, MUST, silent(*versions(5)), "skip-version"),
    ("IP-1.3", "version 6 under EtherType 0x0800", "1122 3.2.1.1", NOT_4, MUST,
     silent(*versions(6)), "skip-version"),
    ("IP-1.4", "versions 0 and 15", "1122 3.2.1.1", NOT_4, MUST,
     silent(*versions(0, 15)), "skip-version"),
    ("IP-1.6", "header length 4", "791 3.1", IHL, DESCRIBED,
     silent(lambda t, n: t.echo(n, ihl=4), lambda t, n: claimed(t, n, 4)), "skip-ihl"),
    ("IP-1.7", "header length 0", "791 3.1", IHL, DESCRIBED,
     silent(lambda t, n: t.echo(n, ihl=0)), "skip-ihl"),
    ("IP-1.8", "header longer than the datagram", "791 3.1", TOTAL, DESCRIBED,
     silent(lambda t, n: claimed(t, n, 15)), "skip-header-end"),
    ("IP-1.9", "total length below the header's", "791 3.1", TOTAL, DESCRIBED,
     silent(lambda t, n: t.echo(n, length=19)), "skip-short-length"),
    ("IP-1.10", "total length beyond the octets received", "791 3.1", TOTAL, DESCRIBED,
     silent(lambda t, n: t.echo(n, length=200)), "skip-length"),
    ("IP-1.14", "header checksum off by one", "1122 3.2.1.2", BAD_SUM, MUST,
     silent(wrong_sum(lambda right: right + 1)), "skip-sum"),
    ("IP-1.15", "header checksum zero", "1122 3.2.1.2", BAD_SUM, MUST,
     silent(wrong_sum(lambda right: 0)), "sum-zero"),
    ("IP-1.16", "header checksum in wrong octet order", "1122 3.2.1.2", BAD_SUM, MUST,
     silent(wrong_sum(lambda right: right >> 8 | right << 8)), "sum-swapped"),
):  # fmt: skip
    SUITE.add(key, f"discarded: {title}", rfc, words, level, body, mutant)


def emitted(check: Callable[[o.Frame, o.Ip], None]) -> Body:
    """A statement about the header of a plain echo reply."""

    def body(t: Tester) -> None:
        stimulus = t.echo(t.neighbour())
        t.send(stimulus)
        reply = t.expect(lambda f: stimulus.answer(f) or stimulus.token in f.raw, "an echo reply")
        check(reply, o.Ip(reply.payload))

    return body


def right_length(frame: o.Frame, ip: o.Ip) -> None:
    if not 20 <= ip.length <= len(frame.payload):
        raise Deviation(f"expected 20 to {len(frame.payload)} octets, seen length {ip.length}")
    equal("total length of the reply", (20 + 8 + 32).to_bytes(2, "big"), frame.payload[2:4])


def right_ihl(frame: o.Frame, ip: o.Ip) -> None:
    if ip.raw[0] & 15 < 5:
        raise Deviation(f"expected a header length of at least 5, seen {ip.raw[0] & 15}")


for key, title, words, check, mutants in (
    ("IP-1.5", "version 4", "The Version field indicates the format",
     lambda f, ip: equal("version", b"\4", bytes((ip.version,))), ("ip-out-version",)),
    ("IP-1.12", "a total length that is the real one", TOTAL, right_length, ("ip-out-length",)),
    ("IP-1.13", "a header length of at least 5", IHL, right_ihl, ("ip-out-ihl",)),
    ("IP-5.6", "neither MF nor an offset when it is not a fragment",
     "an unfragmented datagram has all zero fragmentation information",
     lambda f, ip: equal("MF and offset", b"\0\0", bytes((ip.raw[6] & 0x3F, ip.raw[7]))),
     ("ip-out-offset", "ip-out-mf")),
):  # fmt: skip
    section = "791 3.2" if key == "IP-5.6" else "791 3.1"
    SUITE.add(key, f"a datagram is sent with {title}", section, words, DESCRIBED, emitted(check),
              *mutants)  # fmt: skip


@SUITE.case(
    "IP-1.26", "datagrams that were fragmented differ in identification", "6864 4",
    "the IPv4 ID field", MUST, "ip-ident",
)  # fmt: skip
def unique_idents(t: Tester) -> None:
    n = t.neighbour()
    seen: set[int] = set()
    for _ in range(4):
        stimulus = t.echo(n, size=2000)
        t.send(*t.pieces(stimulus, 1480))
        parts = t.whole(t.expect(stimulus.answer, "an echo reply in fragments"))
        if parts[0].ident in seen:
            raise Deviation(f"expected another identification, seen {parts[0].ident:#06x} again")
        seen.add(parts[0].ident)


@SUITE.case(
    "IP-1.11", "octets after the total length are no data", "791 3.1", TOTAL, DESCRIBED,
    "ip-padding",
)  # fmt: skip
def padding(t: Tester) -> None:
    stimulus = t.echo(t.neighbour(), trailer=b"\xa5" * 20)
    equal("total length of the reply's data", b"\x28", bytes((len(t.exchange(stimulus)),)))


@SUITE.case(
    "IP-1.17", "every header is sent with a right checksum", "791 3.1",
    "The checksum field is the 16 bit one's complement", DESCRIBED, "ip-out-sum",
)  # fmt: skip
def right_sums(t: Tester) -> None:
    n = t.neighbour()
    for size in range(20):
        stimulus = t.echo(n, size=8 + 3 * size)
        t.send(stimulus)
        reply = t.expect(stimulus.answer, "an echo reply").ip
        assert reply is not None
        seen = reply.header[10:12]
        clean = o.with_header_sum(reply.header, 0)
        equal("header checksum", o.checksum(clean).to_bytes(2, "big"), seen)


def each_tos(t: Tester) -> None:
    n = t.neighbour()
    for tos in (0x00, 0x10, 0xB8, 0xFF):
        t.exchange(t.echo(n, tos=tos))


for key, title, rfc, words, level, body, mutant in (
    ("IP-1.20", "with DF set", "791 2.3",
     "internet datagram so marked is not to be internet fragmented", DESCRIBED,
     answered(lambda t, n: t.echo(n, frag=o.DF)), "ip-no-df"),
    ("IP-1.21", "with any type of service", "1122 3.2.1.6",
     "The IP layer SHOULD pass received TOS values up", MUST, each_tos, "ip-tos"),
    ("IP-3.1", "with TTL 1", "1122 3.2.1.7", "received with TTL less than 2", MUST_NOT,
     answered(lambda t, n: t.echo(n, ttl=1)), "ip-ttl-1"),
    ("IP-3.2", "with TTL 0", "1122 3.2.1.7", "received with TTL less than 2", MUST_NOT,
     answered(lambda t, n: t.echo(n, ttl=0)), "ip-ttl-0"),
):  # fmt: skip
    SUITE.add(key, f"accepted: a datagram {title}", rfc, words, level, body, mutant)


@SUITE.case(
    "IP-3.4", "the TTL of a reply is the DUT's own", "1122 3.2.1.7",
    "When a fixed TTL value is used, it MUST be configurable", DESCRIBED, "ip-ttl-copied",
)  # fmt: skip
def own_ttl(t: Tester) -> None:
    n = t.neighbour()
    seen = []
    for ttl in (1, 200):
        stimulus = t.echo(n, ttl=ttl)
        t.send(stimulus)
        reply = t.expect(stimulus.answer, "an echo reply").ip
        assert reply is not None
        seen.append(reply.raw[8])
    equal("TTL of the second reply", bytes(seen[:1]), bytes(seen[1:]))


# -- addresses -----------------------------------------------------------------------------

NOT_MINE = "silently discard an incoming datagram that is not destined for the host"
BAD_SOURCE = "an IP source address that is invalid by the rules of this section"
LINK_BROADCAST = "received via a link-layer broadcast (see Section 2.4) but does not specify"


def from_source(address: str) -> Make:
    """An echo request from an address no host may have."""
    return lambda t, n: t.echo(n, src=o.ip(address))


def to_destination(address: str, eth: bytes = b"") -> Make:
    """An echo request for an address the DUT does not have."""
    return lambda t, n: t.echo(n, dst=o.ip(address), eth=eth or t.wire.mac)


def group_mac(group: str) -> bytes:
    """RFC 1112 6.4: where Ethernet puts an IP multicast group."""
    low = o.ip(group)
    return bytes((1, 0, 0x5E, low[1] & 0x7F, low[2], low[3]))


for key, title, rfc, words, level, body, mutants, needs in (
    ("IP-2.1", "for another host of the link", "1122 3.2.1.3", NOT_MINE, MUST,
     silent(lambda t, n: t.echo(n, dst=t.neighbour().ip)),
     ("skip-destination", "ip-forwards"), "host"),
    ("IP-2.2", "for another network (not forwarded)", "1122 3.1",
     "will not be forwarded to another host or gateway", MUST,
     silent(lambda t, n: t.udp(n, dst=t.wire.off_link().ip)), ("ip-forwards",), "host"),
    ("IP-2.7", "for the DUT in an Ethernet broadcast", "1122 3.3.6", LINK_BROADCAST, SHOULD,
     silent(lambda t, n: t.echo(n, eth=o.BROADCAST)), ("skip-link-broadcast",), ""),
    ("IP-2.8", "of UDP for the DUT in an Ethernet broadcast", "1122 3.3.6", LINK_BROADCAST, SHOULD,
     silent(lambda t, n: t.udp(n, ECHO_PORT, eth=o.BROADCAST)), ("skip-link-broadcast",), UDP_ECHO),
    ("IP-2.10", "for 127.0.0.1", "1122 3.2.1.3", "MUST NOT appear outside a host", MUST_NOT,
     silent(to_destination("127.0.0.1")), ("skip-destination",), ""),
    ("IP-2.11", "for a multicast group that was not joined", "1112 7.2",
     "destined to groups to which the host does not belong are discarded", MUST,
     silent(lambda t, n: t.udp(n, ECHO_PORT, dst=o.ip("239.1.2.3"), eth=group_mac("239.1.2.3"))),
     ("udp-any-group",), UDP_ECHO),
    ("IP-2.13", "for 240.0.0.1", "1122 3.2.1.3", NOT_MINE, MUST,
     silent(to_destination("240.0.0.1")), ("skip-destination",), "host"),
    ("IP-2.14", "from 255.255.255.255", "1122 3.2.1.3", BAD_SOURCE, MUST,
     silent(from_source("255.255.255.255")), ("skip-source",), ""),
    ("IP-2.15", "from the subnet broadcast address", "1122 3.2.1.3", BAD_SOURCE, MUST,
     silent(lambda t, n: t.echo(n, src=t.wire.broadcast)), ("skip-source",), ""),
    ("IP-2.16", "from 0.0.0.0", "1122 3.2.1.3", BAD_SOURCE, MUST,
     silent(from_source("0.0.0.0")), ("skip-source",), ""),
    ("IP-2.17", "from 0.0.0.5", "1122 3.2.1.3", BAD_SOURCE, MUST,
     silent(from_source("0.0.0.5")), ("skip-source",), ""),
    ("IP-2.18", "from 127.0.0.1", "1122 3.2.1.3", BAD_SOURCE, MUST,
     silent(from_source("127.0.0.1")), ("skip-source",), ""),
    ("IP-2.19", "from 224.0.0.5", "1112 7.2",
     "an IP host group address in its source address field is quietly discarded", MUST,
     silent(from_source("224.0.0.5")), ("skip-source",), ""),
    ("IP-2.24", "to the echo port, from 255.255.255.255 or 224.0.0.5", "1122 4.1.3.6",
     "invalid IP source address", MUST,
     silent(lambda t, n: t.udp(n, ECHO_PORT, src=o.LIMITED_BROADCAST),
            lambda t, n: t.udp(n, ECHO_PORT, src=o.ip("224.0.0.5"))),
     ("skip-source",), UDP_ECHO),
):  # fmt: skip
    SUITE.add(key, f"discarded: a datagram {title}", rfc, words, level, body, *mutants, needs=needs)

RECOGNISE = "A host MUST recognize any of these forms in the destination address"
SUITE.add(
    "IP-2.3", "accepted: a datagram for 255.255.255.255", "1122 3.3.6", RECOGNISE, MUST,
    answered(lambda t, n: t.udp(n, ECHO_PORT, dst=o.LIMITED_BROADCAST, eth=o.BROADCAST)),
    "ip-limited", needs=UDP_ECHO,
)  # fmt: skip
SUITE.add(
    "IP-2.4", "accepted: a datagram for the subnet broadcast address", "1122 3.3.6", RECOGNISE,
    MUST, answered(lambda t, n: t.udp(n, ECHO_PORT, dst=t.wire.broadcast, eth=o.BROADCAST)),
    "ip-directed", needs=UDP_ECHO,
)  # fmt: skip


@SUITE.case(
    "IP-2.21", "a datagram from the DUT's own address does no harm", "1122 3.2.1.3",
    "the IP source address MUST be one of its own IP addresses", ROBUST, "ip-land",
)  # fmt: skip
def land(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    t.forget()
    t.send(*(t.echo(n, src=t.wire.ip) for _ in range(3)))
    t.pause(t.timing.absence)
    t.still_alive(n)
    storm = [f for f in t.pending if f.ip and f.ip.dst == t.wire.ip]
    if len(storm) > 3:
        raise Deviation(f"expected no storm, seen {len(storm)} datagrams to itself")


def sample(t: Tester) -> None:
    """Some ordinary traffic for the standing monitors; the monitor itself gives the verdict."""
    n = t.neighbour()
    t.ping(n)
    stimulus = t.udp(n)
    t.send(stimulus)
    t.first(stimulus.error, t.timing.brief)


def own_source(frame: o.Frame, wire: Wire) -> str | None:
    """Monitor of IP-2.22. IGMP may be sent before there is an address (RFC 3376 4.2.13); what
    a router forwards has the address of its sender.
    """
    if frame.ip is None or frame.ip.proto == 2:
        return None
    if "forwarding" in wire.info.features and wire.forwarded(frame):
        return None
    if frame.ip.src in wire.own:
        return ""
    return f"expected source {spaced(wire.ip)}, seen {spaced(frame.ip.src)}"


def ttl_left(frame: o.Frame, wire: Wire) -> str | None:
    """Monitor of IP-3.3."""
    if frame.ip is None:
        return None
    return "" if frame.ip.raw[8] else f"expected a TTL above 0, seen {o.summary(frame.raw)}"


SUITE.add("IP-2.22", "every datagram of the run has an own source address", "1122 3.2.1.3",
          "the IP source address MUST be one of its own IP addresses", MUST, sample,
          "ip-out-source", monitor=own_source)  # fmt: skip
SUITE.add("IP-3.3", "no datagram of the run has a TTL of zero", "1122 3.2.1.7",
          "MUST NOT send a datagram with a Time-to-Live (TTL) value of zero", MUST_NOT, sample,
          "ip-out-ttl", monitor=ttl_left)  # fmt: skip

# -- options -------------------------------------------------------------------------------

IGNORE = "interpret those IP options that they understand and silently ignore the others"
LENGTHS = "must not crash as the result of an option length that is outside the possible range"


def options(text: str) -> Make:
    """An echo request with these option octets (hexadecimal)."""
    return lambda t, n: t.echo(n, options=bytes.fromhex(text))


def discarded_option(text: str) -> Body:
    """No answer to the datagram itself; a parameter problem is allowed (and recommended)."""

    def body(t: Tester) -> None:
        n = t.neighbour()
        t.require_echo(n)
        stimulus = options(text)(t, n)
        t.send(stimulus)
        t.silence(n, stimulus.answer, "no answer (an ICMP error is allowed)")

    return body


for key, title, rfc, words, level, body, mutant, needs in (
    ("IP-4.1", "four octets of no-operation", "1122 3.2.1.8", IGNORE, MUST,
     answered(options("01010101")), "ip-no-options", ""),
    ("IP-4.2", "junk after the end of the list", "791 3.1",
     "This option indicates the end of the option list", DESCRIBED,
     answered(options("00ff00ff")), "ip-junk-after-end", ""),
    ("IP-4.3", "an unknown option", "1122 3.2.1.8", IGNORE, MUST,
     answered(options("1e04abcd")), "ip-unknown-option", ""),
    ("IP-4.4", "an unknown option that is copied", "1122 3.2.1.8", IGNORE, MUST,
     answered(options("9e04abcd")), "ip-unknown-option", ""),
    ("IP-4.5", "a stream identifier", "1122 3.2.1.8", "it MUST be silently ignored if received",
     MUST, answered(options("88040001")), "ip-unknown-option", ""),
    ("IP-4.8", "a record route that is full", "791 3.1",
     "If the route data area is already full", DESCRIBED,
     answered(options("070708 c6130001 00")), "ip-full-route", ""),
    ("IP-4.21", "a header of 60 octets", "791 3.1", IHL, DESCRIBED,
     answered(options("01" * 40)), "ip-option-long", ""),
    ("IP-4.22", "a UDP datagram with no-operation", "1122 3.2.1.8", IGNORE, MUST,
     answered(lambda t, n: t.udp(n, ECHO_PORT, options=b"\1\1\1\1")), "ip-no-options", UDP_ECHO),
):  # fmt: skip
    SUITE.add(key, f"accepted with options: {title}", rfc, words, level, body, mutant, needs=needs)

for key, title, text in (
    ("IP-4.17", "length 0", "8200 0101"),
    ("IP-4.18", "length 1", "8201 0101"),
    ("IP-4.19", "length past the end of the header", "8210 0101"),
):
    SUITE.add(key, f"discarded: an option of {title}", "1122 3.2.1.8", LENGTHS, DESCRIBED,
              discarded_option(text), "skip-option-length")  # fmt: skip


@SUITE.case(
    "IP-4.15", "a source route that is not complete is not followed", "1122 3.3.5",
    "this switch MUST default to disabled", MUST, "ip-source-route", needs="host",
)  # fmt: skip
def source_route(t: Tester) -> None:
    n, hop = t.neighbour(), t.wire.off_link()
    t.require_echo(n)
    stimulus = t.echo(n, options=bytes((131, 7, 4)) + hop.ip)
    t.send(stimulus)

    def followed(frame: o.Frame) -> bool:
        return stimulus.token in frame.raw and not stimulus.error(frame)

    t.silence(n, followed, "neither an answer nor a forwarded datagram")


# -- fragments that are sent ---------------------------------------------------------------

FRAGMENT = "To fragment a long internet datagram"


def fragmented(check: Callable[[Tester, list[o.Ip]], None]) -> Body:
    """A statement about the fragments of a reply with 3000 octets of data."""

    def body(t: Tester) -> None:
        n = t.neighbour()
        t.require_echo(n)
        stimulus = t.echo(n, size=3000)
        t.send(*t.pieces(stimulus, 1480, 2960))
        first = t.expect(stimulus.answer, "the first fragment of an echo reply")
        parts = [part for part in (first.ip,) if part]

        def later(frame: o.Frame) -> bool:
            part = frame.ip
            return part is not None and part.proto == o.ICMP and part.dst == n.ip

        while part := t.first(later, t.timing.brief):
            parts += [part.ip] if part.ip else []
        check(t, sorted(parts, key=lambda part: part.offset))

    return body


def within_mtu(t: Tester, parts: list[o.Ip]) -> None:
    largest = max(part.length for part in parts)
    if largest > t.info.mtu:
        raise Deviation(f"expected at most {t.info.mtu} octets, seen {largest}")
    if sum(len(part.data) for part in parts) != 3008:
        raise Deviation(f"expected 3008 octets, seen {[len(part.data) for part in parts]}")


def same_names(t: Tester, parts: list[o.Ip]) -> None:
    for part in parts[1:]:
        seen = part.raw[4:6] + part.raw[9:10] + part.raw[12:20]
        names = parts[0].raw[4:6] + parts[0].raw[9:10] + parts[0].raw[12:20]
        equal("identification, protocol and addresses of a later fragment", names, seen)


def contiguous(t: Tester, parts: list[o.Ip]) -> None:
    end = 0
    for part in parts:
        if part.offset != end:
            raise Deviation(f"expected a fragment at {end}, seen one at {part.offset}")
        end += len(part.data)
    odd = [len(part.data) for part in parts[:-1] if len(part.data) % 8]
    if odd or end != 3008:
        raise Deviation(f"expected multiples of 8 up to 3008, seen {odd or end}")


def more_flags(t: Tester, parts: list[o.Ip]) -> None:
    expected = [True] * (len(parts) - 1) + [False]
    equal("MF of each fragment", bytes(expected), bytes(part.more for part in parts))


def no_df(t: Tester, parts: list[o.Ip]) -> None:
    for part in parts:
        equal("DF of a fragment", b"\0", bytes((part.raw[6] & 0x40,)))
        equal("checksum over the header of a fragment", b"\0\0",
              o.checksum(part.header).to_bytes(2, "big"))  # fmt: skip


for key, title, words, check, mutants in (
    ("IP-5.1", "stay within the MTU and carry all data", FRAGMENT, within_mtu,
     ("frag-out-huge", "echo-cut")),
    ("IP-5.2", "share identification, addresses and protocol",
     "copies the contents of the internet header fields from the long datagram into both",
     same_names, ("frag-out-ident",)),
    ("IP-5.3", "follow each other at multiples of 8",
     "divided into two portions on a 8 octet (64 bit) boundary",
     contiguous, ("frag-out-offset",)),
    ("IP-5.4", "have MF set, except the last", "The more-fragments flag is set to one",
     more_flags, ("frag-out-mf",)),
    ("IP-5.5", "have DF clear and right checksums", FRAGMENT, no_df, ("frag-out-df",)),
):  # fmt: skip
    SUITE.add(key, f"fragments of a reply {title}", "791 2.3", words, DESCRIBED, fragmented(check),
              *mutants)  # fmt: skip

# -- reassembly ----------------------------------------------------------------------------

ASSEMBLE = "To assemble the fragments of an internet datagram"
FOUR = (
    "all have the same value for the four fields: identification, source, destination, and protocol"
)
EFFECTIVE = "MUST be greater than or equal to 576"
REASSEMBLY = "The IP layer MUST implement reassembly of IP datagrams"


def reassembled(size: int, cuts: tuple[int, ...], order: tuple[int, ...], times: int = 1) -> Body:
    """An echo of `size` octets, cut there, its pieces sent in this order, comes back whole."""

    def body(t: Tester) -> None:
        n = t.neighbour()
        t.require_echo(n)
        stimulus = t.echo(n, size=size)
        pieces = t.pieces(stimulus, *cuts)
        t.exchange(stimulus, *(pieces[i] for i in order for _ in range(times)))

    return body


SIXTEEN = tuple(range(8, 128, 8))
for key, title, rfc, words, level, body, mutant in (
    ("IP-6.1", "two fragments in order", "1122 3.3.2", REASSEMBLY, MUST,
     reassembled(64, (32,), (0, 1)), "frag-none"),
    ("IP-6.2", "four fragments, shuffled", "791 2.3", ASSEMBLE, DESCRIBED,
     reassembled(128, (32, 64, 96), (2, 0, 3, 1)), "frag-in-order"),
    ("IP-6.3", "four fragments, reversed", "791 2.3", ASSEMBLE, DESCRIBED,
     reassembled(128, (32, 64, 96), (3, 2, 1, 0)), "frag-in-order"),
    ("IP-6.5", "sixteen fragments of 8 octets", "791 2.3", ASSEMBLE, DESCRIBED,
     reassembled(120, SIXTEEN, tuple(range(16))), "frag-few"),
    ("IP-6.18", "576 octets in two fragments", "1122 3.3.2", EFFECTIVE, MUST,
     reassembled(548, (280,), (0, 1)), "frag-small"),
    ("IP-6.19", "1500 octets in three fragments", "1122 3.3.2",
     "SHOULD be greater than or equal to the MTU of the connected network(s)", SHOULD,
     reassembled(1472, (496, 992), (0, 1, 2)), "frag-medium"),
    ("IP-6.31", "a first fragment of 8 octets", "791 2.3", ASSEMBLE, DESCRIBED,
     reassembled(64, (8,), (0, 1)), "frag-tiny"),
):  # fmt: skip
    SUITE.add(key, f"reassembled: {title}", rfc, words, level, body, mutant)


@SUITE.case(
    "IP-6.4", "reassembled: three fragments in every order", "791 2.3", ASSEMBLE, DESCRIBED,
    "frag-in-order",
)  # fmt: skip
def all_orders(t: Tester) -> None:
    for order in permutations(range(3)):
        reassembled(96, (32, 64), order)(t)


@SUITE.case(
    "IP-6.23", "a piece whose length is no multiple of 8 is not used", "791 3.2",
    "its data portion must be broken on 8 octet boundaries", DESCRIBED, "skip-frag-length",
)  # fmt: skip
def odd_piece(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    stimulus = t.echo(n, size=64)
    ip = stimulus.ip
    odd = o.refragment(ip, 0, ip.data[:28], o.MF)
    rest = o.refragment(ip, 24, ip.data[24:], 0)
    t.send(stimulus.frame[:14] + odd, stimulus.frame[:14] + rest)
    t.silence(n, stimulus.answer, "no reply to a datagram with an odd piece")


@SUITE.case(
    "IP-6.36", "reassembled: options in the first fragment only", "791 3.1",
    "Not copied on fragmentation, goes in first fragment only", DESCRIBED, "frag-options",
)  # fmt: skip
def first_options(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    plain = t.echo(n, size=64)
    ip = plain.ip
    marked = o.ipv4(ip.src, ip.dst, ip.proto, ip.data[:32], ident=ip.ident, frag=o.MF,
                    options=b"\1\1\1\1")  # fmt: skip
    t.exchange(plain, plain.frame[:14] + marked, t.pieces(plain, 32)[1])


@SUITE.case(
    "IP-6.6", "fragments that come twice make one datagram", "791 2.3", ASSEMBLE, DESCRIBED,
    "frag-twice",
)  # fmt: skip
def duplicates(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    stimulus = t.echo(n, size=64)
    pieces = t.pieces(stimulus, 32)
    t.exchange(stimulus, *(piece for piece in pieces for _ in range(2)))
    t.silence(n, stimulus.answer, "only one reply")


@SUITE.case(
    "IP-6.7", "fragments of two datagrams may be interleaved", "791 2.3", FOUR, DESCRIBED,
    "skip-frag-ident",
)  # fmt: skip
def interleaved(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    one, other = t.echo(n, size=64), t.echo(n, size=64)
    a, b = t.pieces(one, 32), t.pieces(other, 32)
    t.send(a[0], b[0])
    t.exchange(one, a[1])
    t.exchange(other, b[1])


def kept_apart(spoil: Callable[[Tester, Station, Stimulus], Stimulus]) -> Body:
    """A second fragment of another datagram completes nothing; the right one then does."""

    def body(t: Tester) -> None:
        n = t.neighbour()
        t.require_echo(n)
        stimulus = t.echo(n, size=64)
        first, last = t.pieces(stimulus, 32)
        alien = t.pieces(spoil(t, n, stimulus), 32)[1]
        t.send(first, alien)
        t.silence(n, stimulus.answer, "no reply from fragments of two datagrams")
        t.exchange(stimulus, last)

    return body


def again(n: Station, s: Stimulus, *, ident: int = 0, src: bytes = b"", proto: int = 0) -> Stimulus:
    """The same data in a datagram that differs in one of the four fields."""
    ip = s.ip
    datagram = o.ipv4(src or ip.src, ip.dst, proto or ip.proto, ip.data, ident=ident or ip.ident)
    return Stimulus(n, datagram, s.frame[:14] + datagram, s.token)


for key, title, spoil, mutant in (
    ("IP-6.8", "identification", lambda t, n, s: again(n, s, ident=s.ip.ident ^ 0x0F0F),
     "skip-frag-ident"),
    ("IP-6.9", "source", lambda t, n, s: again(n, s, src=t.neighbour().ip), "skip-frag-source"),
    ("IP-6.10", "protocol", lambda t, n, s: again(n, s, proto=o.UDP), "skip-frag-proto"),
):  # fmt: skip
    SUITE.add(key, f"not mixed: fragments that differ in {title}", "791 2.3", FOUR, DESCRIBED,
              kept_apart(spoil), mutant)  # fmt: skip


def incomplete(make: Callable[[Tester, Station], tuple[Stimulus, list[bytes]]]) -> Body:
    """Fragments that leave something out cause no answer (within the absence window)."""

    def body(t: Tester) -> None:
        n = t.neighbour()
        t.require_echo(n)
        stimulus, pieces = make(t, n)
        t.send(*pieces)
        t.silence(n, stimulus.answer, "no reply to an incomplete datagram")

    return body


def with_hole(t: Tester, n: Station) -> tuple[Stimulus, list[bytes]]:
    """The missing middle is all zero: a stack that fills the hole finds the checksum right."""
    token = t.token()
    data = pattern(24, token) + bytes(32) + pattern(32, b"end")
    message = o.icmp(8, 0, o.pair(0x3FFF, t.wire.number()), data)
    stimulus = t.datagram(n, o.ICMP, message, token)
    first, _, last = t.pieces(stimulus, 32, 64)
    return stimulus, [first, last]


def marked(frag: int) -> Callable[[Tester, Station], tuple[Stimulus, list[bytes]]]:
    """A whole echo request that claims to be a fragment."""

    def make(t: Tester, n: Station) -> tuple[Stimulus, list[bytes]]:
        stimulus = t.echo(n, frag=frag)
        return stimulus, [stimulus.frame]

    return make


for key, title, make, mutant in (
    ("IP-6.11", "a hole in the middle", with_hole, "skip-frag-hole"),
    ("IP-6.12", "only a later fragment", marked(3), "skip-frag-first"),
    ("IP-6.13", "only a first fragment", marked(o.MF), "skip-frag-more"),
):
    SUITE.add(key, f"not answered: {title}", "791 2.3", ASSEMBLE, DESCRIBED, incomplete(make),
              mutant)  # fmt: skip


@SUITE.case(
    "IP-6.22", "fragments beyond 65535 octets are not assembled", "791 3.1",
    "allows the length of a datagram to be up to 65,535 octets", DESCRIBED, "frag-too-long",
)  # fmt: skip
def too_long(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    token = t.token()
    message = o.icmp(8, 0, o.pair(0x3FFE, t.wire.number()), token + bytes(65528 + 64 - 16))
    view = o.Ip(o.ipv4(n.ip, t.wire.ip, o.ICMP, b"", ident=0x0D1E))
    starts = [*range(0, 65528, 1480)]
    ends = [*starts[1:], 65528]
    pieces = [o.refragment(view, a, message[a:b], o.MF) for a, b in zip(starts, ends, strict=True)]
    pieces.append(o.refragment(view, 65528, message[65528:], 0))
    t.send(*(o.ethernet(t.wire.mac, n.mac, o.IPV4, piece) for piece in pieces))
    t.silence(n, lambda f: token in f.raw, "no reply to a datagram that is too long")


@SUITE.case(
    "IP-6.27", "a fragment inside another does no harm", "791 2.3", ASSEMBLE, ROBUST,
    "frag-overlap-dies",
)  # fmt: skip
def teardrop(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    stimulus = t.echo(n, size=64)
    first = t.pieces(stimulus, 48)[0]
    inside = o.refragment(stimulus.ip, 16, b"\xee" * 8, 0)
    t.send(first, stimulus.frame[:14] + inside)
    t.digest()
    t.still_alive(n)


@SUITE.case(
    "IP-6.29", "a fragment with a wrong header checksum is discarded alone", "1122 3.2.1.2",
    BAD_SUM, MUST, "skip-sum",
)  # fmt: skip
def bad_fragment(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    stimulus = t.echo(n, size=64)
    first, last = t.pieces(stimulus, 32)
    value = o.u16(last, 24) ^ 1
    t.send(first, last[:24] + value.to_bytes(2, "big") + last[26:])
    t.silence(n, stimulus.answer, "no reply while one fragment is damaged")
    t.exchange(stimulus, last)


@SUITE.case(
    "IP-6.30", "a wrong ICMP checksum is found in a reassembled message", "792 Echo or Echo Reply",
    "The checksum is the 16-bit ones's complement", DESCRIBED, "skip-icmp-sum",
)  # fmt: skip
def bad_message(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    stimulus = t.echo(n, size=64, check=0x1234)
    t.send(*t.pieces(stimulus, 32))
    t.silence(n, stimulus.reaction, "no reaction")


@SUITE.case(
    "IP-6.33", "3000 octets of UDP in three fragments are echoed", "1122 3.3.2", REASSEMBLY, MUST,
    "frag-medium", "udp-none", needs=UDP_ECHO,
)  # fmt: skip
def big_udp(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    stimulus = t.udp(n, ECHO_PORT, size=3000)
    t.exchange(stimulus, *t.pieces(stimulus, 1480, 2960))
