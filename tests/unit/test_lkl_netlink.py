# SPDX-License-Identifier: GPL-2.0-only
"""Messages of rtnetlink, as the binding makes and splits them."""

import ipaddress
import struct

import pytest
from pyroute2.netlink.rtnl import RTM_NEWADDR
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg

from artifact.lkl.netlink import NLM_F_ACK, NLM_F_REQUEST, encode, messages
from artifact.lkl.routes import destination


def test_a_request() -> None:
    fields = {"family": 2, "prefixlen": 16, "index": 4}
    raw = encode(ifaddrmsg, RTM_NEWADDR, NLM_F_ACK, fields, [("IFA_LOCAL", "10.1.0.2")])
    length, kind, flags, sequence, _ = struct.unpack_from("=IHHII", raw)
    assert (length, kind, flags, sequence) == (
        len(raw), RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK, 1,
    )  # fmt: skip
    assert raw[16:24] == struct.pack("=BBBBI", 2, 16, 0, 0, 4)
    assert raw[24:] == struct.pack("=HH4B", 8, 2, 10, 1, 0, 2)


def _message(kind: int, body: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 1, 0) + body


def test_messages_of_a_datagram() -> None:
    datagram = _message(20, b"abcde") + b"\0\0\0" + _message(3, b"")
    assert [kind for kind, _ in messages(datagram)] == [20, 3]
    assert next(messages(datagram))[1].endswith(b"abcde")
    with pytest.raises(ValueError, match="shorter"):
        list(messages(struct.pack("=IHHII", 3, 0, 0, 0, 0)))


def test_destinations() -> None:
    assert destination("default", None) == ipaddress.ip_network("0.0.0.0/0")
    assert destination("default", "fe80::1") == ipaddress.ip_network("::/0")
    assert destination("10.2.0.0/16", None).prefixlen == 16
    assert destination("10.2.0.1", None).prefixlen == 32
    with pytest.raises(ValueError, match="host bits"):
        destination("10.2.0.1/16", None)
