# SPDX-License-Identifier: GPL-2.0-only
"""The builders against scapy, an independent implementation of the same formats."""

import pytest
from scapy.layers.inet import ICMP, IP, UDP, fragment
from scapy.layers.l2 import ARP, Ether

from artifact.conformance import octets as o

A, B = o.ip("198.18.0.1"), o.ip("198.18.1.2")
MAC_A, MAC_B = o.mac("02:44:00:00:00:01"), o.mac("02:4e:00:00:00:02")
DATA = bytes(range(64))


def test_arp_request() -> None:
    ours = o.ethernet(o.BROADCAST, MAC_B, o.ARP, o.arp(o.REQUEST, MAC_B, B, o.ZERO_MAC, A))
    theirs = Ether(dst="ff:ff:ff:ff:ff:ff", src="02:4e:00:00:00:02") / ARP(
        hwsrc="02:4e:00:00:00:02", psrc="198.18.1.2", pdst="198.18.0.1", hwdst="0:0:0:0:0:0"
    )
    assert ours == bytes(theirs)


@pytest.mark.parametrize("size", [0, 1, 7, 64])
def test_echo_request(size: int) -> None:
    message = o.icmp(8, 0, o.pair(0x1234, 7), DATA[:size])
    ours = o.ipv4(B, A, o.ICMP, message, ident=99)
    theirs = IP(src="198.18.1.2", dst="198.18.0.1", id=99) / ICMP(id=0x1234, seq=7) / DATA[:size]
    assert ours == bytes(theirs)
    assert o.checksum(message) == 0


def test_udp_and_options() -> None:
    ours = o.ipv4(B, A, o.UDP, o.udp(B, A, 4000, 7, DATA), ident=5, options=b"\1\1\1\1", tos=0x10)
    theirs = IP(src="198.18.1.2", dst="198.18.0.1", id=5, tos=16, options=b"\1\1\1\1")
    assert ours == bytes(theirs / UDP(sport=4000, dport=7) / DATA)


def test_a_udp_checksum_of_zero_is_sent_as_all_ones() -> None:
    for word in range(0x10000):
        datagram = o.udp(B, A, 4000, 7, word.to_bytes(2, "big"))
        if datagram[6:8] == b"\xff\xff":
            break
    else:
        pytest.fail("no data makes the checksum zero")
    assert bytes(UDP(datagram).payload) == word.to_bytes(2, "big")


def test_fragments() -> None:
    packet = IP(src="198.18.1.2", dst="198.18.0.1", id=7) / ICMP(id=1, seq=1) / DATA
    theirs = [bytes(piece) for piece in fragment(packet, 24)]
    assert o.fragments(bytes(packet), 24, 48) == theirs


@pytest.mark.parametrize(
    ("field", "value", "at", "octets"),
    [
        ("version", 5, 0, b"\x55"),
        ("ihl", 4, 0, b"\x44"),
        ("length", 19, 2, b"\0\x13"),
        ("header_sum", 0, 10, b"\0\0"),
        ("frag", o.MF | 3, 6, b"\x20\x03"),
        ("ttl", 0, 8, b"\0"),
    ],
)
def test_wrong_values_are_sent_as_they_are(field: str, value: int, at: int, octets: bytes) -> None:
    made = o.ipv4(B, A, o.ICMP, DATA, **{field: value})  # type: ignore[misc]  # field by name
    assert made[at : at + len(octets)] == octets


def test_views_read_what_was_captured() -> None:
    raw = o.ipv4(B, A, o.ICMP, DATA, ident=0x0102, frag=o.MF | 2, options=b"\x94\4\0\0")
    view = o.Ip(raw + b"padding")
    assert (view.src, view.dst, view.proto, view.ident) == (B, A, o.ICMP, 0x0102)
    assert (view.more, view.offset, view.options) == (True, 16, b"\x94\4\0\0")
    assert view.data == DATA


def test_a_frame_that_is_cut_off_is_neither_arp_nor_ip() -> None:
    whole = o.ethernet(o.BROADCAST, MAC_B, o.ARP, o.arp(o.REQUEST, MAC_B, B, o.ZERO_MAC, A))
    assert o.Frame(whole).arp is not None
    for length in (0, 13, 14, 41):
        assert o.Frame(whole[:length]).arp is None
    assert o.Frame(o.ethernet(MAC_A, MAC_B, o.IPV4, b"\x45\0")).ip is None


def test_the_summary_of_a_frame_names_it() -> None:
    message = o.icmp(3, 3, bytes(4), DATA)
    frame = o.ethernet(MAC_A, MAC_B, o.IPV4, o.ipv4(B, A, o.ICMP, message))
    assert o.summary(frame).startswith("ICMP type 3 code 3 to 02:44:00:00:00:01: 4500")
