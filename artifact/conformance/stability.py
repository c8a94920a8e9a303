# SPDX-License-Identifier: GPL-2.0-only
"""Are verdicts the same in every run, also on a busy machine?"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from artifact import proc
from artifact.records import Verdict, VerdictRecord

BUSY_LOOP = "while True: pass"


@contextmanager
def hog(wanted: bool = True) -> Iterator[None]:
    """Keep every CPU busy with a process that never waits; they end with us."""
    with ExitStack() as held:
        for _ in range(len(os.sched_getaffinity(0)) if wanted else 0):
            held.enter_context(proc.spawn([sys.executable, "-c", BUSY_LOOP]))
        yield


def unstable(runs: Sequence[Sequence[VerdictRecord]]) -> list[str]:
    """One line for each verdict that is not the same in all runs, or is missing in one."""
    vectors = [{(r.dut, r.mode, r.case): r for r in records} for records in runs]
    keys = sorted({key for vector in vectors for key in vector})
    lines = []
    for dut, mode, case in keys:
        records = [vector.get((dut, mode, case)) for vector in vectors]
        verdicts: list[Verdict | str] = [r.verdict if r else "missing" for r in records]
        if len(set(verdicts)) > 1:
            reasons = {r.reason for r in records if r and r.verdict is not Verdict.PASS}
            why = "; ".join(sorted(reasons))
            lines.append(f"{dut} {case} ({mode}): {', '.join(verdicts)}: {why}")
    return lines
