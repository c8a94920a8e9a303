# SPDX-License-Identifier: GPL-2.0-only
"""The claim list itself, and how it is read."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from artifact import claims, paths, port, tables
from artifact.errors import ArtifactError
from artifact.records import Run
from artifact.relations import CountEquals, Lines, Outcome

MINIMAL = """
[port.p]
files = ["**/*.c", "*.patch"]
exclude = ["skip.c"]
[[claim]]
id = "one"
text = "t"
place = "p.1"
command = "invoke x"
minutes = 1
test = { relation = "unsupported", reason = "r" }
"""


def test_every_claim_has_a_place_a_command_and_a_task_that_exists() -> None:
    tasks = (paths.REPO / "tasks.py").read_text()
    for claim in claims.load().claim:
        assert claim.place.startswith(("slides p.", "abstract")), claim.id
        word, task, *_ = claim.command.split()
        assert word == "invoke"
        name = {"test": "check"}.get(task, task).replace("-", "_")
        assert f"\ndef {name}(" in tasks, claim.command


def test_every_published_stack_has_its_counts_as_a_claim() -> None:
    listed = {c.test.dut for c in claims.load().claim if isinstance(c.test, CountEquals)}
    elsewhere = {"lkl-osx"}  # one claim of its own: the same as LKL
    assert listed | elsewhere == {cell.stack for cell in claims.published()}


def test_sums_in_claim_texts_agree_with_the_table() -> None:
    counts = claims.published()
    for claim in claims.load().claim:
        if claim.id.endswith("-below-linux"):
            fewer, more = (part.strip() for part in claim.paper.split("<"))
            for stack, text in ((claim.id.split("-")[0], fewer), ("linux", more)):
                mine = [cell for cell in counts if cell.stack == stack]
                assert text == f"{sum(c.passed for c in mine)}/{sum(c.total for c in mine)}"


def test_each_published_number_has_its_source() -> None:
    for name in ("conformance.csv", "statements.csv"):
        with (paths.PAPER_DATA / name).open(newline="") as file:
            assert all(row["source"] for row in csv.DictReader(file))


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (MINIMAL.replace('"unsupported"', '"more_or_less"'), r"claim\.one\.test.*more_or_less"),
        (MINIMAL.replace("minutes = 1", "minutes = -1"), r"claim\.one\.minutes"),
        (MINIMAL.replace('text = "t"', 'txt = "t"'), r"claim\.one\.t"),
        (MINIMAL + MINIMAL[MINIMAL.index("[[claim]]") :], "id used twice: one"),
        ("[[claim", "claims.toml: "),
    ],
)
def test_a_wrong_list_is_one_line(tmp_path: Path, broken: str, why: str) -> None:
    file = tmp_path / "claims.toml"
    file.write_text(broken)
    with pytest.raises(ArtifactError, match=why):
        claims.load(file)


def test_port_lines_with_and_without_comments_and_blanks(tmp_path: Path) -> None:
    part = port.PortPart(files=["**/*.c", "*.patch", "Kconfig"], exclude=["skip.c"])
    root = tmp_path / "patches"
    (root / "deep").mkdir(parents=True)
    (root / "deep" / "a.c").write_text("/* one\n two */\n\n#include <a.h>\nint a; // x\n")
    (root / "skip.c").write_text("int b;\n")
    (root / "1.patch").write_text("--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n one\n-two\n+three\n+\n")
    (root / "Kconfig").write_text("# SPDX\nconfig LKL\n")
    assert port.count({"p": part}, root) == {"p": Lines(5 + 2 + 2, 2 + 1 + 1)}


def test_a_run_is_judged(synthetic_run: Callable[..., Run]) -> None:
    found = {f.claim.id: f.judgement for f in claims.judge(synthetic_run())}
    assert found["equal-arp"].outcome is Outcome.HOLDS
    assert found["lwip-below-linux"].outcome is Outcome.HOLDS
    assert found["coldstart-native-runc"].outcome is Outcome.HOLDS
    assert found["count-linux"].outcome is Outcome.INCONCLUSIVE
    assert found["coldstart-order"].outcome is Outcome.NOT_RUN
    assert found["netperf-transmit"].why == "µKontainer: a reason <of> its own"
    smoke = {f.claim.id: f.judgement for f in claims.judge(synthetic_run(rounds=2))}
    assert smoke["coldstart-native-runc"].outcome is Outcome.INCONCLUSIVE


def test_the_claims_table_has_a_row_for_each_claim(synthetic_run: Callable[..., Run]) -> None:
    table = tables.claim_table(synthetic_run())
    assert [row[0] for row in table.cells] == [claim.id for claim in claims.load().claim]
    assert all(row[-1] for row in table.cells), "an outcome without a reason"
