# SPDX-License-Identifier: GPL-2.0-only
# ruff: noqa: ARG001, ARG005, D103 - a case's title says what it checks; rows share signatures
"""ICMPv4 as a host must speak it: RFC 792, RFC 1122 3.2.2.

A case that wants no error first gets one for a correct datagram from the same station (the
positive twin): a stack that sends no errors at all, or limits their rate, proves nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from artifact.conformance import octets as o
from artifact.conformance.case import Body, Level, Suite
from artifact.conformance.cases.shared import Make, silent
from artifact.conformance.tester import Stimulus, Tester, pattern
from artifact.conformance.verdict import Deviation, NotApplicable, Undecided, equal
from artifact.conformance.wire import Station, Wire

SUITE = Suite("icmpv4", layer=3.5)
MUST, SHOULD, MAY, DESCRIBED = Level.MUST, Level.SHOULD, Level.MAY, Level.DESCRIBED
MUST_NOT, SHOULD_NOT = Level.MUST_NOT, Level.SHOULD_NOT
ECHO_SECTION = "792 Echo or Echo Reply"
STAMP_SECTION = "792 Timestamp or Timestamp Reply"
DAY_MS = 86_400_000


def exchanged(size: int) -> Body:
    """An echo with that many octets of data comes back complete."""

    def body(t: Tester) -> None:
        stimulus = t.echo(t.neighbour(), size=size)
        room = (t.info.mtu - 20) // 8 * 8
        cuts = range(room, size + 8, room) if size + 28 > t.info.mtu else ()
        t.exchange(stimulus, *t.pieces(stimulus, *cuts))

    return body


# -- discarded messages --------------------------------------------------------------------

UNKNOWN = "If an ICMP message of unknown type is received, it MUST be silently discarded"
CHECKSUM = "The checksum is the 16-bit ones's complement of the one's complement sum"


def types(*numbers: int) -> Body:
    """Messages of these types."""
    return silent(*(lambda t, n, k=k: t.echo(n, type=k) for k in numbers))


def short_messages(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    t.forget()
    whole = o.icmp(8, 0, o.pair(0x3FFD, t.wire.number()))
    for size in (1, 4, 7):
        t.send(t.datagram(n, o.ICMP, whole[:size], b"no token in this"))
    t.refuse(lambda f: bool(f.carries(o.ICMP)) and f.dst == n.mac, "no reaction")
    t.still_alive(n)


for key, title, rfc, words, level, body, mutant in (
    ("IC-1.1", "type 44", "1122 3.2.2", UNKNOWN, MUST, types(44), "icmp-mirror"),
    ("IC-1.2", "types 1, 2, 7, 255", "1122 3.2.2", UNKNOWN, MUST, types(1, 2, 7, 255),
     "icmp-mirror"),
    ("IC-1.3", "an echo with a wrong checksum", ECHO_SECTION, CHECKSUM, DESCRIBED,
     silent(lambda t, n: t.echo(n, check=0x1234)), "skip-icmp-sum"),
    ("IC-1.4", "an echo with checksum zero", ECHO_SECTION, CHECKSUM, DESCRIBED,
     silent(lambda t, n: t.echo(n, check=0)), "icmp-sum-zero"),
    ("IC-1.5", "messages of 1, 4 and 7 octets", ECHO_SECTION,
     "The data received in the echo message must be returned", DESCRIBED, short_messages,
     "icmp-short"),
    ("IC-8.12", "an echo reply nobody asked for", ECHO_SECTION,
     "The data received in the echo message must be returned", DESCRIBED,
     silent(lambda t, n: t.echo(n, type=0)), "echo-answers-reply"),
    ("IC-9.1", "an information request", "1122 3.2.2.7",
     "A host SHOULD NOT implement these messages", SHOULD_NOT,
     silent(lambda t, n: t.echo(n, type=15, size=0)), "info-reply"),
    ("IC-11.1", "an address mask request", "1122 3.2.2.9",
     "A system MUST NOT send an Address Mask Reply unless", MUST_NOT,
     silent(lambda t, n: t.echo(n, type=17, size=4)), "mask-reply"),
    ("IC-12.1", "types 6 and 30 to 39", "1122 3.2.2", UNKNOWN, MUST,
     types(6, *range(30, 40)), "icmp-mirror"),
):  # fmt: skip
    SUITE.add(key, f"not answered: {title}", rfc, words, level, body, mutant)


def about_unknown_flow(kind: int, *codes: int) -> Body:
    """Errors about datagrams that the DUT never sent."""

    def quoting(t: Tester, n: Station, code: int) -> Stimulus:
        token = t.token()
        lost = o.ipv4(t.wire.ip, n.ip, o.UDP, o.udp(t.wire.ip, n.ip, 4242, 4243, token))
        message = o.icmp(kind, code, bytes(4), lost)
        return t.datagram(n, o.ICMP, message, token)

    return silent(*(lambda t, n, c=c: quoting(t, n, c) for c in codes))


NO_ERROR = "An ICMP error message MUST NOT be sent as the result of receiving"
for key, title, rfc, words, level, body, mutants in (
    ("IC-2.1", "a port unreachable", "1122 3.2.2", NO_ERROR, MUST_NOT, about_unknown_flow(3, 3),
     ("error-about-error",)),
    ("IC-3.7", "each destination unreachable", "1122 3.2.2.1",
     "interpreted as only a hint, not proof", MUST, about_unknown_flow(3, *range(13)),
     ("quench-dies", "error-about-error")),
    ("IC-5.1", "a source quench", "6633 3", "the IP layer MAY silently discard it", MAY,
     about_unknown_flow(4, 0), ("quench-dies",)),
    ("IC-6.5", "a time exceeded", "1122 3.2.2.4",
     "An incoming Time Exceeded message MUST be passed to the transport layer", MUST,
     about_unknown_flow(11, 0, 1), ("quench-dies", "error-about-error")),
    ("IC-7.3", "a parameter problem", "1122 3.2.2.5",
     "An incoming Parameter Problem message MUST be passed to the transport layer", MUST,
     about_unknown_flow(12, 0), ("quench-dies", "error-about-error")),
):  # fmt: skip
    SUITE.add(key, f"harmless: {title} about an unknown datagram", rfc, words, level, body,
              *mutants)  # fmt: skip

# -- errors that must look right ---------------------------------------------------------------


def port_unreachable(t: Tester, n: Station) -> tuple[Stimulus, o.Frame]:
    """A datagram to a closed port, and the DUT's error about it."""
    stimulus = t.udp(n)
    t.send(stimulus)
    return stimulus, t.expect(lambda f: about(stimulus, f), "an ICMP error about it")


def about(stimulus: Stimulus, frame: o.Frame) -> bool:
    """Recognises the error even when what it quotes is wrong."""
    message = frame.carries(o.ICMP)
    sent_to = frame.ip is not None and frame.ip.dst == stimulus.who.ip
    return stimulus.error(frame) or (message[:1] == b"\3" and sent_to)


QUOTE = "this header and data MUST be unchanged from the received datagram"


@SUITE.case("IC-1.7", "an error quotes what was received, octet by octet", "1122 3.2.2", QUOTE,
            MUST, "quote-length", "quote-data")  # fmt: skip
def quote(t: Tester) -> None:
    stimulus, error = port_unreachable(t, t.neighbour())
    quoted = error.carries(o.ICMP)[8:]
    if len(quoted) < 28:
        raise Deviation(f"expected at least 28 octets of quote, seen {len(quoted)}")
    equal("the quote", stimulus.datagram[: len(quoted)], quoted)


@SUITE.case("IC-1.8", "an error is sent with type of service zero", "1122 3.2.2",
            "SHOULD be sent with normal (i.e., zero) TOS bits", SHOULD, "ip-out-tos")  # fmt: skip
def error_tos(t: Tester) -> None:
    stimulus = t.udp(t.neighbour(), tos=0x10)
    t.send(stimulus)
    error = t.expect(stimulus.error, "an ICMP error").ip
    assert error is not None
    equal("TOS bits of the error", b"\0", bytes((error.raw[1] & 0x1F,)))


@SUITE.case("IC-1.9", "an error comes from the DUT and goes to the sender", "1122 3.2.1.3",
            "the IP source address MUST be one of its own IP addresses", MUST,
            "ip-out-source")  # fmt: skip
def error_addresses(t: Tester) -> None:
    n = t.neighbour()
    error = port_unreachable(t, n)[1].ip
    assert error is not None
    equal("source and destination of the error", t.wire.ip + n.ip, error.src + error.dst)


@SUITE.case("IC-1.10", "the unused word of an error is zero", "792 Destination Unreachable Message",
            "unused", DESCRIBED, "error-unused")  # fmt: skip
def unused_word(t: Tester) -> None:
    error = port_unreachable(t, t.neighbour())[1]
    equal("second word of the error", bytes(4), error.carries(o.ICMP)[4:8])


@SUITE.case("IC-1.11", "the checksum of an error is right", "792 Destination Unreachable Message",
            CHECKSUM, DESCRIBED, "icmp-out-sum")  # fmt: skip
def error_sum(t: Tester) -> None:
    message = port_unreachable(t, t.neighbour())[1].carries(o.ICMP)
    equal("checksum over the error", b"\0\0", o.checksum(message).to_bytes(2, "big"))


def unreachable(code: int, make: Make) -> Body:
    """A datagram nobody here wants is reported with this code."""

    def body(t: Tester) -> None:
        stimulus = make(t, t.neighbour())
        t.send(stimulus)
        error = t.expect(stimulus.error, "a destination unreachable")
        equal("type and code of the error", bytes((3, code)), error.carries(o.ICMP)[:2])

    return body


def unknown_protocol(t: Tester, n: Station, dst: bytes = b"", eth: bytes = b"") -> Stimulus:
    """A datagram of protocol 253, which RFC 3692 keeps for experiments."""
    token = t.token()
    return t.datagram(n, 253, pattern(32, token), token, dst=dst, eth=eth)


SUITE.add("IC-3.1", "a closed UDP port is reported", "1122 3.2.2.1",
          "(Port Unreachable), when the designated transport protocol", SHOULD,
          unreachable(3, lambda t, n: t.udp(n)), "error-no-port", "error-code")  # fmt: skip
SUITE.add("IC-3.2", "an unknown protocol is reported", "1122 3.2.2.1",
          "(Protocol Unreachable), when the designated transport protocol is not supported",
          SHOULD, unreachable(2, unknown_protocol), "error-no-proto")  # fmt: skip


@SUITE.case("IC-3.3", "a closed UDP port is reported once for a datagram in fragments",
            "1122 3.2.2.1", "(Port Unreachable), when the designated transport protocol", SHOULD,
            "error-no-port")  # fmt: skip
def fragments_to_closed_port(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    stimulus = t.udp(n, size=64)
    t.send(*t.pieces(stimulus, 32))
    error = t.expect(stimulus.error, "a port unreachable").carries(o.ICMP)
    equal("type and code of the error", b"\3\3", error[:2])
    equal("offset that the error quotes", b"\0", bytes((o.Ip(error[8:]).offset,)))
    t.refuse(stimulus.error, "no second error", t.timing.brief)


# -- errors that must not be sent ------------------------------------------------------------


def no_error(make: Make) -> Body:
    """No error about this datagram, though the DUT does send them to this station."""

    def body(t: Tester) -> None:
        n = t.neighbour()
        twin = t.udp(n)
        t.send(twin)
        if t.first(twin.error, t.timing.answer) is None:
            raise Undecided("the DUT sends no port unreachable at all, so silence proves nothing")
        t.pause(t.timing.update_gap)  # the twin must not use up what a rate limit allows
        stimulus = make(t, n)
        t.send(stimulus)
        t.silence(n, stimulus.reaction, "no ICMP error")

    return body


def later_fragment(t: Tester, n: Station) -> Stimulus:
    token = t.token()
    return t.datagram(n, 253, pattern(32, token), token, frag=8)


def to(address: str, eth: bytes = o.BROADCAST) -> Make:
    """A datagram for a closed port of this address."""
    return lambda t, n: t.udp(n, dst=o.ip(address), eth=eth)


def source(address: str) -> Make:
    """A datagram for a closed port, from this address."""
    return lambda t, n: t.udp(n, src=o.ip(address))


ALL_HOSTS_MAC = bytes.fromhex("01005e000001")
GROUP, HOST = "a datagram destined to an IP broadcast or IP multicast address", "single host"
for key, title, words, make, mutants in (
    ("IC-2.3", "to 255.255.255.255", GROUP, to("255.255.255.255"), ("error-to-group",)),
    ("IC-2.4", "to the subnet broadcast address", GROUP,
     lambda t, n: t.udp(n, dst=t.wire.broadcast, eth=o.BROADCAST), ("error-to-group",)),
    ("IC-2.5", "to 224.0.0.1", GROUP, to("224.0.0.1", ALL_HOSTS_MAC), ("error-to-group",)),
    ("IC-2.6", "in an Ethernet broadcast", "a datagram sent as a link-layer broadcast",
     lambda t, n: t.udp(n, eth=o.BROADCAST), ("error-to-link-broadcast",)),
    ("IC-2.7", "that is a later fragment", "a non-initial fragment", later_fragment,
     ("skip-frag-first+error-to-fragment",)),
    ("IC-2.8", "that is a later fragment with a bad option", "a non-initial fragment",
     lambda t, n: t.udp(n, frag=8, options=b"\x82\x10\1\1"), ("error-to-fragment",)),
    ("IC-2.9", "from 0.0.0.0", HOST, source("0.0.0.0"), ("error-to-anybody",)),
    ("IC-2.10", "from 127.0.0.1", HOST, source("127.0.0.1"), ("error-to-anybody",)),
    ("IC-2.11", "from the subnet broadcast address", HOST,
     lambda t, n: t.udp(n, src=t.wire.broadcast), ("error-to-anybody",)),
    ("IC-2.12", "from 224.0.0.5", HOST, source("224.0.0.5"), ("error-to-anybody",)),
    ("IC-2.13", "from 240.0.0.1", HOST, source("240.0.0.1"), ("error-to-anybody",)),
    ("IC-2.14", "of an unknown protocol to 255.255.255.255", GROUP,
     lambda t, n: unknown_protocol(t, n, o.LIMITED_BROADCAST, o.BROADCAST), ("error-to-group",)),
    ("IC-2.15", "with a bad option to 255.255.255.255", GROUP,
     lambda t, n: t.udp(n, dst=o.LIMITED_BROADCAST, eth=o.BROADCAST, options=b"\x82\x10\1\1"),
     ("error-to-group",)),
):  # fmt: skip
    SUITE.add(key, f"no error about a datagram {title}", "1122 3.2.2", words, MUST_NOT,
              no_error(make), *mutants)  # fmt: skip

# -- redirects -----------------------------------------------------------------------------


def bad_option_in_error(t: Tester, n: Station) -> Stimulus:
    """A port unreachable whose own header has a malformed option."""
    token = t.token()
    lost = o.ipv4(t.wire.ip, n.ip, o.UDP, o.udp(t.wire.ip, n.ip, 4242, 4243, token))
    message = o.icmp(3, 3, bytes(4), lost)
    return t.datagram(n, o.ICMP, message, token, options=b"\x82\x10\1\1")


SUITE.add("IC-2.2", "no error about an ICMP error with a bad option", "1122 3.2.2",
          "an ICMP error message, or", MUST_NOT, silent(bad_option_in_error),
          "error-about-error")  # fmt: skip


def not_redirecting(t: Tester) -> None:
    n, other = t.neighbour(), t.neighbour()
    t.require_echo(n)
    stimulus = t.udp(n, dst=other.ip)
    t.send(stimulus)
    t.silence(n, lambda f: f.carries(o.ICMP)[:1] == b"\5", "no redirect")


SUITE.add("IC-4.1", "a host sends no redirect", "1122 3.2.2.2",
          "A host SHOULD NOT send an ICMP Redirect message", SHOULD_NOT, not_redirecting,
          "redirect-sent", needs="host")  # fmt: skip


def through_gateway(t: Tester, x: Station) -> None:
    """An echo from off-link is answered to the gateway's MAC, and nobody else is asked for."""
    stimulus = t.echo(x)
    t.send(stimulus)

    def answers(frame: o.Frame) -> bool:
        return stimulus.answer(frame) or (frame.arp is not None and frame.arp.tpa == x.ip)

    reply = t.expect(answers, "an echo reply through the gateway")
    equal("Ethernet destination of the reply", t.wire.gateway.mac, reply.dst)


def redirect_ignored(sender: Callable[[Tester], Station], new: Callable[[Tester], bytes]) -> Body:
    """After this redirect the DUT still answers an off-link station through its gateway."""

    def body(t: Tester) -> None:
        x = t.wire.off_link()
        t.require_echo(x)
        about_reply = o.ipv4(t.wire.ip, x.ip, o.ICMP, o.icmp(0, 0, o.pair(1, 1)))
        message = o.icmp(5, 1, new(t), about_reply)
        t.send(t.datagram(sender(t), o.ICMP, message, b"no token in this"))
        t.digest()
        through_gateway(t, x)

    return body


def met_neighbour(t: Tester) -> bytes:
    """A station that the DUT has resolved: one that it would have to resolve first is believed
    by some stacks at the next redirect only.
    """
    n = t.neighbour()
    t.require_echo(n)
    return n.ip


DISCARD_REDIRECT = "A Redirect message SHOULD be silently discarded if the new gateway address"
SUITE.add("IC-4.4", "a redirect that does not come from the gateway is ignored", "1122 3.2.2.2",
          DISCARD_REDIRECT, SHOULD,
          redirect_ignored(lambda t: t.neighbour(), met_neighbour),
          "redirect-any")  # fmt: skip
SUITE.add("IC-4.5", "a redirect to an off-link gateway is ignored", "1122 3.2.2.2",
          DISCARD_REDIRECT, SHOULD,
          redirect_ignored(lambda t: t.wire.gateway, lambda t: t.wire.off_link().ip),
          "redirect-far")  # fmt: skip


@SUITE.case("IC-7.2", "an echo with a malformed option is not answered", "1122 3.2.2.5",
            "A host SHOULD generate Parameter Problem messages", DESCRIBED,
            "skip-option-length")  # fmt: skip
def malformed_option(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    stimulus = t.echo(n, options=b"\x82\x10\1\1")
    t.send(stimulus)
    t.silence(n, stimulus.answer, "no echo reply")


# -- echo ----------------------------------------------------------------------------------

SERVER = "Every host MUST implement an ICMP Echo server function"
WHOLE = "Data received in an ICMP Echo Request MUST be entirely included"


def echo_octets(start: int, end: int, what: str, expected: Callable[[bytes], bytes]) -> Body:
    """Octets of an echo reply, given the request."""

    def body(t: Tester) -> None:
        stimulus = t.echo(t.neighbour())
        t.send(stimulus)
        reply = t.expect(stimulus.answer, "an echo reply").carries(o.ICMP)
        equal(what, expected(stimulus.ip.data), reply[start:end])

    return body


def echo_reply(t: Tester) -> None:
    stimulus = t.echo(t.neighbour())
    t.send(stimulus)
    t.expect(stimulus.answer, "an echo reply")


def right_sum(sizes: range) -> Body:
    """ICMP checksums of echo replies of these sizes."""

    def body(t: Tester) -> None:
        n = t.neighbour()
        for size in sizes:
            stimulus = t.echo(n, size=size)
            t.send(stimulus)
            reply = t.expect(stimulus.answer, "an echo reply").carries(o.ICMP)
            equal("checksum over the reply", b"\0\0", o.checksum(reply).to_bytes(2, "big"))

    return body


def echo_source(t: Tester) -> None:
    stimulus = t.echo(t.neighbour())
    t.send(stimulus)
    reply = t.expect(stimulus.answer, "an echo reply").ip
    assert reply is not None
    equal("source of the reply", t.wire.ip, reply.src)


def group_echo(dst: str, eth: bytes) -> Body:
    """Either silence, or a reply whose source is the DUT's own address."""

    def body(t: Tester) -> None:
        n = t.neighbour()
        t.require_echo(n)
        stimulus = t.echo(n, dst=o.ip(dst), eth=eth)
        t.send(stimulus)
        reply = t.first(stimulus.answer, t.timing.answer)
        if reply is not None and reply.ip is not None:
            equal("source of the reply", t.wire.ip, reply.ip.src)
        t.still_alive(n)

    return body


def many(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    sent = [t.echo(n) for _ in range(50)]
    t.send(*sent)
    for stimulus in sent:
        t.expect(stimulus.answer, "a reply to each of 50 requests")
    t.refuse(lambda f: any(s.answer(f) for s in sent), "no second reply", t.timing.brief)


SWAP = "the source and destination addresses are simply reversed"
MAY_DISCARD = "An ICMP Echo Request destined to an IP broadcast or IP multicast address MAY"
SAME = "The identifier and sequence number may be used by the echo sender"
for key, title, rfc, words, level, body, mutants in (
    ("IC-8.1", "is answered", "1122 3.2.2.6", SERVER, MUST, echo_reply, ("icmp-none",)),
    ("IC-8.2", "is answered with type 0 code 0", ECHO_SECTION, SWAP, DESCRIBED,
     echo_octets(0, 2, "type and code", lambda sent: b"\0\0"), ("echo-code", "echo-type")),
    ("IC-8.3", "is answered with its identifier and sequence number", ECHO_SECTION, SAME,
     DESCRIBED, echo_octets(4, 8, "identifier and sequence number", lambda sent: sent[4:8]),
     ("echo-ident", "echo-seq")),
    ("IC-8.4", "is answered with its data", "1122 3.2.2.6", WHOLE, MUST, exchanged(56),
     ("echo-data",)),
    ("IC-8.5", "without data is answered without data", "1122 3.2.2.6", WHOLE, MUST,
     exchanged(0), ("echo-empty",)),
    ("IC-8.6", "with 1472 octets of data is answered with all of them", "1122 3.2.2.6", WHOLE,
     MUST, exchanged(1472), ("echo-cut",)),
    ("IC-8.7", "with 4000 octets of data is answered with all of them", "1122 3.2.2.6", WHOLE,
     MUST, exchanged(4000), ("echo-cut",)),
    ("IC-8.8", "is answered from the address that was asked", "1122 3.2.2.6",
     "The IP source address in an ICMP Echo Reply MUST be the same", MUST, echo_source,
     ("ip-out-source",)),
    ("IC-8.9", "to 255.255.255.255 is not answered from there", "1122 3.2.2.6", MAY_DISCARD,
     MAY, group_echo("255.255.255.255", o.BROADCAST), ("echo-group-source",)),
    ("IC-8.10", "to 224.0.0.1 is not answered from there", "1122 3.2.2.6", MAY_DISCARD, MAY,
     group_echo("224.0.0.1", ALL_HOSTS_MAC), ("echo-group-source",)),
    ("IC-8.11", "is answered with a right checksum", ECHO_SECTION, CHECKSUM, DESCRIBED,
     right_sum(range(32, 33)), ("icmp-out-sum",)),
    ("IC-8.13", "of fifty at once is answered once", ECHO_SECTION, SWAP, Level.ROBUST, many,
     ("echo-twice",)),
    ("IC-1.6", "with an odd number of octets is answered with a right checksum", ECHO_SECTION,
     "If the total length is odd, the received data is padded with one octet of zeros",
     DESCRIBED, right_sum(range(31, 40, 2)), ("icmp-odd-sum",)),
):  # fmt: skip
    SUITE.add(key, f"an echo request {title}", rfc, words, level, body,
              *mutants)  # fmt: skip

# -- timestamp -----------------------------------------------------------------------------


def stamp(
    t: Tester, n: Station, check: int | None = None, dst: bytes = b"", eth: bytes = b""
) -> tuple[Stimulus, bytes]:
    """A timestamp request and its originate value."""
    originate = struct.pack("!I", now_ms(t))
    message = o.icmp(13, 0, o.pair(0x3FFC, t.wire.number() & 0xFFFF), originate + bytes(8), check)
    return t.datagram(n, o.ICMP, message, t.token(), dst=dst, eth=eth), originate


def is_query(frame: o.Frame) -> bool:
    """An ICMP message that is no error."""
    message = frame.carries(o.ICMP)
    return bool(message) and message[0] not in o.ERRORS


def now_ms(t: Tester) -> int:
    """Milliseconds since midnight UT."""
    return t.wire.clock.stamp() // 1_000_000 % DAY_MS


def stamped(check: Callable[[Tester, Stimulus, bytes, o.Frame], None]) -> Body:
    """A statement about a timestamp reply; without the service there is nothing to say."""

    def body(t: Tester) -> None:
        n = t.neighbour()
        t.require_echo(n)
        stimulus, originate = stamp(t, n)
        t.send(stimulus)
        reply = t.first(lambda f: is_query(f) and f.dst == n.mac, t.timing.answer)
        if reply is None:
            raise NotApplicable("the DUT has no timestamp service, which is optional")
        check(t, stimulus, originate, reply)

    return body


def stamp_reply(t: Tester, s: Stimulus, originate: bytes, reply: o.Frame) -> None:
    equal("type and code of the reply", b"\x0e\0", reply.carries(o.ICMP)[:2])


def stamp_ident(t: Tester, s: Stimulus, originate: bytes, reply: o.Frame) -> None:
    equal("identifier and sequence number", s.ip.data[4:8], reply.carries(o.ICMP)[4:8])


def stamp_originate(t: Tester, s: Stimulus, originate: bytes, reply: o.Frame) -> None:
    equal("originate timestamp", originate, reply.carries(o.ICMP)[8:12])


def stamp_source(t: Tester, s: Stimulus, originate: bytes, reply: o.Frame) -> None:
    assert reply.ip is not None
    equal("source of the reply", t.wire.ip, reply.ip.src)


def stamp_clock(t: Tester, s: Stimulus, originate: bytes, reply: o.Frame) -> None:
    value = int.from_bytes(reply.carries(o.ICMP)[12:16], "big")
    if value >> 31:
        return  # flagged as not being the standard value, which is allowed
    away = abs(now_ms(t) - value)
    if value >= DAY_MS or min(away, DAY_MS - away) > 300_000:
        raise Deviation(f"expected ms since midnight near {now_ms(t)}, seen {value}")


for key, title, rfc, words, level, check, mutant in (
    ("IC-10.1", "is answered with a timestamp reply, if at all", "1122 3.2.2.8",
     "A host MAY implement Timestamp and Timestamp Reply", MAY, stamp_reply, "stamp-type"),
    ("IC-10.2", "is answered with its identifier and sequence number", STAMP_SECTION,
     "may be used by the echo sender to aid in matching", DESCRIBED, stamp_ident, "stamp-ident"),
    ("IC-10.3", "is answered with its originate timestamp", STAMP_SECTION,
     "The Originate Timestamp is the time the sender last touched the message", DESCRIBED,
     stamp_originate, "stamp-originate"),
    ("IC-10.4", "is answered with the time of day", "1122 3.2.2.8",
     "correct within a few minutes", MUST, stamp_clock, "stamp-receive"),
    ("IC-10.6", "is answered from the address that was asked", "1122 3.2.2.8",
     "The IP source address in an ICMP Timestamp Reply MUST be the same", MUST, stamp_source,
     "stamp-alias"),
):  # fmt: skip
    SUITE.add(key, f"a timestamp request {title}", rfc, words, level, stamped(check), mutant)


@SUITE.case("IC-10.8", "a timestamp request with a wrong checksum is not answered", STAMP_SECTION,
            CHECKSUM, DESCRIBED, "skip-icmp-sum")  # fmt: skip
def bad_stamp(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    twin, _ = stamp(t, n)
    t.send(twin)
    if t.first(twin.answer, t.timing.answer) is None:
        raise NotApplicable("the DUT has no timestamp service, which is optional")
    stimulus, _ = stamp(t, n, check=0x1234)
    t.send(stimulus)
    t.silence(n, stimulus.answer, "no timestamp reply")


@SUITE.case("IC-11.2", "an unsolicited mask reply changes nothing", "1122 3.2.2.9",
            "any ICMP Address Mask Replies received for that local IP address MUST be (silently)",
            MUST, "mask-applied")  # fmt: skip
def mask_reply(t: Tester) -> None:
    n = t.neighbour()
    x = Station(o.ip("198.51.100.7"), t.wire.gateway.mac)  # on the link if the mask were /8
    t.require_echo(n)
    t.require_echo(x)
    mask = o.icmp(18, 0, o.pair(0, 0), o.ip("255.0.0.0"))
    t.send(t.datagram(n, o.ICMP, mask, b"no token in this"))
    t.digest()
    through_gateway(t, x)


# -- standing monitor ------------------------------------------------------------------------


def no_quench(frame: o.Frame, wire: Wire) -> str | None:
    """Monitor of IC-5.2."""
    message = frame.carries(o.ICMP)
    if not message:
        return None
    return f"expected no source quench, seen {o.summary(frame.raw)}" if message[0] == 4 else ""


def burst(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    t.send(*(t.echo(n) for _ in range(100)))
    t.pause(t.timing.absence)


SUITE.add("IC-5.2", "no source quench in the whole run, which has a burst of 100 echoes", "6633 3",
          "A host MUST NOT send ICMP Source Quench messages", MUST_NOT, burst, "quench-sent",
          monitor=no_quench)  # fmt: skip
