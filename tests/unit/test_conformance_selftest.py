# SPDX-License-Identifier: GPL-2.0-only
"""Every case passes on the good responder and fails on each of its mutants."""

import re
from pathlib import Path

import pytest

from artifact.conformance import cases, selftest
from artifact.conformance.duts.faults import NAMES
from artifact.errors import ArtifactError

LEAST = {"arp": 52, "ipv4": 68, "icmpv4": 32, "udp": 12}


def test_every_case_can_fail(tmp_path: Path) -> None:
    trials = selftest.run(cases.every(), tmp_path)
    wrong = [(t.case.id, t.faults, t.outcome) for t in trials if not t.proves]
    assert wrong == []
    assert len(trials) == sum(1 + len(case.mutants) for case in cases.every())


def test_every_fault_is_somebodys_mutant() -> None:
    used = {fault for case in cases.every() for fault in "+".join(case.mutants).split("+")}
    assert used == NAMES


def test_the_suites_have_cases_enough_and_ids_of_their_own() -> None:
    for name, least in LEAST.items():
        assert len(cases.SUITES[name].cases) >= least
    ids = [case.id for case in cases.every()]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"(ARP|IP|IC|UDP)-\d+\.\d+", name) for name in ids)


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(ArtifactError, match="no such fault: arp-sleepy"):
        selftest.faults_of("arp-no-reply+arp-sleepy")
