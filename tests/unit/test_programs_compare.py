# SPDX-License-Identifier: GPL-2.0-only
"""Comparison with the host, and the table of differences in both directions."""

from pathlib import Path

import pytest

from artifact.errors import ArtifactError
from artifact.programs import compare
from artifact.programs.cases import Outcome, Result
from artifact.programs.compare import Difference


def results(**outcomes: str) -> list[Result]:
    return [
        Result(case=f"m.{case}", outcome=Outcome(outcome), seconds=0.0, reason="r")
        for case, outcome in outcomes.items()
    ]


HOST = results(a="pass", b="pass", c="pass", d="pass", e="skip", f="fail")


def test_only_what_passes_on_the_host_counts() -> None:
    found = compare.with_host(HOST, results(a="pass", b="pass", c="pass", d="pass"), [])
    assert (found.host_passed, found.passed, found.share) == (4, 4, 1.0)
    assert not found.surprises
    assert "of 4 cases that pass on the host, 4 pass here (100.0%)" in str(found)


def test_a_difference_is_expected_or_a_surprise() -> None:
    here = results(a="pass", b="pass", c="error", d="skip")
    found = compare.with_host(HOST, here, [Difference("m.c", (Outcome.ERROR,), "why")])
    assert found.share == 0.5
    assert [*found.differences] == ["m.c", "m.d"]
    assert found.surprises == ["m.d: expected pass, is skip: r"]


def test_a_case_without_a_result_is_a_difference() -> None:
    found = compare.with_host(HOST, results(a="pass", b="pass", c="pass"), [])
    assert found.share == 0.75
    assert found.surprises == ["m.d: expected pass, is error: no result"]


def test_a_row_that_is_not_true_is_a_surprise() -> None:
    rows = [
        Difference("m.[ab]", (Outcome.FAIL, Outcome.ERROR), "why"),
        Difference("m.gone*", (Outcome.CRASH,), "why"),
    ]
    here = results(a="pass", b="error", c="pass", d="pass")
    found = compare.with_host(HOST, here, rows)
    assert found.surprises == [
        "m.a: expected fail or error, is pass: r",
        "m.gone*: expected crash, has no such case",
    ]


def test_a_case_that_fails_now_and_then_is_never_a_surprise() -> None:
    rows = [
        Difference("m.a", (Outcome.PASS, Outcome.FAIL), "why"),
        Difference("m.f", (Outcome.PASS, Outcome.FAIL), "fails on the host today"),
    ]
    for outcome in ("pass", "fail"):
        here = results(a=outcome, b="pass", c="pass", d="pass")
        assert compare.with_host(HOST, here, rows).surprises == []
    here = results(a="crash", b="pass", c="pass", d="pass")
    assert len(compare.with_host(HOST, here, rows).surprises) == 1


def test_the_host_alone() -> None:
    assert compare.alone(HOST, [Difference("m.f", (Outcome.FAIL,), "why")]) == []
    assert compare.alone(HOST, []) == ["m.f: expected pass, is fail: r"]


def test_nothing_to_compare_with() -> None:
    with pytest.raises(ArtifactError, match="no case passed on the host"):
        _ = compare.with_host(results(a="fail"), [], []).share


def test_the_committed_table_is_sound() -> None:
    assert compare.load("cpython", "native")
    assert compare.load("cpython", "ukrun")
    assert compare.load("cpython", "no such system") == []


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ('outcome = "fail"', "needs outcome and reason"),
        ('outcome = "fail"\nreason = ""', "needs outcome and reason"),
        ('outcome = "maybe"\nreason = "r"', "no such outcome"),
        ('outcome = "pass"\nreason = "r"', "what passes needs no row"),
        ('outcome = []\nreason = "r"', "what passes needs no row"),
        ("outcome = [", "expect.toml"),
    ],
)
def test_a_wrong_table_is_one_clear_line(tmp_path: Path, row: str, why: str) -> None:
    file = tmp_path / "expect.toml"
    file.write_text(f'[p.x."m.a"]\n{row}\n')
    with pytest.raises(ArtifactError, match=why):
        compare.load("p", "x", file)
