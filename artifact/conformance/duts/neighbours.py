# SPDX-License-Identifier: GPL-2.0-only
"""ARP as RFC 826, RFC 1122 2.3.2 and RFC 5227 2.5 describe it: part of the mutant DUT."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from artifact.conformance import octets as o
from artifact.conformance.duts.faults import ALIEN
from artifact.conformance.duts.reassembly import Died

HELD = 3  # datagrams kept per unresolved address
REQUEST_GAP_S = 1.0  # RFC 1122 2.3.2.1: at most one request per second and destination
AGE_S = 60.0  # RFC 1122 2.3.2.1: the order of a minute
SMALL_TABLE = 10  # entries with the fault arp-small-table


class Neighbours:
    """The translation table and what waits for it.

    `own` are the addresses it answers for, the first of them is what it asks with; `emit` puts
    a frame on the wire; `now` is the stack's time.
    """

    def __init__(
        self,
        mac: bytes,
        own: list[bytes],
        faults: frozenset[str],
        emit: Callable[[bytes], None],
        now: Callable[[], float],
    ) -> None:
        self.mac, self.own = mac, own
        self._faults = faults
        self._emit = emit
        self._now = now
        self._table: dict[bytes, bytes] = {}
        self._confirmed: dict[bytes, float] = {}
        self._first: dict[bytes, bytes] = {}  # used by the fault arp-from-table only
        self._waiting: dict[bytes, deque[bytes]] = {}
        self._asked: dict[bytes, float] = {}

    def send(self, datagram: bytes, hop: bytes) -> None:
        """Send a datagram to a neighbour, resolving its address first if need be."""
        known = self._table.get(hop)
        if known is not None and self._aged(hop):
            known = None
            del self._table[hop]
        if known is None:
            self._hold(datagram, hop)
            self._ask(hop)
            return
        if "arp-forgets" in self._faults:
            del self._table[hop]
        if "arp-use-renews" in self._faults:
            self._confirmed[hop] = self._now()
        self._transmit(datagram, known)

    def _aged(self, hop: bytes) -> bool:
        age = self._now() - self._confirmed[hop]
        return age > AGE_S and "arp-immortal" not in self._faults

    def receive(self, frame: o.Frame) -> None:
        """RFC 826, Packet Reception, step by step."""
        packet = frame.payload
        if "arp-truncated" in self._faults and len(packet) < 28:
            packet = packet[:24].ljust(24, b"\0") + self.own[0]
        if len(packet) < 28 or self._foreign(packet):
            return
        if packet[4:6] != b"\6\4" and "arp-lengths-die" in self._faults:
            raise Died
        arp = o.Arp(packet)
        if arp.spa in self.own and arp.sha != self.mac:
            self._conflict(arp)
        elif self._believed(arp):
            self._merge(arp)
        if arp.spa == o.ANY and "arp-asks-any" in self._faults:
            self._broadcast(o.arp(o.REQUEST, self.mac, self.own[0], o.ZERO_MAC, o.ANY))
        if self._asks_me(frame, arp):
            self._reply(frame, arp)

    def _foreign(self, packet: bytes) -> bool:
        hrd = o.u16(packet, 0) != 1 and "skip-arp-hrd" not in self._faults
        pro = o.u16(packet, 2) != o.IPV4 and "skip-arp-pro" not in self._faults
        return hrd or pro

    def _believed(self, arp: o.Arp) -> bool:
        """No probe, no group address for a host (RFC 1812 3.3.2); any opcode (RFC 826)."""
        if arp.op > o.REPLY and "arp-op-first" in self._faults:
            return False
        group = arp.sha[0] & 1 == 1 and "arp-learns-groups" not in self._faults
        return arp.spa != o.ANY and not group

    def _merge(self, arp: o.Arp) -> None:
        mine = arp.tpa in self.own
        if arp.spa in self._table:
            fixed = "arp-no-update" in self._faults
            fixed |= "arp-update-as-target" in self._faults and not mine
            if not fixed:
                self._enter(arp)
            return
        unasked = "arp-learns-nothing" not in self._faults or arp.spa in self._waiting
        full = "arp-small-table" in self._faults and len(self._table) >= SMALL_TABLE
        if (mine or "arp-learns-all" in self._faults) and unasked and not full:
            self._enter(arp)
            for datagram in self._waiting.pop(arp.spa, ()):
                self.send(datagram, arp.spa)

    def _enter(self, arp: o.Arp) -> None:
        self._table[arp.spa] = arp.sha
        self._confirmed[arp.spa] = self._now()

    def _conflict(self, arp: o.Arp) -> None:
        """RFC 5227 2.4 (c): keep the address and stay silent."""
        if "arp-conflict-lost" in self._faults:
            self.mac = arp.sha
        if "arp-conflict-storm" in self._faults:
            for _ in range(5):
                self.announce()

    def announce(self) -> None:
        """RFC 5227 2.3."""
        own = self.own[0]
        self._broadcast(o.arp(o.REQUEST, self.mac, own, o.ZERO_MAC, own))

    def probe(self) -> None:
        """RFC 5227 2.1.1."""
        wrong = "probe-sender" in self._faults
        spa = self.own[0] if wrong else o.ANY
        tha = ALIEN if "probe-target" in self._faults else o.ZERO_MAC
        self._broadcast(o.arp(o.REQUEST, self.mac, spa, tha, self.own[0]))

    def _asks_me(self, frame: o.Frame, arp: o.Arp) -> bool:
        if "arp-no-reply" in self._faults:
            return False
        if arp.op != o.REQUEST and "skip-arp-op" not in self._faults:
            return False
        if arp.tpa not in self.own and "skip-arp-target" not in self._faults:
            return self._proxied(arp)
        if arp.tpa in self.own[1:] and "arp-no-alias" in self._faults:
            return False
        if "arp-on-link-only" in self._faults and arp.spa[:2] != self.own[0][:2]:
            return arp.spa == o.ANY
        if "arp-no-unicast" in self._faults and frame.dst != o.BROADCAST:
            return False
        if "arp-no-probe" in self._faults and arp.spa == o.ANY:
            return False
        return f"arp-tha-{self._tha(arp)}" not in self._faults

    def _proxied(self, arp: o.Arp) -> bool:
        """RFC 1027, which is off: answering for hosts of other links."""
        return "arp-proxy" in self._faults and arp.tpa[:2] != self.own[0][:2]

    def _tha(self, arp: o.Arp) -> str:
        known = {o.ZERO_MAC: "zero", o.BROADCAST: "ones", self.mac: "own"}
        return known.get(arp.tha, "other")

    def _reply(self, frame: o.Frame, arp: o.Arp) -> None:
        to = arp.sha
        if "arp-from-table" in self._faults:
            to = self._first.setdefault(arp.spa, arp.sha)
        mine = arp.tpa if arp.op == o.REQUEST else self.own[0]
        if "arp-to-eth-source" in self._faults:
            to = frame.src
        packet = o.arp(o.REPLY, self.mac, mine, to, arp.spa)
        if "arp-echoes-trailer" in self._faults:
            packet += frame.payload[28:]
        for _ in range(2 if "arp-reply-twice" in self._faults else 1):
            self._emit(o.ethernet(to, self.mac, o.ARP, packet))

    def _hold(self, datagram: bytes, hop: bytes) -> None:
        queue = self._waiting.setdefault(hop, deque(maxlen=HELD))
        if "arp-no-queue" in self._faults:
            return
        if "arp-keeps-oldest" in self._faults and queue:
            return
        queue.append(datagram)
        if "arp-unreachable" in self._faults:
            message = o.icmp(3, 1, bytes(4), datagram[:28])
            lost = o.ipv4(self.own[0], hop, o.ICMP, message)
            self._emit(o.ethernet(o.BROADCAST, self.mac, o.IPV4, lost))

    def _ask(self, hop: bytes) -> None:
        if "arp-no-request" in self._faults:
            return
        if "arp-one-at-a-time" in self._faults and next(iter(self._waiting)) != hop:
            return
        if "arp-gives-up" in self._faults and hop in self._asked:
            return
        now = self._now()
        recent = now - self._asked.get(hop, -REQUEST_GAP_S) < REQUEST_GAP_S
        if recent and not {"arp-unlimited", "arp-forgets"} & self._faults:
            return
        self._asked[hop] = now
        self._broadcast(o.arp(o.REQUEST, self.mac, self.own[0], o.ZERO_MAC, hop))

    def _broadcast(self, packet: bytes) -> None:
        self._emit(o.ethernet(o.BROADCAST, self.mac, o.ARP, packet))

    def _transmit(self, datagram: bytes, to: bytes) -> None:
        target = o.BROADCAST if "arp-to-broadcast" in self._faults else to
        self._emit(o.ethernet(target, self.mac, o.IPV4, datagram))
