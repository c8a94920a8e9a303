# SPDX-License-Identifier: GPL-2.0-only
"""bench-core: goals are judged from the stored samples; without a build there is one line."""

from pathlib import Path

import pytest

from artifact.bench import core
from artifact.bench.tools.lkl_bench import HOST, LKL, LKL_ONLY, UNITS, Bench
from artifact.errors import Unavailable
from artifact.records import SampleRecord


def rate(threads: int, number: int, value: float, warmup: bool = False) -> SampleRecord:
    return SampleRecord(
        experiment="core", system=LKL, workload="lkl-bench", params={"threads": threads},
        metric="syscall_rate", unit="1/s", value=value, round=number, warmup=warmup,
    )  # fmt: skip


def test_thread_ratios_pair_rounds_and_leave_out_the_warm_up() -> None:
    samples = [rate(1, 0, 1.0, True), rate(4, 0, 9.0, True)]
    samples += [rate(1, 1, 10.0), rate(4, 1, 5.0), rate(4, 2, 8.0), rate(1, 2, 10.0)]
    assert core.thread_ratios(samples, LKL) == [0.5, 0.8]


def test_every_metric_is_measured_on_every_system_that_has_it() -> None:
    wanted = {(metric, LKL) for metric in UNITS}
    wanted |= {(metric, HOST) for metric in UNITS if metric not in LKL_ONLY}
    assert {(bench.metric, bench.system) for bench in core.SUBJECTS} == wanted


@pytest.mark.parametrize(
    ("value", "said"), [(14e-3, "reached"), (16e-3, "MISSED")], ids=["below", "above"]
)
def test_a_goal_is_judged_by_the_median(value: float, said: str) -> None:
    assert core.verdict(Bench("boot", LKL), [value] * 3) == f"under 15.0 ms: {said}"


def test_the_host_has_no_goals() -> None:
    assert core.verdict(Bench("pipe_pingpong", HOST), [1.0]) == ""


def test_without_a_build_there_is_one_line_and_no_run(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UK_LKL_PREFIX", str(tmp_path))
    with pytest.raises(Unavailable, match="not built"):
        core.run("smoke")
    assert list(results.iterdir()) == []
