# SPDX-License-Identifier: GPL-2.0-only
# ruff: noqa: D103 - a case's title says what it checks; rows share signatures
"""UDP as a host must speak it: RFC 768, RFC 1122 4.1. Most cases need an echo service.

This file is all there is to the suite: what a further protocol needs is one file like it.
"""

from __future__ import annotations

from collections.abc import Callable

from artifact.conformance import octets as o
from artifact.conformance.case import Body, Level, Suite
from artifact.conformance.cases.shared import Make, silent
from artifact.conformance.tester import ECHO_PORT, Stimulus, Tester
from artifact.conformance.verdict import Deviation, equal
from artifact.conformance.wire import Station

TOLD = {
    "UDP-1.1": ("32 octets to the echo service", "The same octets come back"),
    "UDP-1.2": ("9, 63 and 1471 octets to the echo service", "The same octets come back"),
    "UDP-1.3": ("1472 octets to the echo service", "The same octets come back in one frame"),
    "UDP-1.4": ("A datagram of length 8 to the echo service", "An answer of length 8"),
    "UDP-1.5": ("A datagram to the echo service", "The answer has the two ports exchanged"),
    "UDP-1.6": ("33 octets to the echo service", "The length of the answer is its real length"),
    "UDP-1.7": ("33 octets to the echo service", "The checksum of the answer is there and right"),
    "UDP-2.1": ("A datagram with checksum zero to the echo service", "The same octets come back"),
    "UDP-2.2": ("A datagram with a checksum off by one", "Silence"),
    "UDP-2.3": ("A datagram of odd length with a checksum off by one", "Silence"),
    "UDP-2.4": ("A datagram with a wrong checksum to a closed port", "Silence, no ICMP error"),
    "UDP-2.5": ("Datagrams with length 7 and 0, without checksum", "Silence"),
    "UDP-2.6": ("A datagram with length 200 in 60 octets, without checksum", "Silence"),
    "UDP-2.7": ("40 octets of data, the length says 24", "At most 24 octets come back"),
    "UDP-2.8": ("Datagrams of 0, 1 and 7 octets", "No harm: an echo is answered afterwards"),
    "UDP-3.1": ("A datagram to a closed port", "ICMP type 3 code 3 quoting the UDP header"),
    "UDP-3.2": ("A datagram without checksum to a closed port", "ICMP type 3 code 3"),
    "UDP-3.3": ("A datagram with source port 0 to the echo service", "No harm; others are served"),
    "UDP-3.4": ("A datagram to port 0", "ICMP type 3 code 3"),
    "UDP-3.5": ("A datagram to the subnet broadcast address", "The answer's source is D"),
    "UDP-3.6": ("A datagram from 224.0.0.9 to the echo service", "Silence"),
    "UDP-3.7": ("A datagram to 239.9.9.9, which D did not join", "Silence"),
    "UDP-4.1": ("1001 octets in three fragments, last first", "The same octets come back"),
    "UDP-4.2": ("A wrong UDP checksum, in two fragments", "Silence"),
    "UDP-4.3": ("ICMP 3/1, 3/2, 3/3 about an answer of the service", "It goes on serving"),
}
SUITE = Suite("udp", layer=4, told=TOLD)
MUST, SHOULD, DESCRIBED, ROBUST = Level.MUST, Level.SHOULD, Level.DESCRIBED, Level.ROBUST
ECHO = "udp_echo"
FIELDS, PORTS, SUMS = "768 Fields", "1122 4.1.3.1", "1122 4.1.3.4"
RETURNED = "return the data octets and an indication of source port and source address"
LENGTH = "Length is the length in octets of this user datagram including this header and the data"
INVALID = "If a UDP datagram is received with a checksum that is non-zero and invalid"
UNREACHABLE = "UDP SHOULD send an ICMP Port Unreachable message"


def echoed(*makes: Make) -> Body:
    """The data of each of these comes back."""

    def body(t: Tester) -> None:
        n = t.neighbour()
        for make in makes:
            t.exchange(make(t, n))

    return body


def answering(check: Callable[[bytes, o.Ip], None], size: int = 33) -> Body:
    """A statement about the datagram that the echo service sends."""

    def body(t: Tester) -> None:
        stimulus = t.udp(t.neighbour(), ECHO_PORT, size=size)
        t.send(stimulus)
        answer = t.expect(stimulus.answer, "an answer from the echo service").ip
        assert answer is not None
        check(stimulus.ip.data, answer)

    return body


def sized(*sizes: int) -> list[Make]:
    """Echoes of these sizes."""
    return [lambda t, n, s=s: t.udp(n, ECHO_PORT, size=s) for s in sizes]  # type: ignore[misc]  # s=s binds early


# -- what comes back ---------------------------------------------------------------------------

for key, title, words, body, mutants in (
    ("UDP-1.1", "is answered with its data", RETURNED, echoed(*sized(32)), ("udp-none",)),
    ("UDP-1.2", "of 9, 63 and 1471 octets is answered with its data", RETURNED,
     echoed(*sized(9, 63, 1471)), ("udp-odd", "udp-cut")),
    ("UDP-1.3", "that fills a frame is answered with its data", RETURNED, echoed(*sized(1472)),
     ("udp-cut",)),
):  # fmt: skip
    SUITE.add(key, f"a datagram {title}", "768 User Interface", words, DESCRIBED, body, *mutants,
              needs=ECHO)  # fmt: skip


@SUITE.case("UDP-1.4", "a datagram without data is answered without data", FIELDS,
            "(This means the minimum value of the length is eight.)", DESCRIBED, "udp-empty",
            needs=ECHO)  # fmt: skip
def without_data(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    stimulus = t.udp(n, ECHO_PORT, size=0)
    t.send(stimulus)
    sport = stimulus.ip.data[:2]
    answer = t.expect(lambda f: f.carries(o.UDP)[2:4] == sport, "an answer without data")
    equal("length of the answer", b"\0\x08", answer.carries(o.UDP)[4:6])


def right_ports(asked: bytes, answer: o.Ip) -> None:
    equal("ports of the answer", asked[2:4] + asked[:2], answer.data[:4])


def right_length(_: bytes, answer: o.Ip) -> None:
    equal("length of the answer", len(answer.data).to_bytes(2, "big"), answer.data[4:6])


def right_sum(_: bytes, answer: o.Ip) -> None:
    if answer.data[6:8] == b"\0\0":
        raise Deviation("expected a checksum, seen 00 00, which means none")
    over = o.udp_sum(answer.src, answer.dst, answer.data, len(answer.data))
    equal("checksum over pseudo header and datagram", b"\0\0", over.to_bytes(2, "big"))


SUITE.add("UDP-1.5", "an answer comes from the port that was asked", FIELDS,
          "assumed to be the port to which a reply should be addressed", DESCRIBED,
          answering(right_ports), "udp-other-port", needs=ECHO)  # fmt: skip
SUITE.add("UDP-1.6", "an answer has its length", FIELDS, LENGTH, DESCRIBED,
          answering(right_length), "udp-out-length", needs=ECHO)  # fmt: skip
SUITE.add("UDP-1.7", "an answer has a right checksum", SUMS,
          "but it MUST default to checksumming on", MUST, answering(right_sum),
          "udp-out-sum", "udp-out-no-sum", needs=ECHO)  # fmt: skip

# -- checksum and length of what is received -----------------------------------------------------


def bad_sum(t: Tester, n: Station, size: int = 32) -> Stimulus:
    """A datagram to the echo service whose checksum is off by one."""
    right = t.udp(n, ECHO_PORT, size=size)
    return resummed(right, o.u16(right.ip.data, 6) ^ 1)


def resummed(right: Stimulus, value: int) -> Stimulus:
    """The same datagram with another value in its checksum field."""
    raw = right.datagram[:26] + value.to_bytes(2, "big") + right.datagram[28:]
    return Stimulus(right.who, raw, right.frame[:14] + raw, right.token)


SUITE.add("UDP-2.1", "accepted: a datagram without checksum", FIELDS,
          "An all zero transmitted checksum value means that the transmitter generated no checksum",
          DESCRIBED, echoed(lambda t, n: t.udp(n, ECHO_PORT, check=0)), "udp-sum-required",
          needs=ECHO)  # fmt: skip
SUITE.add("UDP-2.2", "discarded: a datagram with a wrong checksum", SUMS, INVALID, MUST,
          silent(bad_sum), "skip-udp-sum", needs=ECHO)  # fmt: skip
SUITE.add("UDP-2.3", "discarded: a datagram of odd length with a wrong checksum", SUMS, INVALID,
          MUST, silent(lambda t, n: bad_sum(t, n, 33)), "skip-udp-sum", needs=ECHO)  # fmt: skip
SUITE.add("UDP-2.4", "discarded: a datagram to a closed port with a wrong checksum", SUMS, INVALID,
          MUST, silent(lambda t, n: resummed(t.udp(n), 1)), "skip-udp-sum")  # fmt: skip
SUITE.add("UDP-2.5", "discarded: a length below eight", FIELDS,
          "(This means the minimum value of the length is eight.)", DESCRIBED,
          silent(lambda t, n: t.udp(n, ECHO_PORT, udp_length=7, check=0),
                 lambda t, n: t.udp(n, ECHO_PORT, udp_length=0, check=0)), "skip-udp-short",
          needs=ECHO)  # fmt: skip
SUITE.add("UDP-2.6", "discarded: a length beyond the datagram", FIELDS, LENGTH, DESCRIBED,
          silent(lambda t, n: t.udp(n, ECHO_PORT, udp_length=200, check=0)), "skip-udp-long",
          needs=ECHO)  # fmt: skip


@SUITE.case("UDP-2.7", "octets behind the length are no data", FIELDS, LENGTH, DESCRIBED,
            "udp-padding", needs=ECHO)  # fmt: skip
def padded(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    stimulus = t.udp(n, ECHO_PORT, size=40, udp_length=8 + 24, check=0)
    t.send(stimulus)
    answer = t.first(stimulus.answer, t.timing.answer)
    if answer is not None:  # a stack may also discard what does not fit together
        equal("length of the answer", b"\0\x20", answer.carries(o.UDP)[4:6])
    t.still_alive(n)


@SUITE.case("UDP-2.8", "datagrams shorter than a header do no harm", FIELDS,
            "(This means the minimum value of the length is eight.)", ROBUST,
            "udp-short-dies")  # fmt: skip
def short(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    whole = t.udp(n, ECHO_PORT).ip.data
    for size in (0, 1, 7):
        t.send(t.datagram(n, o.UDP, whole[:size], b"no token in this"))
    t.digest()
    t.still_alive(n)


# -- ports and addresses -----------------------------------------------------------------------


@SUITE.case("UDP-3.1", "a closed port is reported as port unreachable", PORTS, UNREACHABLE, SHOULD,
            "error-no-port", "udp-error-code")  # fmt: skip
def closed(t: Tester) -> None:
    stimulus = t.udp(t.neighbour())
    t.send(stimulus)
    error = t.expect(stimulus.error, "an ICMP error").carries(o.ICMP)
    equal("type and code", b"\3\3", error[:2])
    equal("the UDP header that is quoted", stimulus.ip.data[:8], error[28:36])


@SUITE.case("UDP-3.2", "a closed port is reported for a datagram without checksum, too", PORTS,
            UNREACHABLE, SHOULD, "udp-sum-required")  # fmt: skip
def closed_without_sum(t: Tester) -> None:
    stimulus = t.udp(t.neighbour(), check=0)
    t.send(stimulus)
    t.expect(stimulus.error, "an ICMP error")


@SUITE.case("UDP-3.3", "source port zero does no harm", FIELDS,
            "If not used, a value of zero is inserted", ROBUST, "udp-port-0-dies",
            needs=ECHO)  # fmt: skip
def port_zero(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    t.send(t.udp(n, ECHO_PORT, sport=0))
    t.digest()
    t.exchange(t.udp(n, ECHO_PORT))


@SUITE.case("UDP-3.4", "a port of zero is no service", PORTS,
            "a UDP port for which there is no pending LISTEN call", ROBUST,
            "error-no-port")  # fmt: skip
def to_port_zero(t: Tester) -> None:
    n = t.neighbour()
    stimulus = t.udp(n, 0)
    t.send(stimulus)
    t.expect(stimulus.error, "an ICMP error")


def received(dst: Callable[[Tester], bytes], eth: bytes) -> Body:
    """A datagram for a group that the DUT belongs to is echoed from its own address."""

    def body(t: Tester) -> None:
        stimulus = t.udp(t.neighbour(), ECHO_PORT, dst=dst(t), eth=eth)
        t.send(stimulus)
        answer = t.expect(stimulus.answer, "an answer from the echo service").ip
        assert answer is not None
        equal("source of the answer", t.wire.ip, answer.src)

    return body


OWN = "the source address MUST be (one of) the IP address(es) of the host"
SUITE.add("UDP-3.5", "what was asked of a broadcast address is answered from the DUT's own",
          "1122 4.1.3.6", OWN, MUST, received(lambda t: t.wire.broadcast, o.BROADCAST),
          "echo-group-source", "ip-directed", needs=ECHO)  # fmt: skip
SUITE.add("UDP-3.6", "discarded: a datagram from a multicast address", "1122 4.1.3.6",
          "must be discarded by UDP or by the IP layer", MUST,
          silent(lambda t, n: t.udp(n, ECHO_PORT, src=o.ip("224.0.0.9"))), "skip-source",
          needs=ECHO)  # fmt: skip


@SUITE.case("UDP-3.7", "discarded: a datagram for a group that nobody joined", "1112 7.2",
            "destined to groups to which the host does not belong are discarded", MUST,
            "udp-any-group", needs=ECHO)  # fmt: skip
def foreign_group(t: Tester) -> None:
    group = o.ip("239.9.9.9")
    mac = b"\1\0\x5e" + bytes((group[1] & 0x7F,)) + group[2:]
    silent(lambda t, n: t.udp(n, ECHO_PORT, dst=group, eth=mac))(t)


# -- fragments and errors ------------------------------------------------------------------------


@SUITE.case("UDP-4.1", "a datagram in fragments is echoed, also out of order", "1122 3.3.2",
            "The IP layer MUST implement reassembly of IP datagrams", MUST, "frag-in-order",
            needs=ECHO)  # fmt: skip
def in_fragments(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    stimulus = t.udp(n, ECHO_PORT, size=1001)
    t.exchange(stimulus, *reversed(t.pieces(stimulus, 400, 800)))


@SUITE.case("UDP-4.2", "a wrong checksum is found in a reassembled datagram", SUMS, INVALID, MUST,
            "skip-udp-sum", needs=ECHO)  # fmt: skip
def bad_fragments(t: Tester) -> None:
    n = t.neighbour()
    t.require_echo(n)
    stimulus = bad_sum(t, n, 64)
    t.send(*t.pieces(stimulus, 32))
    t.silence(n, stimulus.reaction, "no reaction")


@SUITE.case("UDP-4.3", "an ICMP error about an answer does not end the service", "1122 4.1.3.3",
            "UDP MUST pass to the application layer all ICMP error messages", MUST,
            "udp-error-kills", needs=ECHO)  # fmt: skip
def errors_survived(t: Tester) -> None:
    n = t.neighbour()
    stimulus = t.udp(n, ECHO_PORT)
    t.send(stimulus)
    answer = t.expect(stimulus.answer, "an answer from the echo service").ip
    assert answer is not None
    for code in (1, 2, 3):
        message = o.icmp(3, code, bytes(4), answer.header + answer.data[:8])
        t.send(t.datagram(n, o.ICMP, message, b"no token in this"))
    t.digest()
    other = t.neighbour()
    for who in (n, other, other):  # one call may report the error instead
        again = t.udp(who, ECHO_PORT)
        t.send(again)
        if who is other and t.first(again.answer, t.timing.answer):
            return
    raise Deviation("expected the echo service to go on, seen no answer")
