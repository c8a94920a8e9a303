# SPDX-License-Identifier: GPL-2.0-only
"""The experiment `programs`: what a round holds, what opbench says, what is stored already."""

from collections.abc import Callable

import pytest

from artifact import figures, tables
from artifact.bench import opbench, programs
from artifact.bench.programs import Subject
from artifact.bench.schedule import Turn
from artifact.errors import ArtifactError
from artifact.records import Run


def test_a_round_has_every_workload_on_every_system() -> None:
    subjects = programs.subjects()
    assert len(subjects) == len(set(subjects))
    assert {s.workload for s in subjects} == programs.WORKLOADS.keys()
    for native in (s for s in subjects if s.system == "native"):
        other = Subject(native.workload, "ukontainer", native.operation, native.libc)
        assert other in subjects
    assert {s.workload for s in subjects if s.system == "ukontainer-tap"} == {"redis", "nginx"}


LINE = '{"operation": "pipe", "count": 50000, "ns": 350.5}'


def test_opbench_is_understood() -> None:
    assert opbench.parse(LINE + "\n", "pipe") == pytest.approx(350.5e-9)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Segmentation fault",
        LINE.replace("350.5", "0"),
        LINE.replace("350.5", "-3"),
        LINE.replace("350.5", "NaN"),
        LINE.replace('"ns"', '"us"'),
        LINE.replace("50000", "1"),
        LINE.replace("pipe", "getppid"),
        LINE + LINE,
    ],
)
def test_what_opbench_did_not_say_is_refused(text: str) -> None:
    with pytest.raises(ArtifactError, match="opbench pipe"):
        opbench.parse(text, "pipe")


def test_what_is_stored_is_not_measured_again(results: object) -> None:
    run = Run.create("smoke")
    for number, subject in enumerate(programs.subjects()):
        metric = subject.operation or {"redis": "get", "nginx": "requests"}.get(
            subject.workload, "wall"
        )
        programs._record(run, Turn(1, False, number, subject), {metric: ("s", 1.0)})
    assert programs._stored(run) == {(subject, 1) for subject in programs.subjects()}


def test_table_and_figure_show_ratio_and_goal(synthetic_run: Callable[..., Run]) -> None:
    run = synthetic_run()
    rows = {(row[0], row[1], row[3]): row for row in tables.programs(run).cells}
    mine = rows["redis", "get", "µKontainer"]
    assert 1.05 < float(mine[5].split()[0]) < 1.15
    assert mine[6].endswith("reached")
    assert rows["python", "max_rss", "µKontainer"][6].endswith("MISSED")
    assert rows["redis", "get", "native"][5:] == ["", ""]
    assert ("cpython", "cases_passed", "µKontainer") not in rows
    assert figures.programs(run).render("svg").count(b"redis get") == 1


def test_a_run_without_the_experiment_says_so(results: object) -> None:
    run = Run.create("smoke")
    run.add_skip("programs", "ukontainer", "no library kernel")
    said = [row[4] for row in tables.programs(run).cells]
    assert "not run: no library kernel" in said
    assert b"not run: no library" in figures.programs(run).render("svg")
