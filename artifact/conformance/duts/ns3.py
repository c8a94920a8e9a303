# SPDX-License-Identifier: GPL-2.0-only
"""The internet stack of the ns-3 simulator, in real time, on a tap."""

from __future__ import annotations

from pathlib import Path

from artifact import proc
from artifact.conformance.duts.compile import compiled_cxx, package_version
from artifact.conformance.duts.linked import Carrier, Seat, Stack, header
from artifact.paths import CSRC

SOURCE = CSRC / "duts" / "ns3.cc"
PACKAGE = "libns3-dev"
MODULES = ("core", "network", "internet", "applications", "fd-net-device", "traffic-control")


def need() -> None:
    """The library and what compiles our main."""
    header("/usr/include/ns3/fd-net-device.h", PACKAGE, "ns-3")
    proc.need("c++", "g++")


def command(seat: Seat) -> list[str | Path]:
    """Our main with the packaged libraries."""
    flags = [f"-lns3-{module}" for module in MODULES]
    program = compiled_cxx(SOURCE, flags, SOURCE.with_name("dut.h"))
    return [program, *seat.words(), f"version=ns-3 {package_version(PACKAGE)}"]


NS3 = Stack(
    "ns3", f"Debian package {PACKAGE}, with artifact/csrc/duts/ns3.cc", Carrier.TAP, need, command,
    forwards=True,
)  # fmt: skip
