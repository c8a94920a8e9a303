# SPDX-License-Identifier: GPL-2.0-only
"""Each relation is seen to hold, to differ, to be inconclusive and to be not run."""

from collections.abc import Mapping, Sequence

import pytest
from pydantic import TypeAdapter

from artifact.records import Param, SampleRecord, SkipRecord, Verdict, VerdictRecord
from artifact.relations import Evidence, Lines, Outcome, PublishedCount, Relation

HOLDS, DIFFERS = Outcome.HOLDS, Outcome.DIFFERS
INCONCLUSIVE, NOT_RUN = Outcome.INCONCLUSIVE, Outcome.NOT_RUN
RELATION: TypeAdapter[Relation] = TypeAdapter(Relation)
SPREAD = (0.98, 1.0, 1.02, 0.99, 1.01, 1.0, 0.97, 1.03)


def samples(
    system: str, value: float, rounds: int = 8, size: Param = None, warmup: bool = False
) -> list[SampleRecord]:
    return [
        SampleRecord(
            experiment="x", system=system, workload="w", params={} if size is None else {"s": size},
            metric="m", unit="s", value=value * SPREAD[number], round=number, warmup=warmup,
        )
        for number in range(rounds)
    ]  # fmt: skip


def judge(evidence: Evidence, **fields: object) -> tuple[Outcome, str, str]:
    measured = {"experiment": "x", "metric": "m"} if "systems" in fields else {}
    judgement = RELATION.validate_python({**measured, **fields}).judge(evidence)
    return judgement.outcome, judgement.ours, judgement.why


def of(*groups: Sequence[SampleRecord], skips: Mapping[str, str] | None = None) -> Evidence:
    told = [
        SkipRecord(experiment="x", system=name, reason=reason)
        for name, reason in (skips or {}).items()
    ]
    return Evidence(samples=[one for group in groups for one in group], skips=told)


@pytest.mark.parametrize(
    ("relation", "limit", "ratio", "outcome"),
    [
        ("ratio_at_least", {"value": 1.5}, 2.0, HOLDS),
        ("ratio_at_least", {"value": 1.5}, 1.0, DIFFERS),
        ("ratio_at_least", {"value": 1.0}, 1.0, INCONCLUSIVE),
        ("ratio_at_most", {"value": 1.5}, 1.0, HOLDS),
        ("ratio_at_most", {"value": 1.5}, 2.0, DIFFERS),
        ("ratio_at_most", {"value": 1.0}, 1.0, INCONCLUSIVE),
        ("within", {"tolerance": 0.2}, 1.1, HOLDS),
        ("within", {"tolerance": 0.2}, 0.7, DIFFERS),
        ("within", {"tolerance": 0.2}, 1.3, DIFFERS),
        ("within", {"tolerance": 0.2}, 1.2, INCONCLUSIVE),
        ("best_ratio_at_least", {"value": 1.84}, 2.0, HOLDS),
        ("best_ratio_at_least", {"value": 1.84}, 1.7, DIFFERS),
    ],
)
def test_ratios(relation: str, limit: dict[str, float], ratio: float, outcome: Outcome) -> None:
    reverse = [s.model_copy(update={"round": 7 - s.round}) for s in samples("a", ratio)]
    evidence = of(reverse, samples("b", 1.0))
    assert judge(evidence, relation=relation, systems=("a", "b"), **limit)[0] is outcome


def test_few_rounds_never_decide() -> None:
    evidence = of(samples("a", 9.0, rounds=5), samples("b", 1.0, rounds=5))
    found = judge(evidence, relation="ratio_at_least", systems=("a", "b"), value=2)
    assert found[0] is INCONCLUSIVE
    assert found[2] == "5 rounds, an interval needs 6"


def test_warm_up_is_not_evidence() -> None:
    evidence = of(samples("a", 9.0, warmup=True), samples("b", 1.0))
    assert judge(evidence, relation="within", systems=("a", "b"), tolerance=0.1)[0] is NOT_RUN


def test_what_was_not_run_gives_its_recorded_reason() -> None:
    evidence = of(samples("b", 1.0), skips={"a": "no such tool"})
    found = judge(evidence, relation="within", systems=("a", "b"), tolerance=0.1)
    assert found == (NOT_RUN, "not run", "a: no such tool")


def test_systems_without_a_common_round_cannot_be_compared() -> None:
    late = [s.model_copy(update={"round": s.round + 100}) for s in samples("a", 1.0)]
    for relation, limit in (("within", {"tolerance": 0.1}), ("best_ratio_at_least", {"value": 1})):
        found = judge(of(late, samples("b", 1)), relation=relation, systems=("a", "b"), **limit)
        assert found[0] is INCONCLUSIVE
    found = judge(of(late, samples("b", 1)), relation="ordering", systems=("a", "b"))
    assert found[0] is INCONCLUSIVE


def test_each_parameter_set_counts_for_within_and_the_best_for_up_to() -> None:
    evidence = of(
        samples("a", 2.0, size=64), samples("b", 1.0, size=64),
        samples("a", 1.0, size=1500), samples("b", 1.0, size=1500),
    )  # fmt: skip
    assert judge(evidence, relation="within", systems=("a", "b"), tolerance=0.1)[0] is DIFFERS
    best = judge(evidence, relation="best_ratio_at_least", systems=("a", "b"), value=1.84)
    assert best[:2] == (HOLDS, "best ratio 2 [2, 2] (n=8)")
    only = judge(evidence, relation="within", systems=("a", "b"), tolerance=0.1, params={"s": 1500})
    assert only[0] is HOLDS


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ((1.0, 2.0, 3.0), HOLDS),
        ((1.0, 3.0, 2.0), DIFFERS),
        ((1.0, None, 3.0), NOT_RUN),
        ((1.0, 2.0, None), INCONCLUSIVE),
        ((2.0, 1.0, None), DIFFERS),
    ],
)
def test_ordering(values: tuple[float | None, ...], outcome: Outcome) -> None:
    groups = [samples(n, v) for n, v in zip("abc", values, strict=True) if v is not None]
    assert judge(of(*groups), relation="ordering", systems=tuple("abc"))[0] is outcome


def test_recorded() -> None:
    fields = {"relation": "recorded", "experiment": "x", "metric": "m", "system": "a", "count": 4}
    assert judge(of(samples("a", 1.0)), **fields)[0] is HOLDS
    assert judge(of(samples("a", 1.0, rounds=2)), **fields)[0] is INCONCLUSIVE
    assert judge(of(samples("b", 1.0)), **fields)[0] is NOT_RUN


@pytest.mark.parametrize(
    ("values", "outcome"),
    [((1.2, 1.3), HOLDS), ((1.2, 0.7), INCONCLUSIVE), ((0.7, 0.8), DIFFERS)],
)
def test_at_least(values: tuple[float, ...], outcome: Outcome) -> None:
    fields = {"relation": "at_least", "experiment": "x", "metric": "m", "system": "a"}
    found = [s for value in values for s in samples("a", value)]
    assert judge(of(found), **fields, value=0.95)[0] is outcome
    assert judge(of(samples("b", 1.0)), **fields, value=0.95)[0] is NOT_RUN


def verdicts(dut: str, letters: str, suite: str = "arp") -> list[VerdictRecord]:
    meaning = {"P": "pass", "F": "fail", "I": "inconclusive", "E": "error", "N": "no_test"}
    return [
        VerdictRecord(
            suite=suite, case=f"c{number}", dut=dut, mode="t", verdict=Verdict(meaning[letter]),
            reason="", seconds=0,
        )
        for number, letter in enumerate(letters)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("linux", "lkl", "outcome", "why"),
    [
        ("PPFI", "PPFI", HOLDS, "no case differs"),
        ("PPF", "PFF", DIFFERS, "unequal: c1"),
        ("PPE", "PPP", INCONCLUSIVE, "error in c2"),
        ("PPE", "PPE", INCONCLUSIVE, "error in c2"),
        ("FPE", "PPP", DIFFERS, "unequal: c0, c2"),
        ("PPP", "PP", INCONCLUSIVE, "run on one of the two only: c2"),
        ("PPP", "", NOT_RUN, "LKL: not in this run"),
    ],
)
def test_verdicts_equal(linux: str, lkl: str, outcome: Outcome, why: str) -> None:
    evidence = Evidence(verdicts=verdicts("linux", linux) + verdicts("lkl", lkl))
    found = judge(evidence, relation="verdicts_equal", suite="arp", duts=("linux", "lkl"))
    assert (found[0], found[2]) == (outcome, why)


@pytest.mark.parametrize(
    ("letters", "outcome"),
    [("PPFF", HOLDS), ("PPPF", DIFFERS), ("PP", INCONCLUSIVE), ("", NOT_RUN)],
)
def test_counts_are_compared_only_with_a_suite_of_the_same_size(
    letters: str, outcome: Outcome
) -> None:
    evidence = Evidence(
        verdicts=verdicts("lwip", letters), published=[PublishedCount("lwip", "arp", 2, 4)]
    )
    assert judge(evidence, relation="count_equals", dut="lwip")[0] is outcome


@pytest.mark.parametrize(
    ("lwip", "linux", "outcome"),
    [("PFF", "PPP", HOLDS), ("PPP", "PPP", DIFFERS), ("FFPPPP", "PPF", HOLDS), ("", "P", NOT_RUN)],
)
def test_passes_fewer(lwip: str, linux: str, outcome: Outcome) -> None:
    evidence = Evidence(verdicts=verdicts("lwip", lwip) + verdicts("linux", linux))
    found = judge(evidence, relation="passes_fewer", suites=["arp"], duts=("lwip", "linux"))
    assert found[0] is outcome


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        (Lines(10, 9), HOLDS),
        (Lines(12, 11), DIFFERS),
        (Lines(12, 10), INCONCLUSIVE),
        (Lines(0, 0), NOT_RUN),
    ],
)
def test_lines_at_most(lines: Lines, outcome: Outcome) -> None:
    found = judge(Evidence(port_lines={"p": lines}), relation="lines_at_most", part="p", value=10)
    assert found[0] is outcome


def test_unsupported_says_why() -> None:
    found = judge(Evidence(), relation="unsupported", reason="needs macOS")
    assert found == (NOT_RUN, "not run", "needs macOS")
