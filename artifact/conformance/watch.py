# SPDX-License-Identifier: GPL-2.0-only
"""Standing monitors: requirements on every frame that the DUT sends during the run."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from artifact.conformance.case import Case, Monitor
from artifact.conformance.octets import Frame
from artifact.conformance.verdict import Outcome
from artifact.conformance.wire import Wire
from artifact.records import Verdict


@dataclass
class _Tally:
    monitor: Monitor
    judged: int = 0
    deviation: str = ""


class Watch:
    """Judges frames from several workers at once."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._tallies = {case.id: _Tally(case.monitor) for case in cases if case.monitor}
        self._lock = threading.Lock()

    def see(self, frame: Frame, wire: Wire, during: str) -> None:
        """Judge one frame that the DUT sent during that case."""
        with self._lock:
            for tally in self._tallies.values():
                said = tally.monitor(frame, wire)
                if said is not None:
                    tally.judged += 1
                if said and not tally.deviation:
                    tally.deviation = f"{said} (during {during})"

    def outcome(self, case: Case, own: Outcome) -> Outcome:
        """The verdict of a monitor case, given how its own body ended."""
        tally = self._tallies[case.id]
        if tally.deviation:
            return Outcome(Verdict.FAIL, tally.deviation)
        if own.verdict is not Verdict.PASS:
            return own
        if not tally.judged:
            return Outcome(Verdict.INCONCLUSIVE, "the DUT sent no frame that this is about")
        return Outcome(Verdict.PASS, f"held in all {tally.judged} frames it is about")
