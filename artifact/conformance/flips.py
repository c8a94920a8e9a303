# SPDX-License-Identifier: GPL-2.0-only
"""Cases whose verdict depends on the condition, and the sysctl that explains each.

A sysctl explains a flip when the paper's condition without it does not give that verdict. Found by
running, not by reading: the records carry `paper without KEY` as their mode.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from artifact.conformance.case import Case
from artifact.conformance.duts.base import Kind
from artifact.conformance.duts.conditions import DEFAULTS, PAPER, WITHOUT, Condition
from artifact.records import Verdict, VerdictRecord

# Where it is cheap to find out; the other kernels here have the same code.
EXPLAINED = ("linux", "lkl", "runu")
TRIED = tuple(PAPER.without(key) for key in PAPER.sysctls)


@dataclass(frozen=True)
class Flip:
    """A case that ends otherwise in the paper's condition."""

    dut: str
    case: str
    defaults: Verdict
    paper: Verdict
    because: tuple[str, ...]  # sysctls; empty: it is the second link, or nobody tried

    @property
    def explanation(self) -> str:
        """For a reader."""
        if self.because:
            return ", ".join(self.because)
        if Verdict.NO_TEST in (self.defaults, self.paper):
            return "the second link: the case needs it, or is about hosts that have none"
        return "not tried on this stack"


def flips(records: Iterable[VerdictRecord]) -> list[Flip]:
    """All flips that these records show, in the order of their cases."""
    seen = {(r.dut, r.mode, r.case): r.verdict for r in records}
    found = []
    for dut, mode, case in seen:
        paper = seen.get((dut, PAPER.name, case))
        if mode != DEFAULTS.name or paper is None or seen[dut, mode, case] is paper:
            continue
        before = seen[dut, mode, case]
        because = tuple(
            tried.name.removeprefix(PAPER.name + WITHOUT)
            for tried in TRIED
            if seen.get((dut, tried.name, case), paper) is not paper
        )
        found.append(Flip(dut, case, before, paper, because))
    return found


def explain(
    kind: Kind,
    cases: Sequence[Case],
    records: Sequence[VerdictRecord],
    run: Callable[[Kind, Condition, Sequence[Case]], list[VerdictRecord]],
) -> list[VerdictRecord]:
    """Run the flipped cases of a stack again, each time without one sysctl; the new records."""
    flipped = {flip.case for flip in flips(records) if flip.dut == kind.name}
    chosen = [case for case in cases if case.id in flipped and not case.monitor]
    if kind.name not in EXPLAINED or not chosen:
        return []
    return [record for condition in TRIED for record in run(kind, condition, chosen)]
