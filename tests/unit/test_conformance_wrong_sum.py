# SPDX-License-Identifier: GPL-2.0-only
"""A wrong header checksum is wrong whatever the addresses of the run are."""

from types import SimpleNamespace
from typing import Any

import pytest

from artifact.conformance import octets as o
from artifact.conformance.cases.ipv4 import wrong_sum

HEADER = bytes.fromhex("450000541234000040010000c6120000c6120001")


class OneAddress:
    """A tester whose echo requests come from one address."""

    def __init__(self, last: int) -> None:
        self.last = last

    def echo(self, _: Any, ident: int) -> Any:
        header = bytearray(HEADER)
        header[4:6] = ident.to_bytes(2, "big")
        header[14:16] = self.last.to_bytes(2, "big")
        right = o.with_header_sum(bytes(header), o.checksum(bytes(header)))
        return SimpleNamespace(datagram=right, frame=bytes(14) + right, token=b"")


@pytest.mark.parametrize(
    "change",
    [lambda right: right + 1, lambda right: 0, lambda right: right >> 8 | right << 8],
    ids=["next", "zero", "swapped"],
)
def test_no_address_makes_it_right(change: Any) -> None:
    make = wrong_sum(change)
    for last in range(0, 1 << 16, 7):
        sent = make(OneAddress(last), None)  # type: ignore[arg-type]
        assert o.checksum(sent.datagram) != 0
