# SPDX-License-Identifier: GPL-2.0-only
"""Every window the suite waits for, in one place. Seconds.

A verdict must not depend on how busy the machine is: answers get far more time than a stack
needs, and silence is judged up to the reply to a plain echo that is sent after the window, so
an answer that is merely late is still seen. Where the clock of the DUT is driven
(artifact.conformance.clock), the same windows cost no time at all.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Timing:
    """Windows and pauses."""

    answer: float = 2.0  # patience for an answer that must come
    absence: float = 2.0  # how long silence must last; TC8 implementations use 2 to 5 s
    brief: float = 0.5  # how long a further answer, which must not come, is waited for
    digest: float = 0.3  # what a DUT gets to handle what needs no answer
    update_gap: float = 1.2  # between two ARP updates of one entry (Linux locktime: 1 s)
    settle: float = 1.0  # before a case where time costs nothing: rate limits are full again
    timer: float = 10.0  # how much later than its nominal time a long timer may act
    attempts: int = 3  # a missing answer is a failure only after this many
    hold_down: float = 25.0  # some stacks do not ask again for a silent address before 20 s
    longest_reassembly: float = 130.0  # RFC 1122 3.3.2 recommends at most 120 s
    first_probe: float = 3.0  # RFC 5227 PROBE_WAIT, and what a stack needs to get there
    probing: float = 12.0  # three probes, ANNOUNCE_WAIT, two announcements


REAL = Timing()
# For stacks that need a CPU where others need a moment: emulated kernels, gVisor's sentry.
PATIENT = replace(REAL, answer=6.0)
