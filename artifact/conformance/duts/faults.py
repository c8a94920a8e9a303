# SPDX-License-Identifier: GPL-2.0-only
"""Everything the mutant DUT can be told to do wrong, by name.

Three kinds: a fault of BEHAVIOUR is a branch in the responder; a PATCH overwrites octets of a
frame that leaves it; IP_PATCHES and ICMP_PATCHES do so before the checksums are made. A name
that begins with `skip-` leaves out the check of that name.
"""

from collections.abc import Callable

from artifact.conformance import octets as o

Selector = Callable[[o.Frame], bool]


def _arp(op: int) -> Selector:
    return lambda frame: frame.arp is not None and frame.arp.op == op


def _query(frame: o.Frame) -> bool:
    return frame.arp is not None and frame.arp.op == o.REQUEST


ALIEN = bytes.fromhex("06deadbeef00")
ALIEN_IP = bytes((198, 18, 250, 9))

# Where fields are in a frame with an ARP packet, and a wrong value for each (RFC 826).
_REQUEST_FIELDS = {
    "eth-dst": (0, ALIEN),
    "eth-src": (6, ALIEN),
    "eth-type": (12, b"\x08\x07"),
    "hrd": (14, b"\0\6"),
    "pro": (16, b"\x08\x06"),
    "hln": (18, b"\x08"),
    "pln": (19, b"\x06"),
    "op": (20, b"\0\3"),
    "sha": (22, ALIEN),
    "spa": (28, ALIEN_IP),
    "tpa": (38, ALIEN_IP),
}
_REPLY_FIELDS = {
    "eth-dst": (0, o.BROADCAST),
    "eth-src": (6, ALIEN),
    "hrd": (14, b"\0\6"),
    "hln": (18, b"\x08"),
    "pro": (16, b"\x08\x06"),
    "pln": (19, b"\x06"),
    "op": (20, b"\0\4"),
    "sha": (22, ALIEN),
    "spa": (28, ALIEN_IP),
    "tha": (32, ALIEN),
    "tpa": (38, ALIEN_IP),
}

PATCHES: dict[str, tuple[Selector, int, bytes]] = {
    **{f"arp-request-{name}": (_query, *rest) for name, rest in _REQUEST_FIELDS.items()},
    **{f"arp-reply-{name}": (_arp(o.REPLY), *rest) for name, rest in _REPLY_FIELDS.items()},
}

# Offset in the IPv4 header and a wrong value; the header checksum is made afterwards.
IP_PATCHES: dict[str, tuple[int, bytes]] = {
    "ip-out-version": (0, b"\x65"),
    "ip-out-ihl": (0, b"\x44"),
    "ip-out-length": (2, b"\0\x13"),
    "ip-out-offset": (6, b"\0\1"),
    "ip-out-mf": (6, b"\x20\0"),
    "ip-out-tos": (1, b"\x10"),
    "ip-out-ttl": (8, b"\0"),
    "ip-out-source": (12, ALIEN_IP),
}

# Types it is done to, offset in the ICMP message, wrong value; the checksum is made afterwards.
ICMP_PATCHES: dict[str, tuple[frozenset[int], int, bytes]] = {
    "echo-type": (frozenset({0}), 0, b"\x0f"),
    "echo-code": (frozenset({0}), 1, b"\1"),
    "echo-ident": (frozenset({0}), 4, b"\xab\xcd"),
    "echo-seq": (frozenset({0}), 6, b"\xab\xcd"),
    "echo-data": (frozenset({0}), 17, b"?!"),
    "stamp-type": (frozenset({14}), 0, b"\x0f"),
    "stamp-ident": (frozenset({14}), 4, b"\xab\xcd"),
    "stamp-originate": (frozenset({14}), 8, b"\xab\xcd\xab\xcd"),
    "stamp-receive": (frozenset({14}), 12, b"\x7f\xff\xff\xff"),
    "error-unused": (frozenset({3}), 4, b"\1\2\3\4"),
    "error-code": (frozenset({3}), 1, b"\1"),
    "quote-length": (frozenset({3}), 10, b"\0\0"),
    "quote-data": (frozenset({3}), 30, b"\0\0"),
}

BEHAVIOUR: dict[str, str] = {
    # ARP, sending
    "arp-no-request": "never resolves anything",
    "arp-unlimited": "asks again for each datagram that waits",
    "arp-no-queue": "drops what waits for an address",
    "arp-keeps-oldest": "keeps the oldest waiting datagram instead of the latest",
    "arp-to-broadcast": "sends datagrams to the Ethernet broadcast address",
    "arp-forgets": "forgets an entry once it was used",
    "arp-no-gateway": "resolves an off-link address itself",
    "arp-one-at-a-time": "asks for one address only while it waits for an answer",
    # ARP, receiving
    "arp-reply-twice": "answers each request twice",
    "arp-to-eth-source": "answers to the Ethernet source, not to the sender hardware address",
    "arp-echoes-trailer": "returns what comes behind the packet",
    "arp-no-reply": "never answers",
    "arp-truncated": "takes missing octets of an ARP packet for its own address",
    "skip-arp-hrd": "does not look at the hardware space",
    "skip-arp-pro": "does not look at the protocol",
    "skip-arp-op": "answers whatever the opcode is",
    "skip-arp-target": "answers for every address",
    "arp-no-unicast": "answers broadcast requests only",
    "arp-tha-zero": "does not answer when the target hardware address is zero",
    "arp-tha-ones": "does not answer when it is all ones",
    "arp-tha-own": "does not answer when it is the DUT's",
    "arp-tha-other": "does not answer when it is any other",
    "arp-no-probe": "does not answer a probe",
    "arp-learns-nothing": "adds no entry from what it receives unasked",
    "arp-learns-all": "adds an entry although it is not the target",
    "arp-no-update": "never changes an entry",
    "arp-update-as-target": "changes an entry only from packets for itself",
    "arp-from-table": "answers to the address it knows, not to the one that asked",
    "arp-conflict-lost": "takes over the MAC of another station that claims its address",
    "arp-conflict-storm": "announces its address several times at each conflict",
    # IPv4, receiving
    "skip-version": "takes any version for 4",
    "skip-ihl": "takes a header length below 5 for 5",
    "skip-header-end": "lets a header be longer than the datagram",
    "skip-length": "does not compare total length with what was received",
    "skip-short-length": "takes a total length below the header's for the frame's",
    "skip-sum": "does not check the header checksum",
    "sum-zero": "takes checksum zero for none",
    "sum-swapped": "accepts a checksum in wrong octet order",
    "skip-destination": "accepts datagrams for anybody",
    "skip-source": "accepts any source address",
    "skip-link-broadcast": "accepts a unicast datagram from an Ethernet broadcast",
    "ip-forwards": "forwards what is not for itself",
    "ip-padding": "takes padding for data",
    "ip-no-df": "drops datagrams with DF",
    "ip-tos": "drops datagrams with a type of service",
    "ip-ttl-1": "drops datagrams with TTL 1",
    "ip-ttl-0": "drops datagrams with TTL 0",
    "ip-limited": "does not accept the limited broadcast",
    "ip-directed": "does not accept the directed broadcast",
    "ip-ident": "gives every datagram the same identification",
    "ip-out-sum": "sends a wrong header checksum",
    "ip-land": "does not survive a datagram from itself",
    "ip-no-options": "drops datagrams with options",
    "ip-junk-after-end": "reads options after the end of the list",
    "ip-unknown-option": "drops datagrams with unknown options",
    "ip-full-route": "drops datagrams whose record route is full",
    "ip-source-route": "follows a source route",
    "ip-option-long": "drops datagrams with 40 octets of options",
    "skip-option-length": "does not check the length of options",
    "ip-ttl-copied": "answers with the TTL it was asked with",
    # fragments
    "skip-frag-length": "accepts pieces whose length is no multiple of 8",
    "frag-options": "keeps fragments with and without options apart",
    "frag-none": "does not reassemble",
    "frag-in-order": "reassembles only in order",
    "frag-few": "reassembles at most four fragments",
    "frag-twice": "answers again when a fragment comes again",
    "frag-small": "reassembles up to 500 octets",
    "frag-medium": "reassembles up to 1200 octets",
    "frag-tiny": "drops first fragments of 8 octets",
    "skip-frag-ident": "mixes identifications",
    "skip-frag-source": "mixes sources",
    "skip-frag-proto": "mixes protocols",
    "skip-frag-hole": "takes the last fragment for completion",
    "skip-frag-more": "takes a first fragment for the whole",
    "skip-frag-first": "takes a later fragment for the whole",
    "frag-too-long": "answers what is longer than 65535 octets",
    "frag-overlap-dies": "does not survive an overlap",
    "frag-out-ident": "gives each fragment its own identification",
    "frag-out-mf": "sets MF on no fragment",
    "frag-out-offset": "cuts fragments at odd places",
    "frag-out-df": "sets DF on fragments",
    "frag-out-huge": "sends datagrams beyond the MTU whole",
    # ICMP
    "icmp-none": "does not speak ICMP",
    "icmp-mirror": "answers every ICMP type with the next lower",
    "skip-icmp-sum": "does not check the ICMP checksum",
    "icmp-sum-zero": "takes ICMP checksum zero for none",
    "icmp-short": "answers truncated ICMP messages",
    "icmp-out-sum": "sends a wrong ICMP checksum",
    "icmp-odd-sum": "makes a wrong checksum over an odd number of octets",
    "echo-empty": "does not answer an echo without data",
    "echo-cut": "returns at most 1000 octets of an echo",
    "echo-twice": "answers each echo twice",
    "echo-answers-reply": "answers echo replies",
    "echo-group-source": "answers a broadcast from the broadcast address",
    "error-no-port": "sends no port unreachable",
    "error-no-proto": "sends no protocol unreachable",
    "error-about-error": "sends an error about an ICMP error",
    "error-to-group": "sends errors about broadcasts and multicasts",
    "error-to-link-broadcast": "sends errors about Ethernet broadcasts",
    "error-to-fragment": "sends errors about later fragments",
    "error-to-anybody": "sends errors to sources that are no single host",
    "stamp-alias": "answers a timestamp request from another address",
    "mask-reply": "answers address mask requests",
    "mask-applied": "believes an unsolicited mask reply",
    "info-reply": "answers information requests",
    "redirect-sent": "sends redirects",
    "redirect-any": "believes a redirect from anybody",
    "redirect-far": "believes a redirect to a gateway that is not on the link",
    "quench-sent": "sends source quenches under load",
    "quench-dies": "does not survive an unsolicited ICMP error",
    # UDP
    "udp-none": "has no UDP echo service",
    "udp-any-group": "takes datagrams of groups it never joined",
}

NAMES = frozenset({*PATCHES, *IP_PATCHES, *ICMP_PATCHES, *BEHAVIOUR})
