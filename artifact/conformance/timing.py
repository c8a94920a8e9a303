# SPDX-License-Identifier: GPL-2.0-only
"""Every window the suite waits for, in one place. Seconds.

A verdict must not depend on how busy the machine is: answers get far more time than a stack
needs, and silence is judged up to the reply to a plain echo that is sent after the window, so
an answer that is merely late is still seen. That is also why the self-test may shorten all
windows: its responder handles frames strictly one after the other.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Timing:
    """`scale` compresses absence windows and pauses, not the patience for an answer."""

    answer: float = 2.0  # patience for an answer that must come
    absence: float = 2.0  # how long silence must last; TC8 implementations use 2 to 5 s
    update_gap: float = 1.2  # between two ARP updates of one entry (Linux locktime: 1 s)
    attempts: int = 3  # a missing answer is a failure only after this many
    scale: float = 1.0

    def compressed(self, scale: float, answer: float) -> "Timing":
        """Windows for a DUT that answers in order on a quiet local link."""
        return replace(self, scale=scale, answer=answer)

    def span(self, seconds: float) -> float:
        """How long a pause or an absence window of this many seconds lasts here."""
        return seconds * self.scale


REAL = Timing()
SELF_TEST = REAL.compressed(scale=0.01, answer=0.4)
