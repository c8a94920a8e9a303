# SPDX-License-Identifier: GPL-2.0-only
"""LwIPv6, the VirtualSquare project's hybrid stack: another lineage of lwIP."""

from __future__ import annotations

from pathlib import Path

from artifact.conformance.duts.compile import compiled, package_version
from artifact.conformance.duts.linked import Carrier, Seat, Stack, header
from artifact.paths import CSRC

SOURCE = CSRC / "duts" / "lwipv6.c"
PACKAGE = "liblwipv6-dev"


def need() -> None:
    """The library and what compiles our main."""
    header("/usr/include/lwipv6.h", PACKAGE, "LwIPv6")


def command(seat: Seat) -> list[str | Path]:
    """Our main with the packaged library, which opens taps by their names itself."""
    program = compiled(SOURCE, ["-llwipv6", "-lpthread", "-ldl"], SOURCE.with_name("dut.h"))
    version = f"version=LwIPv6 {package_version(PACKAGE)}"
    return [program, *seat.words(), version, *seat.forwarding("forwarding=1")]


LWIPV6 = Stack(
    "lwipv6", f"Debian package {PACKAGE}, with artifact/csrc/duts/lwipv6.c", Carrier.NAMED_TAP,
    need, command, forwards=True, own_mac=True,
    fresh=True,  # fragments and the ARP table of earlier cases decide later ones

)  # fmt: skip
