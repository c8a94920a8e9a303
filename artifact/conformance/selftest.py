# SPDX-License-Identifier: GPL-2.0-only
"""Prove that every case can fail: it passes on the good responder and fails on its mutants."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from artifact.conformance.bench import START, Bench
from artifact.conformance.case import Case
from artifact.conformance.duts.base import FORWARDING, Dut
from artifact.conformance.duts.conditions import DEFAULTS, PAPER
from artifact.conformance.duts.faults import NAMES
from artifact.conformance.duts.mutant import Mutant
from artifact.conformance.verdict import Outcome
from artifact.conformance.watch import Watch
from artifact.errors import ArtifactError
from artifact.records import Verdict

JOBS = 16  # threads; most of the time they wait
GOOD = ""


@dataclass(frozen=True)
class Trial:
    """A case on the responder with these faults (joined by +; none: the good responder)."""

    case: Case
    faults: str
    outcome: Outcome

    @property
    def proves(self) -> bool:
        """Pass on the good responder, fail (nothing less) on a mutant."""
        wanted = Verdict.FAIL if self.faults else Verdict.PASS
        return self.outcome.verdict is wanted


def faults_of(text: str) -> frozenset[str]:
    """The faults in a mutant's name; ArtifactError for one that does not exist."""
    names = frozenset(text.split("+")) if text else frozenset()
    if unknown := names - NAMES:
        raise ArtifactError(f"no such fault: {', '.join(sorted(unknown))}")
    return names


def trial(case: Case, faults: str, where: Path) -> Trial:
    """One execution of a case, with an instance of its own."""
    named = faults_of(faults)
    watch = Watch([case])
    pcap = where / "pcap" / "self-test" / f"{case.id}-{faults or 'good'}.pcap"
    log = where / "logs" / "self-test.log"
    condition = PAPER if FORWARDING in case.needs else DEFAULTS

    def make() -> Dut:
        return Mutant(condition=condition, faults=named, probing=START in case.needs)

    with Bench(make, watch, threading.Event(), log) as bench:
        outcome, _ = bench.run(case, pcap)
    return Trial(case, faults, watch.outcome(case, outcome) if case.monitor else outcome)


def run(cases: Sequence[Case], where: Path) -> list[Trial]:
    """The whole matrix; a case without a mutant is a defect of the suite."""
    if bare := [case.id for case in cases if not case.mutants]:
        raise ArtifactError(f"cases without a mutant: {', '.join(bare)}")
    pairs = [(case, faults) for case in cases for faults in (GOOD, *case.mutants)]
    with ThreadPoolExecutor(JOBS) as pool:
        return list(pool.map(lambda pair: trial(pair[0], pair[1], where), pairs))
