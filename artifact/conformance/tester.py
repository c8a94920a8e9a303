# SPDX-License-Identifier: GPL-2.0-only
"""What a case body works with: stations, stimuli, and statements about the DUT's frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Unpack

from artifact.conformance import octets as o
from artifact.conformance.timing import Timing
from artifact.conformance.verdict import Deviation, NoAnswer, NotApplicable, Undecided, equal
from artifact.conformance.wire import Station, Wire

Match = Callable[[o.Frame], bool]
UNUSED_PORT = 40999
ECHO_PORT = 7


@dataclass(frozen=True)
class Stimulus:
    """A datagram the tester sends, and what counts as a reaction to it."""

    who: Station
    datagram: bytes
    frame: bytes
    token: bytes  # octets in its data that no other frame of the run has

    @property
    def ip(self) -> o.Ip:
        """The datagram as sent."""
        return o.Ip(self.datagram)

    def answer(self, frame: o.Frame) -> bool:
        """An ICMP query reply or a UDP datagram that belongs to this stimulus."""
        message = frame.carries(o.ICMP)
        if message and message[0] not in o.ERRORS:
            same = self.ip.proto == o.ICMP and message[4:8] == self.ip.data[4:8]
            return same or self.token in message
        return self.token in frame.carries(o.UDP)

    def error(self, frame: o.Frame) -> bool:
        """An ICMP error message that quotes this stimulus."""
        message = frame.carries(o.ICMP)
        if len(message) < 28 or message[0] not in o.ERRORS:
            return False
        quote = o.Ip(message[8:])
        return quote.ident == self.ip.ident and quote.proto == self.ip.proto

    def reaction(self, frame: o.Frame) -> bool:
        """Any sign that the DUT processed the stimulus: answer, error, re-emission, or an
        attempt to resolve the forged address it came from.
        """
        if self.answer(frame) or self.error(frame) or self.token in frame.raw:
            return True
        asks = frame.arp is not None and frame.arp.op == o.REQUEST
        return asks and self.ip.src != self.who.ip and frame.payload[24:28] == self.ip.src


class Fields(o.HeaderFields, total=False):
    """What a case may change in a datagram and in the frame around it."""

    src: bytes
    dst: bytes
    eth: bytes
    kind: int
    trailer: bytes


def pattern(size: int, token: bytes) -> bytes:
    """Data of that size which begins with the token and then counts."""
    return (token + bytes(n & 0xFF for n in range(size)))[:size]


class Tester:
    """One execution of one case. Frames that no statement has used yet stay pending.

    `introducing`: a fresh station makes itself known by an ARP request, for a DUT that loses the
    first datagram for a destination it has to resolve.
    """

    def __init__(
        self, wire: Wire, timing: Timing, beyond: Wire | None = None, introducing: bool = False
    ) -> None:
        self.wire = wire
        self.timing = timing
        self.info = wire.info
        self.pending: list[o.Frame] = []
        self._introducing = introducing
        self._far = Tester(beyond, timing, None, introducing) if beyond else None

    @property
    def far(self) -> Tester:
        """The tester on the DUT's second link (cases that need `forwarding` have one)."""
        if self._far is None:
            raise NotApplicable("the DUT has one link only")
        return self._far

    # -- stations and stimuli ------------------------------------------------------------

    def neighbour(self, answering: bool = True) -> Station:
        """A fresh on-link station."""
        who = self.wire.neighbour(answering)
        if self._introducing and answering:
            self.send(self.arp(who))
            self.first(lambda f: is_reply_to(f, who), self.timing.answer)
        return who

    def datagram(
        self,
        who: Station,
        proto: int,
        payload: bytes,
        token: bytes,
        *,
        src: bytes = b"",
        dst: bytes = b"",
        eth: bytes = b"",
        kind: int = o.IPV4,
        trailer: bytes = b"",
        **header: Unpack[o.HeaderFields],
    ) -> Stimulus:
        """A datagram from `who` to the DUT; any header field may be given another value."""
        header.setdefault("ident", self.wire.number() + 0x1000)
        made = o.ipv4(src or who.ip, dst or self.wire.ip, proto, payload, **header)
        frame = o.ethernet(eth or self.wire.mac, who.mac, kind, made + trailer)
        return Stimulus(who, made, frame, token)

    def token(self) -> bytes:
        """Eight octets that mark the data of one stimulus."""
        return b"uk" + self.wire.number().to_bytes(6, "big")

    def echo(
        self,
        who: Station,
        *,
        size: int = 32,
        type: int = 8,
        code: int = 0,
        check: int | None = None,
        rest: bytes | None = None,
        **fields: Unpack[Fields],
    ) -> Stimulus:
        """An ICMP message from `who`, by default an echo request with `size` octets of data."""
        token = self.token()
        words = o.pair(0x4000 + self.wire.number() % 0x4000, 1) if rest is None else rest
        message = o.icmp(type, code, words, pattern(size, token), check)
        return self.datagram(who, o.ICMP, message, token, **fields)

    def udp(
        self,
        who: Station,
        port: int = UNUSED_PORT,
        *,
        size: int = 32,
        sport: int | None = None,
        udp_length: int | None = None,
        check: int | None = None,
        **fields: Unpack[Fields],
    ) -> Stimulus:
        """A UDP datagram from `who`, by default to a port that nobody listens on."""
        token = self.token()
        src, dst = fields.get("src", who.ip), fields.get("dst", self.wire.ip)
        own = 20000 + self.wire.number() % 20000 if sport is None else sport
        data = pattern(size, token)
        payload = o.udp(src, dst, own, port, data, length=udp_length, check=check)
        return self.datagram(who, o.UDP, payload, token, **fields)

    # -- the wire ------------------------------------------------------------------------

    def send(self, *things: Stimulus | bytes) -> None:
        """Send frames, one after the other."""
        for thing in things:
            self.wire.send(thing.frame if isinstance(thing, Stimulus) else thing)

    def pieces(self, stimulus: Stimulus, *cuts: int) -> list[bytes]:
        """The stimulus as fragments, each in its own frame."""
        head = stimulus.frame[:14]
        return [head + piece for piece in o.fragments(stimulus.datagram, *cuts)]

    def forget(self) -> None:
        """Whatever came so far is of no interest to later statements."""
        self.pending.clear()

    def pause(self, seconds: float) -> None:
        """Let time pass (ARP requests are answered meanwhile)."""
        self.first(lambda _: False, seconds)

    def digest(self) -> None:
        """Give the DUT the time to handle what it was sent."""
        self.pause(self.timing.digest)

    def first(self, match: Match, within: float) -> o.Frame | None:
        """The first unused frame that matches, waiting up to `within` seconds for it."""
        for frame in self.pending:
            if match(frame):
                self.pending.remove(frame)
                return frame
        deadline = self.wire.clock.now() + within
        while (heard := self.wire.receive(deadline)) is not None:
            if match(heard):
                return heard
            self.pending.append(heard)
        return None

    # -- statements ----------------------------------------------------------------------

    def expect(self, match: Match, what: str) -> o.Frame:
        """A frame that must come."""
        frame = self.first(match, self.timing.answer)
        if frame is None:
            others = "; ".join(o.summary(f.raw) for f in self.pending[-3:]) or "nothing"
            raise NoAnswer(f"expected {what} within {self.timing.answer:g} s, seen {others}")
        return frame

    def refuse(self, match: Match, what: str, seconds: float | None = None) -> None:
        """A frame that must not come, neither earlier nor within the absence window."""
        window = self.timing.absence if seconds is None else seconds
        frame = self.first(match, window)
        if frame is not None:
            raise Deviation(f"expected {what}, seen {o.summary(frame.raw)}")

    def silence(self, who: Station, match: Match, what: str) -> None:
        """No such frame, neither in the absence window nor before a plain echo is answered."""
        self.refuse(match, what)
        self.still_alive(who)
        self.refuse(match, what, 0)

    def ping(self, who: Station) -> o.Frame | None:
        """Send a plain echo; the reply, if one comes."""
        for _ in range(self.timing.attempts):
            probe = self.echo(who)
            self.send(probe)
            if reply := self.first(probe.answer, self.timing.answer):
                return reply
        return None

    def require_echo(self, who: Station) -> None:
        """Precondition of every statement about silence."""
        if self.ping(who) is None:
            raise Undecided("a plain echo is not answered, so silence would prove nothing")

    def still_alive(self, who: Station) -> None:
        """The DUT must go on working."""
        if self.ping(who) is None:
            raise Deviation("expected an answer to a plain echo afterwards, seen none")

    def answers_arp(self) -> bool:
        """Whether the DUT answers a correct ARP request."""
        who = self.neighbour()
        self.send(self.arp(who))
        return self.first(lambda f: is_reply_to(f, who), self.timing.answer) is not None

    def whole(self, start: o.Frame) -> list[o.Ip]:
        """All fragments of the datagram that this frame belongs to, in order of offset."""
        one = start.ip
        assert one is not None
        parts = {one.offset: one}

        def another(frame: o.Frame) -> bool:
            same = frame.ip
            return same is not None and (same.ident, same.src) == (one.ident, one.src)

        while not complete(parts):
            part = self.expect(another, f"the other fragments of datagram {one.ident:#06x}").ip
            assert part is not None
            parts[part.offset] = part
        return [parts[offset] for offset in sorted(parts)]

    def exchange(self, stimulus: Stimulus, *frames: bytes) -> bytes:
        """Send an echo request or UDP datagram (as these frames, if given), expect its data
        back, and return the whole answer's data.
        """
        self.send(*(frames or (stimulus,)))
        answer = join(self.whole(self.expect(stimulus.answer, "an answer with the same data")))
        if stimulus.ip.proto == o.ICMP:
            equal("type and code of the reply", b"\0\0", answer[:2])
        equal("data of the reply", stimulus.ip.data[8:], answer[8:])
        return answer

    # -- ARP -----------------------------------------------------------------------------

    def arp(
        self,
        who: Station,
        op: int = o.REQUEST,
        *,
        sha: bytes | None = None,
        spa: bytes | None = None,
        tha: bytes = o.ZERO_MAC,
        tpa: bytes | None = None,
        eth: bytes = o.BROADCAST,
        hrd: int = 1,
        pro: int = o.IPV4,
    ) -> bytes:
        """A frame with any ARP packet of `who`, by default a request for the DUT."""
        packet = o.arp(
            op,
            who.mac if sha is None else sha,
            who.ip if spa is None else spa,
            tha,
            self.wire.ip if tpa is None else tpa,
            hrd=hrd,
            pro=pro,
        )
        return o.ethernet(eth, who.mac, o.ARP, packet)

    def provoke(self, who: Station) -> Stimulus:
        """Make the DUT need the MAC of `who`: an echo from there, without any ARP before."""
        stimulus = self.echo(who)
        self.send(stimulus)
        return stimulus


def is_reply_to(frame: o.Frame, who: Station) -> bool:
    """Whether the frame is an ARP packet, other than a request, meant for that station."""
    packet = frame.arp
    if packet is None or packet.op == o.REQUEST:
        return False
    return who.ip == packet.tpa or who.mac in (packet.tha, frame.dst)


def complete(parts: dict[int, o.Ip]) -> bool:
    """Whether these fragments, by offset, make up a datagram without a hole."""
    end = 0
    while end in parts:
        part = parts[end]
        if not part.more:
            return True
        if not part.data:
            return False
        end += len(part.data)
    return False


def join(parts: list[o.Ip]) -> bytes:
    """The data of a datagram from its fragments."""
    return b"".join(part.data for part in parts)
