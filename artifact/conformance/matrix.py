# SPDX-License-Identifier: GPL-2.0-only
"""Several DUTs in several conditions, some side by side: most of the time each waits.

Instances of different DUTs share nothing, as those of one DUT do not; a busy machine makes a case
slower, not its verdict another one (timing.py).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field

from artifact import ui
from artifact.conformance import duts, runner
from artifact.conformance.case import Case
from artifact.conformance.duts import external
from artifact.conformance.duts.base import DutInfo, Kind
from artifact.conformance.duts.conditions import WITHOUT, Condition
from artifact.records import Run, VerdictRecord, write_atomically

SIDE_BY_SIDE = 3  # DUTs; each has instances of its own beside that


@dataclass(frozen=True)
class Result:
    """What came of one DUT in one condition."""

    title: str
    records: list[VerdictRecord]


@dataclass
class Cell:
    """One DUT in one condition. Records are stored when they are to be kept."""

    kind: Kind
    condition: Condition
    cases: Sequence[Case]
    into: Run
    slow: bool
    kept: bool
    aborted: threading.Event = field(default_factory=threading.Event)

    @property
    def label(self) -> str:
        """Name for progress and for files."""
        return self.condition.label(self.kind.name)

    def run(self, done: Callable[[VerdictRecord], None]) -> Result:
        """All cases; a DUT that is not here gives no_test in each."""
        if self.condition.name.partition(WITHOUT)[0] not in self.kind.conditions:
            ui.say(f"{self.kind.name}: has no settings for condition {self.condition.name}")
            return Result("", [])
        if reason := self.kind.missing():
            return self._absent(reason)
        if self.kind.name not in duts.NAMES:
            external.preflight_of(self.kind, self.condition)
        log = self.into.logs / f"dut-{self.label}.log"

        def report(record: VerdictRecord) -> None:
            if self.kept:
                self.into.add_verdict(record)
            done(record)

        session = runner.Session(
            self.kind.name, lambda: self.kind.make(log, self.condition), self.cases, self.into.dir,
            self.kind.jobs, report, self.condition, self.slow, self.aborted,
        )  # fmt: skip
        records = session.run()
        title = self.kind.name if session.info is None else describe(session.info, self.into)
        return Result(f"{title}, condition {self.condition.name}", records)

    def _absent(self, reason: str) -> Result:
        self.into.add_skip("conformance", self.kind.name, reason)
        records = runner.not_here(self.kind.name, self.cases, reason, self.condition)
        for record in records if self.kept else ():
            self.into.add_verdict(record)
        ui.say(f"{self.kind.name}: not run: {reason}")
        return Result("", records)


def run(
    cells: Sequence[Cell], show: Callable[[Cell, Result], None] | None = None
) -> list[VerdictRecord]:
    """Run all cells, then show the results in their order. What ends one early ends them all."""
    lock = threading.Lock()
    total = sum(len(cell.cases) for cell in cells)
    title = f"conformance {cells[0].label}" if len(cells) == 1 else "conformance"
    records: list[VerdictRecord] = []
    with ui.progress(title, total) as bar, ThreadPoolExecutor(SIDE_BY_SIDE) as pool:

        def start(cell: Cell) -> Future[Result]:
            def done(record: VerdictRecord) -> None:
                with lock:
                    bar.advance(1, f"{cell.label} {record.case}")

            return pool.submit(cell.run, done)

        futures = [(cell, start(cell)) for cell in cells]
        try:
            results = [(cell, future.result()) for cell, future in futures]
        except BaseException:
            for cell, future in futures:
                cell.aborted.set()
                future.cancel()
            raise
    for cell, result in results:
        if show:
            show(cell, result)
        records += result.records
    return records


_describing = threading.Lock()


def describe(info: DutInfo, into: Run) -> str:
    """One line about a DUT; what it was is kept beside the verdicts, in duts.json."""
    file = into.dir / "duts.json"
    with _describing:
        known = json.loads(file.read_text()) if file.exists() else {}
        known[info.name] = {**asdict(info), "features": sorted(info.features)}
        write_atomically(file, json.dumps(known, indent=1, sort_keys=True) + "\n")
    return f"{info.name}: {info.version} ({info.how})"
