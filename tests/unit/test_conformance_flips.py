# SPDX-License-Identifier: GPL-2.0-only
"""Cases that end otherwise in the paper's condition, and what explains them."""

from artifact.conformance import cases, duts, flips
from artifact.conformance.case import Case
from artifact.conformance.duts.base import Kind
from artifact.conformance.duts.conditions import PAPER, Condition
from artifact.records import Verdict, VerdictRecord

FORWARD, ROUTE = "net.ipv4.ip_forward", "net.ipv4.conf.all.accept_source_route"


def record(case: str, mode: str, verdict: Verdict) -> VerdictRecord:
    return VerdictRecord(
        suite="arp", case=case, dut="lkl", mode=mode, verdict=verdict, reason="r", seconds=0
    )


def test_a_sysctl_without_which_the_verdict_is_another_explains_it() -> None:
    seen = [
        record("IP-4.12", "defaults", Verdict.FAIL),
        record("IP-4.12", "paper", Verdict.PASS),
        record("IP-4.12", PAPER.without(ROUTE).name, Verdict.FAIL),
        record("IP-4.12", PAPER.without(FORWARD).name, Verdict.PASS),
        record("ARP-1.1", "defaults", Verdict.PASS),
        record("ARP-1.1", "paper", Verdict.PASS),
        record("IP-7.1", "defaults", Verdict.NO_TEST),
        record("IP-7.1", "paper", Verdict.PASS),
    ]
    found = flips.flips(seen)
    assert [(flip.case, flip.because) for flip in found] == [("IP-4.12", (ROUTE,)), ("IP-7.1", ())]
    assert found[0].explanation == ROUTE
    assert "second link" in found[1].explanation


def test_only_flipped_cases_are_run_again() -> None:
    chosen = [cases.find(name) for name in ("ARP-1.1", "IP-4.12")]
    seen = [
        record(case.id, mode, verdict)
        for case, verdicts in zip(chosen, (["pass", "pass"], ["fail", "pass"]), strict=True)
        for mode, verdict in zip(("defaults", "paper"), map(Verdict, verdicts), strict=True)
    ]
    asked: list[tuple[str, list[str]]] = []

    def run(kind: Kind, condition: Condition, some: list[Case]) -> list[VerdictRecord]:
        asked.append((condition.name, [case.id for case in some]))
        return []

    flips.explain(duts.find("lkl"), chosen, seen, run)  # type: ignore[arg-type]  # a list will do
    assert asked == [(PAPER.without(key).name, ["IP-4.12"]) for key in PAPER.sysctls]
    asked.clear()
    flips.explain(duts.find("lwip"), chosen, seen, run)  # type: ignore[arg-type]  # likewise
    assert asked == []
