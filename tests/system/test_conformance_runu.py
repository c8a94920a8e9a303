# SPDX-License-Identifier: GPL-2.0-only
"""A container of runu behaves as the library kernel does: on the wire, and to its program."""

import subprocess
from pathlib import Path

import pytest

from artifact.conformance import cases, compare, compat, duts, expect
from artifact.conformance.duts import scratch
from artifact.conformance.duts.conditions import DEFAULTS, PAPER, Condition
from artifact.conformance.duts.process import ProcessDut
from artifact.conformance.runner import Session
from artifact.records import Verdict, VerdictRecord
from artifact.systems import cgroups, leftovers

pytestmark = pytest.mark.system

# What an interface's addresses, sysctls, multicast, MTU and second link have a say in.
TOLD = (
    "ARP-1.1", "ARP-4.19", "ARP-5.4", "ARP-5.5", "ARP-5.15", "IP-2.12", "IP-2.13", "IP-2.23",
    "IP-4.12", "IP-7.1", "IP-7.5", "IP-7.12", "IC-2.1", "UDP-1.1",
)  # fmt: skip


@pytest.fixture(autouse=True)
def here() -> None:
    """Both are built, and namespaces can be made."""
    for name in ("runu", "lkl"):
        if reason := duts.find(name).missing():
            pytest.skip(f"{name}: {reason}")
    if not cgroups.here().all:
        pytest.skip("no control groups are mounted")


def verdicts(name: str, condition: Condition, where: Path) -> list[VerdictRecord]:
    kind = duts.find(name)
    chosen = [cases.find(case) for case in TOLD]

    def make() -> duts.Dut:
        return kind.make(where / "dut.log", condition)

    return Session(name, make, chosen, where, 2, lambda record: None, condition).run()


@pytest.mark.parametrize("condition", [DEFAULTS, PAPER], ids=lambda condition: condition.name)
def test_it_is_the_library_kernel_on_the_wire(condition: Condition, tmp_path: Path) -> None:
    ours = verdicts("runu", condition, tmp_path / "runu")
    theirs = verdicts("lkl", condition, tmp_path / "lkl")
    assert expect.surprises(expect.load(), ours) == []
    assert {Verdict.PASS, Verdict.FAIL} <= {record.verdict for record in ours}
    found = compare.compare([*ours, *theirs], "runu", "lkl", compare.load())
    assert found.compared > len(TOLD) / 2
    assert found.holds, found.unexplained


def test_it_ends_when_it_is_told_and_leaves_nothing() -> None:
    made = duts.find("runu").make(None, DEFAULTS)
    assert isinstance(made, ProcessDut)
    with made:
        assert groups()
    assert made.child is not None
    assert made.child.returncode == 0  # it was not killed
    assert not groups()


def groups() -> list[Path]:
    """The control groups of containers that this process has started."""
    ours = f"{scratch.GROUP}/{leftovers.prefix()}*"
    return [group for top in cgroups.here().all for group in top.glob(ours)]


def test_control_groups_of_killed_runs_are_swept() -> None:
    with subprocess.Popen(["true"]) as gone:
        pass
    name = f"{leftovers.prefix_of(gone.pid)}{scratch.MARK}x"
    left = cgroups.here().all[0] / scratch.GROUP / name
    kept = left.with_name(f"{leftovers.prefix()}{scratch.MARK}x")
    for group in (left, kept):
        group.mkdir(parents=True)
    try:
        scratch.sweep()
        assert not left.exists()
        assert kept.exists()  # its owner lives
    finally:
        kept.rmdir()


def test_it_is_the_library_kernel_to_a_program(tmp_path: Path) -> None:
    places = {place.name: place for place in compat.PLACES}
    said = {}
    for name in ("runu", "lkl"):
        text, version = places[name].run(tmp_path / name)
        said[name] = [
            (record.kind, record.name, record.outcome)
            for record in compat.parse(name, version, text)
        ]
    assert len(said["runu"]) > 50
    assert said["runu"] == said["lkl"]
