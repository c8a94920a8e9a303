# SPDX-License-Identifier: GPL-2.0-only
"""Run cases on one DUT: several instances side by side, each with its own link.

Cases that run at the same time share neither DUT nor link, so they cannot disturb each other.
Every scheduled case gets a record, also when a worker breaks: a run is never just shorter.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

from artifact.conformance.bench import SLOW, Bench
from artifact.conformance.case import Case
from artifact.conformance.duts.base import Dut, DutInfo
from artifact.conformance.duts.conditions import DEFAULTS, Condition
from artifact.conformance.verdict import Outcome
from artifact.conformance.watch import Watch
from artifact.conformance.wire import Aborted
from artifact.errors import ArtifactError
from artifact.records import Verdict, VerdictRecord

MANY = 8  # a DUT of which so many instances run side by side is a cheap one
MOST_WAITING = 16
Report = Callable[[VerdictRecord], None]


@dataclass
class Session:
    """One DUT, some cases, and where their captures and logs go."""

    name: str
    make: Callable[[], Dut]
    cases: Sequence[Case]
    where: Path
    jobs: int
    report: Report
    condition: Condition = DEFAULTS
    slow: bool = False  # wait for long timers in real time, too
    aborted: threading.Event = field(default_factory=threading.Event)  # set: end soon
    info: DutInfo | None = None  # what was tested, once an instance has been started
    results: dict[str, tuple[Outcome, float]] = field(default_factory=dict)
    broken: ArtifactError | None = None  # what keeps us from storing results, such as a full disk

    def run(self) -> list[VerdictRecord]:
        """Run all cases; each record is reported as soon as it is final."""
        watch = Watch(self.cases)
        todo: SimpleQueue[Case] = SimpleQueue()
        for case in sorted(self.cases, key=lambda case: SLOW not in case.needs):
            todo.put(case)
        with _workers(self._worker_count(), self.aborted, self._work, todo, watch):
            pass
        if self.broken:
            raise self.broken
        late = [case for case in self.cases if case.monitor]
        for case in late:
            if case.id in self.results:
                own, seconds = self.results[case.id]
                self._final(case, watch.outcome(case, own), seconds)
        for case in self.cases:
            if case.id not in self.results:
                lost = Outcome(Verdict.ERROR, "not executed: its worker broke")
                self._final(case, lost, 0.0)
        return [self._record(case) for case in self.cases]

    def _worker_count(self) -> int:
        """Workers that wait for long timers do nothing meanwhile: there may be more of them."""
        waiting = sum(SLOW in case.needs for case in self.cases) if self.slow else 0
        more = min(waiting, MOST_WAITING) if self.jobs >= MANY else 0
        return min(self.jobs + more, len(self.cases))

    @property
    def label(self) -> str:
        """Name of what this session leaves on disk."""
        return self.condition.label(self.name)

    def pcap(self, case: Case) -> Path:
        """Where a case's capture goes."""
        return self.where / "pcap" / self.label / f"{case.id}.pcap"

    @property
    def log(self) -> Path:
        """Tracebacks of our own defects."""
        return self.where / "logs" / f"conformance-{self.label}.log"

    def _work(self, todo: SimpleQueue[Case], watch: Watch, aborted: threading.Event) -> None:
        try:
            self._cases(todo, watch, aborted)
        except ArtifactError as error:
            self.broken = error
            aborted.set()

    def _cases(self, todo: SimpleQueue[Case], watch: Watch, aborted: threading.Event) -> None:
        with Bench(self.make, watch, aborted, self.log, self.slow) as bench:
            while not aborted.is_set():
                try:
                    case = todo.get_nowait()
                except Empty:
                    return
                try:
                    outcome, seconds = bench.run(case, self.pcap(case))
                except Aborted:
                    return
                self.info = bench.info or self.info
                self.results[case.id] = (outcome, seconds)
                if not case.monitor:
                    self._final(case, outcome, seconds)

    def _final(self, case: Case, outcome: Outcome, seconds: float) -> None:
        self.results[case.id] = (outcome, seconds)
        self.report(self._record(case))

    def _record(self, case: Case) -> VerdictRecord:
        outcome, seconds = self.results[case.id]
        file = self.pcap(case)
        return VerdictRecord(
            suite=case.suite,
            case=case.id,
            dut=self.name,
            mode=self.condition.name,
            verdict=outcome.verdict,
            reason=outcome.reason,
            seconds=round(seconds, 3),
            pcap=str(file.relative_to(self.where)) if file.exists() else None,
        )


@contextmanager
def _workers(
    count: int,
    aborted: threading.Event,
    work: Callable[[SimpleQueue[Case], Watch, threading.Event], None],
    todo: SimpleQueue[Case],
    watch: Watch,
) -> Iterator[None]:
    """Threads that stay until their DUTs are stopped, also after Ctrl-C."""
    threads = [
        threading.Thread(target=work, args=(todo, watch, aborted), name=f"bench-{number}")
        for number in range(count)
    ]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        yield
    finally:
        aborted.set()
        for thread in threads:
            if thread.ident is not None:
                thread.join()


def not_here(
    name: str, cases: Sequence[Case], reason: str, condition: Condition = DEFAULTS
) -> list[VerdictRecord]:
    """Records of a DUT that cannot run on this machine."""
    return [
        VerdictRecord(
            suite=case.suite,
            case=case.id,
            dut=name,
            mode=condition.name,
            verdict=Verdict.NO_TEST,
            reason=reason,
            seconds=0.0,
        )
        for case in cases
    ]
