# SPDX-License-Identifier: GPL-2.0-only
"""Whose time a case waits in: the machine's, or that of a DUT whose clock we drive.

With a driven clock nothing depends on how busy the machine is: time passes in the DUT only while
we let it, in small steps, and when a step is over the DUT has handled everything that it was sent
before and everything that fell due. A reassembly timeout of 30 s takes some milliseconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

FIRST_STEP_S = 0.001  # most answers come in this one
LARGEST_STEP_S = 0.25  # far below every protocol timer, so that the tester can answer in between

Take = Callable[[float], bytes | None]  # a link's recv: the next frame, up to a deadline


class Clock(Protocol):
    """Seconds that only grow, and how to wait for a frame in them."""

    driven: bool

    def now(self) -> float:
        """Seconds since some moment."""

    def wait(self, take: Take, deadline: float) -> bytes | None:
        """The next frame, or None when none came before `deadline` (in seconds of now())."""

    def stamp(self) -> int:
        """Nanoseconds since 1970, for captures."""


class RealClock:
    """The machine's own."""

    driven = False

    def now(self) -> float:
        """time.monotonic()."""
        return time.monotonic()

    def wait(self, take: Take, deadline: float) -> bytes | None:
        """Sleep until a frame comes."""
        return take(deadline)

    def stamp(self) -> int:
        """The time of day."""
        return time.time_ns()


class DrivenClock:
    """`advance(seconds)` lets that much time pass in the DUT and returns when it has."""

    driven = True

    def __init__(self, advance: Callable[[float], None]) -> None:
        self._advance = advance
        self._passed = 0.0
        self._start = time.time_ns()

    def now(self) -> float:
        """Seconds that were let pass."""
        return self._passed

    def wait(self, take: Take, deadline: float) -> bytes | None:
        """Let time pass step by step until there is a frame. At least one small step."""
        step = FIRST_STEP_S
        if (waiting := take(0)) is not None:
            return waiting
        while True:
            self._let(max(FIRST_STEP_S, min(step, deadline - self._passed)))
            frame = take(0)
            if frame is not None or self._passed >= deadline:
                return frame
            step = min(2 * step, LARGEST_STEP_S)

    def stamp(self) -> int:
        """The time of day at the start, and what was let pass since."""
        return self._start + round(self._passed * 1e9)

    def _let(self, seconds: float) -> None:
        self._advance(seconds)
        self._passed += seconds


REAL_CLOCK = RealClock()
