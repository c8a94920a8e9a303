# SPDX-License-Identifier: GPL-2.0-only
"""This project's goals: judged on ratios, values and surpluses, missed when missed."""

import pytest

from artifact import goals
from artifact.goals import Goal, Measure
from artifact.records import SampleRecord


def samples(
    system: str, *values: float, metric: str = "wall", libc: str = ""
) -> list[SampleRecord]:
    return [
        SampleRecord(
            experiment="programs",
            system=system,
            workload="hello",
            params={"libc": libc} if libc else {},
            metric=metric,
            unit="s",
            value=value,
            round=number,
            warmup=number == 0,
        )
        for number, value in enumerate(values)
    ]


HERE = Measure("hello", "wall", "ukontainer")
BOTH = samples("native", 100.0, 2.0, 4.0, 8.0) + samples("ukontainer", 1.0, 3.0, 6.0)


def test_ratios_are_within_rounds_and_without_warm_up() -> None:
    assert HERE.ratios(BOTH) == [1.5, 1.5]
    assert HERE.surplus(BOTH) == [1.0, 2.0]
    assert HERE.rounds(BOTH) == {1: 3.0, 2: 6.0}


def test_other_libc_other_measure() -> None:
    other = samples("native", 0.0, 1.0, libc="static")
    assert Measure("hello", "wall", "native", "static").rounds(other) == {1: 1.0}
    assert Measure("hello", "wall", "native").rounds(other) == {}


@pytest.mark.parametrize(
    ("goal", "said"),
    [
        (Goal("hello", "wall", 2.0), "ratio at most 2.00: 1.50, reached"),
        (Goal("hello", "wall", 1.4), "ratio at most 1.40: 1.50, MISSED"),
        (Goal("hello", "wall", 1.4, at_least=True), "ratio at least 1.40: 1.50, reached"),
        (Goal("hello", "wall", 1.6, at_least=True), "ratio at least 1.60: 1.50, MISSED"),
        (Goal("hello", "wall", 5.0, "value", unit="s"), "at most 5.00 s: 4.50 s, reached"),
        (Goal("hello", "wall", 1.0, "surplus", unit="s"), "surplus at most 1.00 s: 1.50 s, MISSED"),
        (Goal("hello", "max_rss", 1.0), ""),
        (Goal("python", "wall", 1.0), ""),
        (Goal("hello", "wall", 1.0, systems=("ukontainer-tap",)), ""),
    ],
)
def test_a_goal(goal: Goal, said: str) -> None:
    assert goal.judge(HERE, BOTH) == said


def test_nothing_is_said_of_nothing() -> None:
    assert Goal("hello", "wall", 2.0).judge(HERE, samples("native", 1.0, 2.0)) == ""


def test_only_goals_of_ratios_have_a_line() -> None:
    assert goals.limit(Measure("opbench", "getppid", "ukontainer", "static")) == pytest.approx(
        1 / 3
    )
    assert goals.limit(Measure("hello", "wall", "ukontainer")) is None
    assert goals.limit(Measure("redis", "get", "ukontainer-tap")) == 0.9
    assert goals.limit(Measure("opbench", "pipe", "ukontainer-tap")) is None
