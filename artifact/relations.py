# SPDX-License-Identifier: GPL-2.0-only
"""The relations a claim of the paper can state, each judged by pure code from evidence.

A relation never sees a directory: `Evidence` holds all it may look at. Ratios are taken
within rounds; their interval decides: inside the band HOLDS, outside DIFFERS, else (or below
six rounds) INCONCLUSIVE. What was not measured is NOT RUN, with the recorded reason.
"""

import math
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from statistics import median
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from artifact.records import (
    Compat,
    CompatRecord,
    Param,
    SampleRecord,
    SkipRecord,
    Verdict,
    VerdictRecord,
)
from artifact.stats import FEWEST_FOR_INTERVAL, Summary, round_ratios, summarise
from artifact.styles import ABSENT, ROWS, quantity, style


class Outcome(StrEnum):
    """What can be said about a claim from one run."""

    HOLDS = "HOLDS"
    DIFFERS = "DIFFERS"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_RUN = "NOT RUN"


@dataclass(frozen=True)
class Judgement:
    """An outcome, our value beside the paper's, and the reason."""

    outcome: Outcome
    ours: str
    why: str


@dataclass(frozen=True)
class PublishedCount:
    """One cell of the paper's conformance table."""

    stack: str
    suite: str
    passed: int
    total: int


class Lines(NamedTuple):
    """Physical lines, and those of them that are neither blank nor comment only."""

    all: int
    code: int


@dataclass(frozen=True)
class Evidence:
    """All that a relation may look at. `verdicts` has each case once."""

    samples: Sequence[SampleRecord] = ()
    verdicts: Sequence[VerdictRecord] = ()
    skips: Sequence[SkipRecord] = ()
    compat: Sequence[CompatRecord] = ()
    published: Sequence[PublishedCount] = ()
    port_lines: Mapping[str, Lines] = field(default_factory=dict)

    def reason(self, experiment: str, system: str) -> str:
        """Why a system has no result here."""
        told = [s.reason for s in self.skips if (s.experiment, s.system) == (experiment, system)]
        return told[-1] if told else ROWS.get(experiment, {}).get(system, ABSENT)

    def suite(self, suite: str, dut: str) -> dict[str, Verdict]:
        """Verdict of each case of a suite on one device under test; empty if it was not here."""
        cases = {v.case: v.verdict for v in self.verdicts if (v.suite, v.dut) == (suite, dut)}
        return {} if {*cases.values()} == {Verdict.NO_TEST} else cases


NOT_RUN_VALUE = "not run"
ParamKey = tuple[tuple[str, Param], ...]
Series = dict[int, float]


def absent(evidence: Evidence, experiment: str, systems: Sequence[str]) -> Judgement:
    """NOT RUN, naming every absent system with its reason."""
    told = (f"{style(name).label}: {evidence.reason(experiment, name)}" for name in systems)
    return Judgement(Outcome.NOT_RUN, NOT_RUN_VALUE, "; ".join(told))


def combine(parts: Sequence[Judgement]) -> Judgement:
    """The least favourable judgement decides; every part is told."""
    order = (Outcome.DIFFERS, Outcome.NOT_RUN, Outcome.INCONCLUSIVE, Outcome.HOLDS)
    worst = min((part.outcome for part in parts), key=order.index)
    if worst is Outcome.NOT_RUN and any(part.outcome is not worst for part in parts):
        worst = Outcome.INCONCLUSIVE  # a part was seen, the whole was not
    ours = "; ".join(p.ours for p in parts if p.ours != NOT_RUN_VALUE) or NOT_RUN_VALUE
    reasons = dict.fromkeys(reason for part in parts for reason in part.why.split("; "))
    return Judgement(worst, ours, "; ".join(reasons))


def in_band(summary: Summary, low: float, high: float) -> tuple[Outcome, str]:
    """Where the interval of a median lies with respect to [low, high]."""
    if summary.low is None or summary.high is None:
        return (
            Outcome.INCONCLUSIVE,
            f"{summary.n} rounds, an interval needs {FEWEST_FOR_INTERVAL}",
        )
    if low <= summary.low and summary.high <= high:
        return Outcome.HOLDS, "the interval lies inside the band"
    if summary.high < low or summary.low > high:
        return Outcome.DIFFERS, "the interval lies outside the band"
    return Outcome.INCONCLUSIVE, "the interval crosses the band's edge"


def told(summary: Summary) -> str:
    """A ratio as text."""
    if summary.low is None or summary.high is None:
        return f"{summary.median:.3g} (n={summary.n})"
    return f"{summary.median:.3g} [{summary.low:.3g}, {summary.high:.3g}] (n={summary.n})"


class _Relation(BaseModel, ABC):
    model_config = ConfigDict(extra="forbid", frozen=True)

    tolerance_reason: str = ""

    @abstractmethod
    def judge(self, evidence: Evidence) -> Judgement:
        """Outcome of this relation from the evidence."""


class _Measured(_Relation):
    """A relation between samples of one metric of one experiment."""

    experiment: str
    metric: str
    workload: str | None = None
    params: dict[str, Param] = Field(default_factory=dict)

    def _matches(self, sample: SampleRecord) -> bool:
        return (
            (sample.experiment, sample.metric) == (self.experiment, self.metric)
            and not sample.warmup
            and self.workload in (None, sample.workload)
            and all(sample.params.get(name) == value for name, value in self.params.items())
        )

    def series(self, evidence: Evidence, system: str) -> dict[ParamKey, Series]:
        """For each set of parameters the value of each round (median if a round has several)."""
        groups: dict[ParamKey, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
        for sample in evidence.samples:
            if sample.system == system and self._matches(sample):
                key = (("workload", sample.workload), *sorted(sample.params.items()))
                groups[key][sample.round].append(sample.value)
        return {
            key: {number: median(values) for number, values in rounds.items()}
            for key, rounds in groups.items()
        }

    def ratios(self, evidence: Evidence, over: str, under: str) -> list[Summary]:
        """Summary of over/under for each set of parameters both systems were run with."""
        top, bottom = self.series(evidence, over), self.series(evidence, under)
        pairs = (round_ratios(top[key], bottom[key]) for key in top if key in bottom)
        return [summarise(values) for values in pairs if values]


class _Pair(_Measured):
    """A relation on systems[0] / systems[1]."""

    systems: tuple[str, str]

    @abstractmethod
    def _band(self) -> tuple[float, float]:
        """Lowest and highest ratio with which the claim holds."""

    @override
    def judge(self, evidence: Evidence) -> Judgement:
        missing = [name for name in self.systems if not self.series(evidence, name)]
        if missing:
            return absent(evidence, self.experiment, missing)
        summaries = self.ratios(evidence, *self.systems)
        if not summaries:
            return Judgement(Outcome.INCONCLUSIVE, "-", "the two systems share no round")
        low, high = self._band()
        parts = []
        for summary in summaries:
            outcome, why = in_band(summary, low, high)
            parts.append(Judgement(outcome, f"ratio {told(summary)}", why))
        return combine(parts)


class RatioAtLeast(_Pair):
    """systems[0] / systems[1] is at least `value`."""

    relation: Literal["ratio_at_least"]
    value: float

    @override
    def _band(self) -> tuple[float, float]:
        return self.value, math.inf


class RatioAtMost(_Pair):
    """systems[0] / systems[1] is at most `value`."""

    relation: Literal["ratio_at_most"]
    value: float

    @override
    def _band(self) -> tuple[float, float]:
        return 0.0, self.value


class Within(_Pair):
    """systems[0] equals systems[1] up to a relative `tolerance`."""

    relation: Literal["within"]
    tolerance: float = Field(gt=0, lt=1)

    @override
    def _band(self) -> tuple[float, float]:
        return 1 - self.tolerance, 1 + self.tolerance


class BestRatioAtLeast(_Measured):
    """The best of all parameter sets reaches `value` (a claim of the form "up to")."""

    relation: Literal["best_ratio_at_least"]
    systems: tuple[str, str]
    value: float

    @override
    def judge(self, evidence: Evidence) -> Judgement:
        missing = [name for name in self.systems if not self.series(evidence, name)]
        if missing:
            return absent(evidence, self.experiment, missing)
        summaries = self.ratios(evidence, *self.systems)
        if not summaries:
            return Judgement(Outcome.INCONCLUSIVE, "-", "the two systems share no round")
        best = max(summaries, key=lambda summary: summary.median)
        outcome, why = in_band(best, self.value, math.inf)
        return Judgement(outcome, f"best ratio {told(best)}", why)


class Ordering(_Measured):
    """Medians increase in the order of `systems`; each neighbouring pair is judged."""

    relation: Literal["ordering"]
    systems: tuple[str, ...] = Field(min_length=2)

    @override
    def judge(self, evidence: Evidence) -> Judgement:
        return combine([self._pair(evidence, *pair) for pair in pairwise(self.systems)])

    def _pair(self, evidence: Evidence, lower: str, higher: str) -> Judgement:
        missing = [name for name in (lower, higher) if not self.series(evidence, name)]
        if missing:
            return absent(evidence, self.experiment, missing)
        summaries = self.ratios(evidence, higher, lower)
        names = f"{style(higher).label} / {style(lower).label}"
        if not summaries:
            return Judgement(Outcome.INCONCLUSIVE, "-", f"{names}: no common round")
        parts = []
        for summary in summaries:
            outcome, why = in_band(summary, 1.0, math.inf)
            parts.append(Judgement(outcome, f"{names} {told(summary)}", why))
        return combine(parts)


class Recorded(_Measured):
    """Something was seen to work: at least `count` samples of `system` exist."""

    relation: Literal["recorded"]
    system: str
    count: int = Field(ge=1)

    @override
    def judge(self, evidence: Evidence) -> Judgement:
        mine = (sample for sample in evidence.samples if sample.system == self.system)
        values = [sample for sample in mine if self._matches(sample)]
        if not values:
            return absent(evidence, self.experiment, [self.system])
        summary = summarise([sample.value for sample in values])
        enough = summary.n >= self.count
        return Judgement(
            Outcome.HOLDS if enough else Outcome.INCONCLUSIVE,
            f"median {quantity(summary.median, values[0].unit)} (n={summary.n})",
            "it was seen to work" if enough else f"fewer than {self.count} samples",
        )


class AtLeast(_Measured):
    """Every sample of `system` reaches `value`."""

    relation: Literal["at_least"]
    system: str
    value: float

    @override
    def judge(self, evidence: Evidence) -> Judgement:
        mine = (sample for sample in evidence.samples if sample.system == self.system)
        values = [sample.value for sample in mine if self._matches(sample)]
        if not values:
            return absent(evidence, self.experiment, [self.system])
        lowest = min(values)
        ours = f"lowest {lowest:.3g} (n={len(values)})"
        reached = [value >= self.value for value in values]
        if all(reached):
            return Judgement(Outcome.HOLDS, ours, f"never below {self.value:g}")
        some = Outcome.INCONCLUSIVE if any(reached) else Outcome.DIFFERS
        return Judgement(some, ours, f"below {self.value:g}")


class VerdictsEqual(_Relation):
    """Two devices get the same verdict in every case of a suite."""

    relation: Literal["verdicts_equal"]
    suite: str
    duts: tuple[str, str]

    @override
    def judge(self, evidence: Evidence) -> Judgement:
        first, second = (evidence.suite(self.suite, dut) for dut in self.duts)
        pairs = zip(self.duts, (first, second), strict=True)
        missing = [dut for dut, cases in pairs if not cases]
        if missing:
            return absent(evidence, "conformance", missing)
        common = first.keys() & second.keys()
        unequal = sorted(case for case in common if first[case] != second[case])
        ours = f"{len(common) - len(unequal)} of {len(common)} cases equal"
        broken = [case for case in common if Verdict.ERROR in (first[case], second[case])]
        if any(case not in broken for case in unequal):
            return Judgement(Outcome.DIFFERS, ours, f"unequal: {', '.join(unequal)}")
        if broken:
            return Judgement(Outcome.INCONCLUSIVE, ours, f"error in {', '.join(sorted(broken))}")
        if first.keys() != second.keys():
            lone = ", ".join(sorted(first.keys() ^ second.keys()))
            return Judgement(Outcome.INCONCLUSIVE, ours, f"run on one of the two only: {lone}")
        return Judgement(Outcome.HOLDS, ours, "no case differs")


class CountEquals(_Relation):
    """A stack's counts of passed cases are those of the paper's table, suite by suite.

    Counts of suites of another size say nothing about each other: then both are shown and
    the outcome is INCONCLUSIVE.
    """

    relation: Literal["count_equals"]
    dut: str

    @override
    def judge(self, evidence: Evidence) -> Judgement:
        cells = [cell for cell in evidence.published if cell.stack == self.dut]
        return combine([self._suite(evidence, cell) for cell in cells])

    def _suite(self, evidence: Evidence, cell: PublishedCount) -> Judgement:
        cases = evidence.suite(cell.suite, self.dut)
        if not cases:
            return absent(evidence, "conformance", [self.dut])
        passed = sum(verdict is Verdict.PASS for verdict in cases.values())
        ours = f"{cell.suite} {passed}/{len(cases)}"
        if len(cases) != cell.total:
            why = f"the open {cell.suite} suite has {len(cases)} cases, the paper's {cell.total}"
            return Judgement(Outcome.INCONCLUSIVE, ours, why)
        same = passed == cell.passed
        return Judgement(
            Outcome.HOLDS if same else Outcome.DIFFERS, ours, f"paper {cell.passed}/{cell.total}"
        )


class PassesFewer(_Relation):
    """duts[0] passes fewer cases than duts[1], over the cases of `suites` both were given."""

    relation: Literal["passes_fewer"]
    suites: tuple[str, ...] = Field(min_length=1)
    duts: tuple[str, str]

    @override
    def judge(self, evidence: Evidence) -> Judgement:
        counts, total = [0, 0], 0
        for suite in self.suites:
            both = [evidence.suite(suite, dut) for dut in self.duts]
            missing = [d for d, cases in zip(self.duts, both, strict=True) if not cases]
            if missing:
                return absent(evidence, "conformance", missing)
            common = both[0].keys() & both[1].keys()
            total += len(common)
            for index in (0, 1):
                counts[index] += sum(both[index][case] is Verdict.PASS for case in common)
        labels = [style(dut).label for dut in self.duts]
        ours = ", ".join(f"{label} {n}/{total}" for label, n in zip(labels, counts, strict=True))
        fewer = counts[0] < counts[1]
        return Judgement(
            Outcome.HOLDS if fewer else Outcome.DIFFERS, ours, "passes over the same cases"
        )


class Lacks(_Relation):
    """`system` lacks something of a kind (of the socket interface) that `than` has."""

    relation: Literal["lacks"]
    kind: str
    system: str
    than: str

    @override
    def judge(self, evidence: Evidence) -> Judgement:
        mine = [record for record in evidence.compat if record.kind == self.kind]
        here = {record.system for record in mine}
        if missing := [name for name in (self.system, self.than) if name not in here]:
            return absent(evidence, "compat", missing)
        has = {
            name: {r.name for r in mine if r.system == name and r.outcome is Compat.WORKS}
            for name in (self.system, self.than)
        }
        lacking = sorted(has[self.than] - has[self.system])
        ours = ", ".join(f"{style(name).label}: {', '.join(sorted(has[name]))}" for name in has)
        if not lacking:
            return Judgement(Outcome.DIFFERS, ours, "nothing is lacking")
        return Judgement(Outcome.HOLDS, ours, f"lacking: {', '.join(lacking)}")


class LinesAtMost(_Relation):
    """A part of our port is not longer than the paper says theirs is.

    How the paper counts is unknown: HOLDS when all lines fit, DIFFERS when even those with
    code are too many, INCONCLUSIVE between.
    """

    relation: Literal["lines_at_most"]
    part: str
    value: int

    @override
    def judge(self, evidence: Evidence) -> Judgement:
        lines = evidence.port_lines.get(self.part, Lines(0, 0))
        if lines.all == 0:
            return Judgement(Outcome.NOT_RUN, NOT_RUN_VALUE, f"no file of the part {self.part}")
        ours = f"{lines.all} lines, {lines.code} with code"
        if lines.all <= self.value:
            return Judgement(Outcome.HOLDS, ours, f"at most {self.value} however counted")
        if lines.code > self.value:
            return Judgement(Outcome.DIFFERS, ours, f"more than {self.value} however counted")
        why = f"{self.value} lies between, and how the paper counts is unknown"
        return Judgement(Outcome.INCONCLUSIVE, ours, why)


class Unsupported(_Relation):
    """A claim this artifact cannot test yet; the reason is part of the claim list."""

    relation: Literal["unsupported"]
    reason: str = Field(min_length=1)

    @override
    def judge(self, evidence: Evidence) -> Judgement:
        del evidence  # there is none
        return Judgement(Outcome.NOT_RUN, NOT_RUN_VALUE, self.reason)


Relation = Annotated[
    RatioAtLeast
    | RatioAtMost
    | Within
    | BestRatioAtLeast
    | Ordering
    | Recorded
    | AtLeast
    | VerdictsEqual
    | CountEquals
    | PassesFewer
    | Lacks
    | LinesAtMost
    | Unsupported,
    Field(discriminator="relation"),
]
