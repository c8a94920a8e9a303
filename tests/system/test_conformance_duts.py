# SPDX-License-Identifier: GPL-2.0-only
"""The whole suites on the real stacks: verdicts are as expected, alike, and the same each time."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from scapy.utils import PcapReader

from artifact import proc
from artifact.conformance import cases, compare, duts, expect
from artifact.conformance.duts.conditions import DEFAULTS, PAPER, Condition
from artifact.conformance.runner import Session
from artifact.conformance.stability import hog, unstable
from artifact.records import Verdict, VerdictRecord

pytestmark = pytest.mark.system

Records = list[VerdictRecord]
Run = Callable[[str, Condition], tuple[Records, Path]]


def whole(name: str, condition: Condition, where: Path) -> Records:
    """All cases on one stack."""
    kind = duts.find(name)
    if reason := kind.missing():
        pytest.skip(f"{name}: {reason}")

    def make() -> duts.Dut:
        return kind.make(where / "dut.log", condition)

    every = cases.every()
    session = Session(name, make, every, where, kind.jobs, lambda record: None, condition)
    records = session.run()
    assert [record.case for record in records] == [case.id for case in every]
    return records


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Each stack is run once in each condition."""
    done: dict[tuple[str, str], tuple[Records, Path]] = {}

    def once(name: str, condition: Condition) -> tuple[Records, Path]:
        key = (name, condition.name)
        if key not in done:
            where = tmp_path_factory.mktemp("conformance")
            done[key] = (whole(name, condition, where), where)
        return done[key]

    return once


@pytest.mark.parametrize("name", ["linux", "lwip", "lkl", "lkl-tap"])
def test_verdicts_are_as_expected(name: str, run: Run) -> None:
    records, where = run(name, DEFAULTS)
    assert expect.surprises(expect.load(), records) == []
    captures = captured(records, where)
    assert len(captures) > len(records) / 2
    for file in captures:
        with PcapReader(str(file)) as reader:
            assert sum(1 for _ in reader) > 0
    tshark_reads(captures[::40])


def captured(records: Sequence[VerdictRecord], where: Path) -> list[Path]:
    """Captures of the cases that were executed; others have one without frames."""
    files = [where / r.pcap for r in records if r.pcap and r.verdict is not Verdict.NO_TEST]
    assert len(files) == sum(record.verdict is not Verdict.NO_TEST for record in records)
    return files


def tshark_reads(files: Sequence[Path]) -> None:
    tshark = proc.which("tshark")
    if tshark is None:
        return
    for file in files:
        shown = proc.run([tshark, "-r", file, "-T", "fields", "-e", "frame.protocols"]).stdout
        assert "eth:ethertype" in shown


@pytest.mark.parametrize("condition", [DEFAULTS, PAPER], ids=lambda condition: condition.name)
def test_the_library_kernel_is_linux(condition: Condition, run: Run) -> None:
    ours, _ = run("lkl", condition)
    theirs, _ = run("linux", condition)
    comparison = compare.compare([*ours, *theirs], "lkl", "linux", compare.load())
    assert comparison.compared > 300  # the reference is not asked about long timers
    assert comparison.holds, [*comparison.unexplained, *comparison.stale]


def test_three_runs_on_a_busy_machine_give_the_same_verdicts(tmp_path: Path) -> None:
    with hog():
        runs = [whole("lkl", DEFAULTS, tmp_path / str(number)) for number in range(3)]
    assert unstable(runs) == []
