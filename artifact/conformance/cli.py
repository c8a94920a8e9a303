# SPDX-License-Identifier: GPL-2.0-only
"""`invoke conformance`: choose cases and DUTs, run them, show and store the verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from artifact import profiles, ui
from artifact.conformance import (
    cases,
    compare,
    duts,
    expect,
    flips,
    matrix,
    selftest,
    stability,
)
from artifact.conformance.case import Case
from artifact.conformance.duts import external, scratch
from artifact.conformance.duts.base import Kind
from artifact.conformance.duts.conditions import CONDITIONS, DEFAULTS, EVERY, Condition
from artifact.errors import ArtifactError
from artifact.net.sweep import sweep
from artifact.paths import shown
from artifact.records import Run, Verdict, VerdictRecord

EVERYTHING = "all"
SHOWN_REASON = 110


def run(
    dut: str | Sequence[str],
    suite: str | Sequence[str],
    profile: str,
    case: str | None = None,
    self_test: bool = False,
    list_cases: bool = False,
    condition: str | Sequence[str] = DEFAULTS.name,
    config: Path | None = None,
    slow: bool = False,
    repeat: int = 1,
    busy: bool = False,
) -> Run | None:
    """Run suites on DUTs and return the run with their verdicts (None: only listed).

    Several names may be given as a list or separated by commas; `all` means all. `config`
    describes the DUT called external; `slow` lets cases wait for long timers in real time. A
    deviation of a stack is a result. With `repeat` everything is run so often and every verdict
    must be the same; `busy` keeps all CPUs busy meanwhile. ArtifactError says that the suite
    itself broke, that verdicts differ, or that a name is not known.
    """
    profiles.get(profile)
    conditions = [CONDITIONS[name] for name in _names(condition, EVERY, "condition")]
    suites = _names(suite, tuple(cases.SUITES), "suite")
    names = _names(dut, (*duts.DUTS, external.NAME), "DUT", duts.REAL)
    kinds = [
        external.kind(config, duts.NAMES) if name == external.NAME else duts.find(name)
        for name in names
    ]
    chosen = _cases(suites, case)
    if list_cases:
        _list(chosen)
        return None
    table = expect.load()
    sweep()
    scratch.sweep()
    into = Run.current(profile)
    if self_test:
        _self_test(chosen, into)
        into.finish()
        return into
    session = _Session(kinds, conditions, chosen, slow)
    with stability.hog(busy):
        records = session.run(into)
        _summary(table, records)
        again = [session.run(into, kept=False) for _ in range(repeat - 1)]
    into.finish()
    _gone(records)
    _broken([record for record in records if record.verdict is Verdict.ERROR], into)
    if again:
        _same([records, *again])
    return into


@dataclass(frozen=True)
class _Session:
    """What is run, perhaps several times."""

    kinds: Sequence[Kind]
    conditions: Sequence[Condition]
    chosen: Sequence[Case]
    slow: bool

    def run(self, into: Run, kept: bool = True) -> list[VerdictRecord]:
        """All cases on all DUTs; shown and stored when they are to be kept."""
        pairs = [(kind, one) for kind in self.kinds for one in self.conditions]
        cells = [matrix.Cell(kind, one, self.chosen, into, self.slow, kept) for kind, one in pairs]
        records = matrix.run(cells, _show if kept else None)
        if kept and len(self.conditions) > 1:
            self._explain(records, into)
        return records

    def _explain(self, records: Sequence[VerdictRecord], into: Run) -> None:
        """Which sysctl makes a case end otherwise in the paper's condition."""

        def again(kind: Kind, one: Condition, some: Sequence[Case]) -> list[VerdictRecord]:
            cell = matrix.Cell(kind, one, some, into, self.slow, kept=True)
            return matrix.run([cell])

        more = [r for kind in self.kinds for r in flips.explain(kind, self.chosen, records, again)]
        rows = [
            (flip.dut, flip.case, flip.defaults, flip.paper, flip.explanation)
            for flip in flips.flips([*records, *more])
        ]
        if rows:
            ui.table("flips", ("dut", "case", "defaults", "paper", "explained by"), rows)


def _same(runs: Sequence[Sequence[VerdictRecord]]) -> None:
    lines = stability.unstable(runs)
    if lines:
        raise ArtifactError(f"{len(lines)} verdicts differ between the runs, first: {lines[0]}")
    ui.say(f"{len(runs)} runs, {len(runs[0])} verdicts each: all the same")


def _names(
    given: str | Sequence[str], known: Sequence[str], kind: str, every: Sequence[str] = ()
) -> list[str]:
    words = given.split(",") if isinstance(given, str) else list(given)
    words = [word.strip() for word in words if word.strip()]
    if not words or EVERYTHING in words:
        return list(every or known)
    for word in words:
        if word not in known:
            listed = ", ".join((*known, EVERYTHING))
            raise ArtifactError(f"unknown {kind} {word!r}", f"choose {listed}")
    return list(dict.fromkeys(words))


def _cases(suites: Sequence[str], only: str | None) -> list[Case]:
    if only is None:
        return [case for name in suites for case in cases.SUITES[name].cases.values()]
    found = cases.find(only)
    if found.suite not in suites:
        raise ArtifactError(f"case {found.id} is in suite {found.suite}, not {', '.join(suites)}")
    return [found]


def _show(cell: matrix.Cell, result: matrix.Result) -> None:
    titles = {case.id: case.title for case in cell.cases}
    rows = [
        (r.case, titles[r.case], r.verdict, f"{r.seconds:.1f}", _cut(r.reason))
        for r in result.records
        if result.title
    ]
    if rows:
        ui.table(result.title, ("case", "requirement", "verdict", "s", "reason"), rows)


def _cut(reason: str) -> str:
    return reason if len(reason) <= SHOWN_REASON else reason[: SHOWN_REASON - 3] + "..."


def _summary(table: expect.Table, records: Sequence[VerdictRecord]) -> None:
    counts: dict[tuple[str, str, str], Counter[Verdict]] = {}
    for record in records:
        counts.setdefault((record.dut, record.mode, record.suite), Counter())[record.verdict] += 1
    rows = [
        (*key, *(count[verdict] for verdict in Verdict), count.total())
        for key, count in counts.items()
    ]
    ui.table("verdicts", ("dut", "condition", "suite", *Verdict, "total"), rows)
    here = expect.judged(records)
    lines = expect.surprises(table, here)
    known = len(here) - len(lines)
    ui.say(f"{known} verdicts as expected, {len(lines)} not (artifact/conformance/expect.toml)")
    for line in lines:
        ui.say(f"  unexpected: {line}")
    for comparison in compare.with_reference(records):
        ui.say(str(comparison))
        for line in (*comparison.unexplained, *comparison.stale):
            ui.say(f"  unexplained: {line}")


def _gone(records: Sequence[VerdictRecord]) -> None:
    """A device that died and that we cannot start again leaves cases undecided."""
    if lost := [record for record in records if record.reason == external.GONE]:
        last = [r.case for r in records if "the DUT is dead afterwards" in r.reason]
        raise ArtifactError(
            f"{lost[0].dut} stopped answering in case {', '.join(last) or 'unknown'}: "
            f"{len(lost)} cases are inconclusive",
            "start it again; --case runs that one alone",
        )


def _broken(records: Sequence[VerdictRecord], into: Run) -> None:
    if records:
        first = records[0]
        raise ArtifactError(
            f"the suite broke in {len(records)} cases, first {first.dut} {first.case}: "
            f"{first.reason}",
            f"records and logs: {shown(into.dir)}",
        )


def _list(chosen: Sequence[Case]) -> None:
    rows = [
        (c.suite, c.id, c.level, f"RFC {c.rfc}", " ".join(sorted(c.needs)), c.title) for c in chosen
    ]
    ui.table("", ("suite", "case", "level", "source", "needs", "requirement"), rows)


def _self_test(chosen: Sequence[Case], into: Run) -> None:
    trials = selftest.run(chosen, into.dir)
    by_case: dict[str, list[selftest.Trial]] = {}
    for trial in trials:
        by_case.setdefault(trial.case.id, []).append(trial)
    rows = [
        (
            key,
            "passes" if group[0].proves else group[0].outcome.verdict,
            f"{sum(t.proves for t in group[1:])}/{len(group) - 1}",
            ", ".join(t.faults for t in group[1:]),
        )
        for key, group in by_case.items()
    ]
    ui.table("self-test", ("case", "good responder", "kills", "mutants"), rows)
    mutants = [trial for trial in trials if trial.faults]
    killed = sum(trial.proves for trial in mutants)
    good = sum(trial.proves for trial in trials if not trial.faults)
    ui.say(
        f"{good} of {len(by_case)} cases pass on the good responder; "
        f"{killed} of {len(mutants)} mutants are killed"
    )
    if wrong := [trial for trial in trials if not trial.proves]:
        first = wrong[0]
        raise ArtifactError(
            f"the self-test fails in {len(wrong)} trials, first {first.case.id} on "
            f"{first.faults or 'the good responder'}: {first.outcome.verdict} "
            f"({first.outcome.reason})"
        )
