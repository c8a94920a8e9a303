# SPDX-License-Identifier: GPL-2.0-only
"""A container of the paper's runtime; registered so that its absence is in every report."""

from __future__ import annotations

from pathlib import Path

from artifact.conformance.duts.base import Dut, Kind
from artifact.conformance.duts.conditions import Condition
from artifact.errors import Unavailable
from artifact.systems.registry import NEEDS_RUNU


def need() -> None:
    """The runtime."""
    raise Unavailable(NEEDS_RUNU)


def _make(log: Path | None, condition: Condition) -> Dut:  # noqa: ARG001 - as every kind
    raise Unavailable(NEEDS_RUNU)


RUNU = Kind("runu", "artifact/csrc/runu", _make, need)
