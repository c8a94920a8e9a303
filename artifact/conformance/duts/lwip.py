# SPDX-License-Identifier: GPL-2.0-only
"""lwIP as Debian packages it, with a small main of ours, on a tap."""

from __future__ import annotations

from pathlib import Path

from artifact import proc
from artifact.conformance.duts.compile import compiled
from artifact.conformance.duts.linked import Carrier, Seat, Stack, header
from artifact.paths import CSRC

SOURCE = CSRC / "duts" / "lwip.c"
PACKAGE = "liblwip-dev"


def need() -> None:
    """The library and what compiles our main."""
    header("/usr/include/lwip/lwip/init.h", PACKAGE, "lwIP")
    proc.need("pkg-config", "pkg-config")


def command(seat: Seat) -> list[str | Path]:
    """Our main with the packaged library."""
    flags = proc.run(["pkg-config", "--cflags", "--libs", "lwip"]).stdout.split()
    return [compiled(SOURCE, flags, SOURCE.with_name("dut.h")), *seat.words()]


LWIP = Stack(
    "lwip", f"Debian package {PACKAGE}, with artifact/csrc/duts/lwip.c", Carrier.TAP, need, command,
    forwards=True, arp_age=300.0, reassembly=15.0,  # lwip/opt.h: ARP_MAXAGE, IP_REASS_MAXAGE
)  # fmt: skip
