# SPDX-License-Identifier: GPL-2.0-only
"""How a case's end becomes a verdict: dead, silent and dying DUTs, our own defects."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from artifact.conformance import cases, tester
from artifact.conformance.case import Body, Case, Level
from artifact.conformance.clock import REAL_CLOCK
from artifact.conformance.duts.base import Dut, DutInfo
from artifact.conformance.duts.conditions import PAPER
from artifact.conformance.duts.mutant import Mutant
from artifact.conformance.runner import Session
from artifact.conformance.verdict import Deviation, NoAnswer, NotApplicable, Undecided
from artifact.errors import ArtifactError, Unavailable
from artifact.net.link import Link
from artifact.records import Verdict, VerdictRecord


def make_case(name: str, body: Body, needs: str = "") -> Case:
    wanted = frozenset(needs.split())
    return Case("test", name, name, "826 x", "x", Level.MUST, body, ("arp-no-reply",), wanted)


def run(
    tmp_path: Path, bodies: list[Case], make: Callable[[], Dut] = Mutant
) -> dict[str, VerdictRecord]:
    reported: list[VerdictRecord] = []
    records = Session("mutant", make, bodies, tmp_path, 1, reported.append).run()
    assert sorted(r.case for r in reported) == sorted(r.case for r in records)
    return {record.case: record for record in records}


def raising(error: Exception) -> Body:
    def body(t: tester.Tester) -> None:
        raise error

    return body


def test_each_end_has_its_verdict(tmp_path: Path) -> None:
    ends: dict[str, tuple[Exception, Verdict]] = {
        "deviation": (Deviation("a"), Verdict.FAIL),
        "no answer": (NoAnswer("b"), Verdict.FAIL),
        "undecided": (Undecided("c"), Verdict.INCONCLUSIVE),
        "not applicable": (NotApplicable("d"), Verdict.NO_TEST),
        "defect": (ZeroDivisionError("e"), Verdict.ERROR),
    }
    listed = [make_case(name, raising(error)) for name, (error, _) in ends.items()]
    records = run(tmp_path, [*listed, make_case("fine", lambda t: None)])
    assert records["fine"].verdict is Verdict.PASS
    for name, (error, verdict) in ends.items():
        assert records[name].verdict is verdict
        assert str(error) in records[name].reason
    assert "ZeroDivisionError" in (tmp_path / "logs" / "conformance-mutant.log").read_text()


def test_a_missing_answer_fails_only_when_it_stays_missing(tmp_path: Path) -> None:
    attempts: list[int] = []

    def second_time(t: tester.Tester) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise NoAnswer("lost")

    records = run(tmp_path, [make_case("once", second_time)])
    assert records["once"].verdict is Verdict.PASS
    assert len(attempts) == 2


def test_each_case_has_a_capture(tmp_path: Path) -> None:
    records = run(tmp_path, [make_case("a", lambda t: None)])
    assert records["a"].pcap == "pcap/mutant/a.pcap"
    assert (tmp_path / "pcap/mutant/a.pcap").stat().st_size > 24


def test_needs_that_are_not_there(tmp_path: Path) -> None:
    records = run(tmp_path, [make_case("a", lambda t: None, needs="udp_echo forwarding")])
    assert records["a"].verdict is Verdict.NO_TEST
    assert records["a"].reason == "needs forwarding"


def test_slow_cases_need_patience_or_a_driven_clock(tmp_path: Path) -> None:
    @dataclass
    class RealTime(Mutant):
        def attach(self, held: ExitStack) -> tuple[DutInfo, Link]:
            found = super().attach(held)
            self.clock = REAL_CLOCK
            return found

    case = make_case("a", lambda t: None, needs="slow")
    assert run(tmp_path, [case])["a"].verdict is Verdict.PASS
    assert run(tmp_path, [case], RealTime)["a"].reason == "needs slow"
    session = Session("mutant", RealTime, [case], tmp_path, 1, lambda record: None, slow=True)
    assert session.run()[0].verdict is Verdict.PASS


def test_what_holds_for_hosts_is_not_asked_of_a_router(tmp_path: Path) -> None:
    case = make_case("a", lambda t: None, needs="host")
    assert run(tmp_path, [case])["a"].verdict is Verdict.PASS
    router = run(tmp_path, [case], lambda: Mutant(condition=PAPER))
    assert router["a"].reason == "needs host"


def test_a_router_has_a_tester_on_its_second_link(tmp_path: Path) -> None:
    def through(t: tester.Tester) -> None:
        stimulus = t.udp(t.neighbour(), 4242, dst=t.far.neighbour().ip)
        t.send(stimulus)
        t.far.expect(lambda f: stimulus.token in f.raw, "the datagram")

    assert run(tmp_path, [make_case("a", through)])["a"].verdict is Verdict.NO_TEST
    router = run(tmp_path, [make_case("a", through)], lambda: Mutant(condition=PAPER))
    assert router["a"].verdict is Verdict.PASS


def test_a_case_about_the_start_sees_the_first_frames(tmp_path: Path) -> None:
    def first(t: tester.Tester) -> None:
        probe = t.expect(lambda f: f.arp is not None, "a probe").arp
        assert probe is not None
        if probe.spa != bytes(4):
            raise Deviation("no probe")

    def make() -> Dut:
        return Mutant(probing=True)

    records = run(tmp_path, [make_case("a", first, needs="start"), make_case("b", first)], make)
    assert records["a"].verdict is Verdict.PASS
    assert records["b"].verdict is Verdict.FAIL  # the bench had listened before


def test_a_dut_that_dies_fails_the_case_and_no_other(tmp_path: Path) -> None:
    def deadly(t: tester.Tester) -> None:
        t.send(t.echo(t.neighbour(), src=t.wire.ip))

    def make() -> Dut:
        return Mutant(faults=frozenset({"ip-land"}))

    records = run(tmp_path, [make_case("dies", deadly), make_case("next", lambda t: None)], make)
    assert records["dies"].verdict is Verdict.FAIL
    assert records["dies"].reason == "the DUT is dead afterwards; holds"
    assert records["next"].verdict is Verdict.PASS


def test_a_silent_dut_is_no_failure_of_the_protocol(tmp_path: Path) -> None:
    def make() -> Dut:
        return Mutant(faults=frozenset({"icmp-none", "arp-no-reply"}))

    records = run(tmp_path, [cases.find("IP-1.2"), cases.find("IP-1.1")], make)
    for record in records.values():
        assert record.verdict is Verdict.INCONCLUSIVE
        assert record.reason == "the DUT answers neither echo nor ARP"


def test_silence_proves_nothing_without_an_echo_service(tmp_path: Path) -> None:
    def make() -> Dut:
        return Mutant(faults=frozenset({"icmp-none"}))

    records = run(tmp_path, [cases.find("IP-1.2"), cases.find("IC-8.1")], make)
    assert records["IP-1.2"].verdict is Verdict.INCONCLUSIVE
    assert records["IC-8.1"].verdict is Verdict.FAIL


@dataclass
class Broken(Dut):
    """Cannot be started."""

    def attach(self, held: ExitStack) -> tuple[DutInfo, Link]:
        raise ArtifactError("no such stack")


def test_a_dut_that_does_not_start_is_an_error_of_the_suite(tmp_path: Path) -> None:
    records = run(tmp_path, [make_case("a", lambda t: None)], Broken)
    assert records["a"].verdict is Verdict.ERROR
    assert "no such stack" in records["a"].reason


@dataclass
class Absent(Dut):
    """Needs something this machine does not have, which only shows when it is started."""

    def attach(self, held: ExitStack) -> tuple[DutInfo, Link]:
        raise Unavailable("no tap here", "load the module")


def test_what_this_machine_does_not_have_is_no_test(tmp_path: Path) -> None:
    records = run(tmp_path, [make_case("a", lambda t: None)], Absent)
    assert records["a"].verdict is Verdict.NO_TEST
    assert records["a"].reason == "no tap here; load the module"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_that_breaks_shortens_no_run(tmp_path: Path) -> None:
    class Fatal(BaseException):
        pass

    def fatal(t: tester.Tester) -> None:
        raise Fatal

    records = run(tmp_path, [make_case("a", fatal), make_case("b", lambda t: None)])
    assert {record.verdict for record in records.values()} == {Verdict.ERROR}
    assert records["b"].reason == "not executed: its worker broke"


def test_monitors_judge_the_frames_of_other_cases(tmp_path: Path) -> None:
    def make() -> Dut:
        return Mutant(faults=frozenset({"ip-out-ttl"}))

    listed = [cases.find("IP-3.3"), cases.find("IC-8.1")]
    records = run(tmp_path, listed, make)
    assert records["IP-3.3"].verdict is Verdict.FAIL
    assert "expected a TTL above 0" in records["IP-3.3"].reason
    assert records["IC-8.1"].verdict is Verdict.PASS


def test_a_monitor_without_a_frame_says_nothing(tmp_path: Path) -> None:
    def make() -> Dut:
        return Mutant(faults=frozenset({"arp-no-request", "arp-learns-nothing"}))

    records = run(tmp_path, [cases.find("IP-3.3")], make)
    assert records["IP-3.3"].verdict is Verdict.INCONCLUSIVE
