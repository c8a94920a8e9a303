# SPDX-License-Identifier: GPL-2.0-only
"""The library kernel in a process of its own: over a datagram socket (no root) and over a tap."""

from __future__ import annotations

from pathlib import Path

from artifact import proc
from artifact.conformance.duts.base import HAS_ALIAS, UDP_ECHO
from artifact.conformance.duts.compile import compiled
from artifact.conformance.duts.linked import Carrier, Seat, Stack
from artifact.paths import CSRC, lkl_prefix

SOURCE = CSRC / "duts" / "lkl.c"
HEADERS = tuple(CSRC / "duts" / name for name in ("linux-net.h", "dut.h", "driven.h"))
OBTAINED = "liblkl.so as `invoke build` makes it, in library mode"


def need() -> None:
    """The library, and what compiles our main."""
    lkl_prefix()
    proc.need("cc", "gcc")


def command(seat: Seat, prefix: Path | None = None) -> list[str | Path]:
    """Our main with the library that is built, or with the one in `prefix`."""
    prefix = prefix or lkl_prefix()
    flags = [f"-I{prefix}/include", f"-L{prefix}/lib", f"-Wl,-rpath,{prefix}/lib", "-llkl"]
    program = compiled(SOURCE, flags, prefix / "include" / "lkl.h", *HEADERS)
    return [program, *seat.words(sysctls=("eth0", "eth1"))]


# The kernel's defaults: base_reachable_time 30 s times 1.5, delay_first_probe_time, three probes
# (arp(7)); ipfrag_time 30 s.
AGE_S, REASSEMBLY_S = 60.0, 30.0
LKL = Stack(
    "lkl", f"{OBTAINED}, in virtual time", Carrier.DATAGRAM, need, command, forwards=True,
    driven=True, features=UDP_ECHO | {HAS_ALIAS}, arp_age=AGE_S, reassembly=REASSEMBLY_S,
)  # fmt: skip
LKL_TAP = Stack(
    "lkl-tap", f"{OBTAINED}, on a tap", Carrier.VNET_TAP, need, command, forwards=True,
    features=UDP_ECHO | {HAS_ALIAS}, arp_age=AGE_S, reassembly=REASSEMBLY_S,
)  # fmt: skip
