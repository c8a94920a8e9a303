# SPDX-License-Identifier: GPL-2.0-only
"""gVisor's network stack as a Go library (netstack), on a tap."""

from __future__ import annotations

from pathlib import Path

from artifact import proc
from artifact.conformance.duts.compile import compiled_go, package_version
from artifact.conformance.duts.linked import Carrier, Seat, Stack
from artifact.conformance.duts.packaged import STEP
from artifact.errors import Unavailable
from artifact.paths import CSRC

SOURCE = CSRC / "duts" / "gvisor.go"
PACKAGE = "golang-gvisor-gvisor-dev"
TREE = Path("/usr/share/gocode/src/gvisor.dev/gvisor/pkg/tcpip")


def need() -> None:
    """The library's source and the Go compiler."""
    if not TREE.is_dir():
        raise Unavailable(
            "gVisor's library is not installed",
            f"run: {STEP} (packages {PACKAGE}, golang-go; 500 MB)",
        )
    if proc.which("go") is None:
        raise Unavailable("go is not installed", f"run: {STEP} (package golang-go)")


def command(seat: Seat) -> list[str | Path]:
    """Our main, built from the packaged sources."""
    version = package_version(PACKAGE)
    words = [f"version=netstack {version}", *seat.forwarding("forwarding=1")]
    return [compiled_go(SOURCE, version), *seat.words(), *words]


GVISOR = Stack(
    "gvisor", f"Debian package {PACKAGE}, with artifact/csrc/duts/gvisor.go", Carrier.TAP, need,
    command, forwards=True, packages=(PACKAGE, "golang-go"),
)  # fmt: skip
