# SPDX-License-Identifier: GPL-2.0-only
"""One DUT instance, the wire to it, and the execution of one case on it."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from artifact.conformance import octets as o
from artifact.conformance.case import Case
from artifact.conformance.duts.base import FORWARDING, Dut, DutInfo
from artifact.conformance.preflight import Silent
from artifact.conformance.tester import Tester
from artifact.conformance.verdict import (
    Deviation,
    Ended,
    NoAnswer,
    NotApplicable,
    Outcome,
    Undecided,
)
from artifact.conformance.watch import Watch
from artifact.conformance.wire import Aborted, Station, Wire
from artifact.errors import ArtifactError, Unavailable
from artifact.net.link import LinkDown
from artifact.net.pcap import Capture
from artifact.records import Verdict

VERDICTS: dict[type[Ended], Verdict] = {
    Deviation: Verdict.FAIL,
    NoAnswer: Verdict.FAIL,
    Undecided: Verdict.INCONCLUSIVE,
    NotApplicable: Verdict.NO_TEST,
}
HOST = "host"  # in a case's needs: what it asks for holds for hosts, not for routers
SLOW = "slow"  # likewise: it waits for long timers
START = "start"  # in a case's needs: it sees what the DUT sends from its start on
HOLDS = Outcome(Verdict.PASS, "holds")


class Bench:
    """Runs cases one after the other; a DUT that died in one is replaced before the next."""

    def __init__(
        self,
        make: Callable[[], Dut],
        watch: Watch,
        aborted: threading.Event,
        log: Path,
        slow: bool = False,
    ) -> None:
        self._make, self._watch, self._aborted, self._log = make, watch, aborted, log
        self._slow = slow  # whether cases may wait for long timers in real time
        self._dut: Dut | None = None
        self._wire: Wire | None = None
        self._far: Wire | None = None
        self._talks: frozenset[str] = frozenset()
        self._asker: Station | None = None  # who looks for signs of life of this instance
        self._case = ""
        self.info: DutInfo | None = None  # of the last instance that was started

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self._drop()

    def run(self, case: Case, pcap: Path) -> tuple[Outcome, float]:
        """Execute a case; the outcome and the seconds it took."""
        started = time.monotonic()
        self._case = case.id
        try:
            with Capture(pcap) as capture:
                outcome = self._bracketed(case, capture)
        except Aborted:
            raise
        except Silent as error:
            outcome = Outcome(Verdict.INCONCLUSIVE, error.what)
        except Unavailable as error:
            outcome = Outcome(Verdict.NO_TEST, str(error))
        except ArtifactError as error:
            outcome = Outcome(Verdict.ERROR, f"the test system broke: {error}")
            self._drop()
        except Exception as error:  # noqa: BLE001 - every defect of ours must become a verdict
            outcome = Outcome(Verdict.ERROR, f"defect of the suite: {error!r}, see {self._log}")
            self._note(case)
            self._drop()
        if self._dut is not None and self._dut.fresh:
            self._drop()
        return outcome, time.monotonic() - started

    def _bracketed(self, case: Case, capture: Capture) -> Outcome:
        if START in case.needs:
            return self._from_start(case, capture)
        dut = self._ready()
        self._record(capture)
        lacking = case.needs - self._features()
        if lacking:
            return Outcome(Verdict.NO_TEST, f"needs {', '.join(sorted(lacking))}")
        self._settle()
        if not self._alive():
            dut = self._fresh()
            self._record(capture)
            if not self._talks:
                dut.running()  # raises for a defect of our own
                return Outcome(Verdict.INCONCLUSIVE, "the DUT answers neither echo nor ARP")
        return self._judged(case, dut)

    def _from_start(self, case: Case, capture: Capture) -> Outcome:
        """A case about what a DUT says before anybody has asked it: an instance of its own."""
        self._drop()
        try:
            self._started()
            self._record(capture)
            return self._body(case, self._tester())
        except NoAnswer as none:
            return Outcome(Verdict.FAIL, str(none))
        except LinkDown as error:
            return Outcome(Verdict.FAIL, f"the DUT went away: {error}")
        finally:
            self._drop()

    def _record(self, capture: Capture) -> None:
        for wire in (self._wire, self._far):
            if wire:
                wire.capture = capture

    def _features(self) -> frozenset[str]:
        """What the DUT has and is; `slow` when its long timers may be waited for."""
        assert self._dut is not None
        assert self.info is not None
        more = {SLOW} if self._slow or self._dut.clock.driven else set()
        if FORWARDING not in self.info.features:
            more.add(HOST)
        return self.info.features | more

    def _settle(self) -> None:
        """Where time costs nothing, let rate limits fill up again; elsewhere it just passes."""
        tester = self._tester()
        if tester.wire.clock.driven:
            tester.pause(tester.timing.settle)

    def _judged(self, case: Case, dut: Dut) -> Outcome:
        try:
            outcome = self._attempts(case, dut)
        except LinkDown as error:
            outcome = Outcome(Verdict.FAIL, f"the DUT went away: {error}")
        if self._survived():
            return outcome
        how = dut.epitaph()
        self._drop()
        return Outcome(Verdict.FAIL, f"the DUT is dead afterwards{how}; {outcome.reason}")

    def _attempts(self, case: Case, dut: Dut) -> Outcome:
        """An answer may get lost once; a DUT that is alive and never answers fails."""
        missing: Outcome | None = None
        for number in range(dut.timing.attempts):
            # That a first datagram gets lost is judged where it belongs: in the ARP cases.
            introducing = number > 0 and case.suite != "arp"
            try:
                outcome = self._body(case, self._tester(introducing))
            except NoAnswer as none:
                missing = missing or Outcome(Verdict.FAIL, f"{none} (in each of several attempts)")
                if not self._survived():
                    break
                continue
            decided = outcome.verdict in (Verdict.PASS, Verdict.FAIL)
            return outcome if decided or missing is None else missing
        assert missing is not None
        return missing

    def _body(self, case: Case, tester: Tester) -> Outcome:
        try:
            case.body(tester)
        except NoAnswer:
            raise
        except Ended as ended:
            return Outcome(VERDICTS[type(ended)], str(ended))
        return HOLDS

    def _tester(self, introducing: bool = False) -> Tester:
        assert self._wire is not None
        assert self._dut is not None
        return Tester(self._wire, self._dut.timing, self._far, introducing)

    def _ready(self) -> Dut:
        if self._dut is None or not self._dut.running():
            return self._fresh()
        return self._dut

    def _fresh(self) -> Dut:
        self._drop()
        dut = self._started()
        self._talks = self._heard(frozenset({"echo", "arp"}))
        return dut

    def _started(self) -> Dut:
        dut = self._make()
        info = dut.start()
        self._dut = dut
        self.info = info
        self._wire = Wire(info, dut.link, dut.clock, self._saw, self._aborted)
        if dut.far is not None:
            self._far = Wire(info, dut.far, dut.clock, self._saw, self._aborted, self._wire)
        return dut

    def _saw(self, frame: o.Frame, wire: Wire) -> None:
        self._watch.see(frame, wire, self._case)

    def _heard(self, wanted: frozenset[str]) -> frozenset[str]:
        """Which of the two signs of life the DUT gives."""
        tester = self._tester()
        signs = set()
        self._asker = self._asker or tester.neighbour()
        if "echo" in wanted and tester.ping(self._asker):
            signs.add("echo")
        if "arp" in wanted and (not signs or "echo" not in wanted) and tester.answers_arp():
            signs.add("arp")
        return frozenset(signs)

    def _alive(self) -> bool:
        return bool(self._talks) and self._heard(self._talks) == self._talks

    def _survived(self) -> bool:
        assert self._dut is not None
        try:
            return self._dut.running() and self._alive()
        except LinkDown:
            return False

    def _drop(self) -> None:
        dut, self._dut, self._wire, self._far = self._dut, None, None, None
        self._asker = None
        if dut is not None:
            dut.stop()

    def _note(self, case: Case) -> None:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("a") as file:
            file.write(f"{case.id}\n{traceback.format_exc()}\n")
