# SPDX-License-Identifier: GPL-2.0-only
"""PyTCP, a stack in Python, in an environment of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from artifact import proc
from artifact.conformance.duts.linked import Carrier, Seat, Stack
from artifact.conformance.duts.packaged import Prepared
from artifact.paths import CSRC

MAIN = CSRC / "duts" / "pytcp_main.py"
PIN = "PyTCP==2.7.6"


def _make(directory: Path) -> dict[str, str]:
    """Packages are put beside each other, without an interpreter: that would not survive a move."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    proc.run([*pip, "--no-deps", f"--target={directory / 'packages'}", PIN])
    return {"pin": PIN}


PACKAGES = Prepared(f"pytcp-{PIN.rpartition('=')[2]}", "1 MB to fetch", _make)


def need() -> None:
    """The package."""
    PACKAGES.need()


def command(seat: Seat) -> list[str | Path]:
    """Our main with the package on its path and nothing of this environment."""
    path = f"PYTHONPATH={PACKAGES.directory / 'packages'}"
    return [proc.need("env", "coreutils"), path, sys.executable, "-S", MAIN, *seat.words()]


PYTCP = Stack(
    "pytcp", f"PyPI package {PIN}, with artifact/csrc/duts/pytcp_main.py", Carrier.TAP, need,
    command, prepare=(PACKAGES,),
)  # fmt: skip
