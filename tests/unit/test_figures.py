# SPDX-License-Identifier: GPL-2.0-only
"""Figures and tables: same records, same bytes; a caption and a sidecar for each."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from artifact import claims, conformance_tables, figures, paths, styles, tables
from artifact.errors import ArtifactError
from artifact.records import Run, SampleRecord, Verdict, VerdictRecord
from artifact.relations import Outcome
from artifact.systems import registry


@pytest.mark.parametrize("name", figures.FIGURES)
def test_the_same_records_give_the_same_bytes(synthetic_run: Callable[..., Run], name: str) -> None:
    run = synthetic_run()
    for kind in figures.METADATA:
        first, second = (figures.FIGURES[name](run).render(kind) for _ in range(2))
        assert first == second


@pytest.mark.parametrize("make", [*figures.FIGURES.values(), *tables.TABLES.values()])
def test_an_empty_run_can_be_shown(results: Path, make: Callable[[Run], object]) -> None:
    assert make(Run.create("quick"))


def test_absent_systems_say_why(synthetic_run: Callable[..., Run]) -> None:
    drawing = figures.netperf(synthetic_run()).render("svg").decode()
    assert "not run: a reason &lt;of&gt; its own" in drawing
    assert "not run: in no package registry" in drawing


@pytest.mark.parametrize("name", ["coldstart", "netperf"])
def test_captions_define_every_mark(synthetic_run: Callable[..., Run], name: str) -> None:
    caption = figures.FIGURES[name](synthetic_run()).caption
    for word in ("Dots", "median", "whisker", "95 %"):
        assert word in caption


def test_smoke_is_said_to_be_no_measurement(synthetic_run: Callable[..., Run]) -> None:
    smoke = synthetic_run(rounds=2, profile="smoke")
    for make in figures.FIGURES.values():
        drawing = make(smoke)
        assert "not a measurement" in drawing.caption
        assert "profile smoke: not a measurement" in drawing.render("svg").decode()
    assert "smoke" not in figures.coldstart(synthetic_run()).render("svg").decode()


def test_everything_is_written_with_a_sidecar_that_names_its_inputs(
    synthetic_run: Callable[..., Run], tmp_path: Path
) -> None:
    run = synthetic_run()
    written = figures.write_all(run, tmp_path / "out")
    stems = {file.with_suffix("") for file in written}
    assert len(stems) == len(figures.FIGURES) + (
        len(tables.TABLES) + len(conformance_tables.TABLES)
    )
    for stem in stems:
        side = json.loads(stem.with_suffix(".json").read_text())
        assert side["run"] == run.id
        assert side["caption"]
        samples = (run.dir / "samples.jsonl").read_bytes()
        assert side["inputs"][str(run.dir / "samples.jsonl")] == hashlib.sha256(samples).hexdigest()
        assert "data/paper/conformance.csv" in side["inputs"]


def test_pass_counts_stand_beside_the_papers(synthetic_run: Callable[..., Run]) -> None:
    rows = {row[0]: row for row in tables.conformance(synthetic_run()).cells}
    assert rows["lwIP"] == ["lwIP", "31/52", "8/12", "27/68", "8/12", "14/32", "5/8", ""]
    assert rows["OSv"][2] == "not run"
    assert rows["OSv"][-1] == "not run: in no package registry"


def test_stacks_are_in_the_papers_order() -> None:
    order = styles.rows("conformance", {"lkl", "something", "uml"})
    assert order[:3] == ["lwip", "seastar", "osv"]
    assert order[-2:] == ["uml", "something"]
    with pytest.raises(ArtifactError, match="choose coldstart"):
        styles.rows("nothing", set())


def test_labels_are_those_of_the_registry() -> None:
    for system in registry.SYSTEMS:
        assert styles.style(system.name).label == system.label


def test_a_device_that_was_not_here_is_not_run(results: Path) -> None:
    run = Run.create("quick")
    run.add_skip("conformance", "lwip", "liblwip-dev is absent")
    for case in ("a", "b"):
        run.add_verdict(
            VerdictRecord(
                suite="arp", case=case, dut="lwip", mode="m", verdict=Verdict.NO_TEST, reason="r",
                seconds=0,
            )
        )  # fmt: skip
    row = tables.conformance(run).cells[0]
    assert (row[2], row[-1]) == ("not run", "not run: liblwip-dev is absent")
    found = {f.claim.id: f.judgement for f in claims.judge(run)}
    assert found["count-lwip"].outcome is Outcome.NOT_RUN
    assert found["count-lwip"].why == "lwIP: liblwip-dev is absent"


def test_warm_up_is_not_shown(results: Path) -> None:
    run = Run.create("quick")
    for number, warmup in ((0, True), (1, False)):
        run.add_sample(
            SampleRecord(
                experiment="coldstart", system="native", workload="w", metric="wall", unit="s",
                value=1.0 + number, round=number, warmup=warmup,
            )
        )  # fmt: skip
    assert tables.coldstart(run).cells[0][-1] == "2.00 s (n=1)"


def test_the_readme_can_show_a_run(synthetic_run: Callable[..., Run], tmp_path: Path) -> None:
    copy = tmp_path / "README.md"
    copy.write_text((paths.REPO / "README.md").read_text())
    table = tables.short_claim_table(synthetic_run())
    for _ in range(2):
        tables.insert(copy, table)
    text = copy.read_text()
    assert text.count("LKL behaves as Linux in every ARP case.") == 1
    assert text.count("## From the paper to a command") == 1
    with pytest.raises(ArtifactError, match="no place for the table t"):
        tables.insert(copy, tables.Table("t", "", [], []))


def test_text_survives_markdown_and_latex() -> None:
    table = tables.Table("t", "50 % of a_b", ["a|b"], [["<x> & µ_{y}"]])
    assert "a\\|b" in table.markdown()
    assert r"$<$x$>$ \& \textmu{}\_\{y\}" in table.latex()
    assert r"\caption{50 \% of a\_b}" in table.latex()


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0132, "s", "13.2 ms"), (9.871e9, "bit/s", "9.87 Gbit/s"), (30e-9, "s", "30.0 ns"),
        (0, "s", "0 s"), (55_123, "1/s", "55.1 k/s"), (1.0, "s", "1.00 s"), (123.4, "B", "123 B"),
    ],
)  # fmt: skip
def test_quantities(value: float, unit: str, text: str) -> None:
    assert styles.quantity(value, unit) == text


def test_committed_figures_are_none() -> None:
    assert (paths.PAPER_FIGURES / ".gitignore").read_text().splitlines()[-3:] == [
        "*", "!.gitignore", "!README.md",
    ]  # fmt: skip
