# SPDX-License-Identifier: GPL-2.0-only
"""The table of known deviations and its comparison in both directions."""

from pathlib import Path

import pytest

from artifact.conformance import expect
from artifact.errors import ArtifactError
from artifact.records import Verdict, VerdictRecord


def record(case: str, verdict: Verdict) -> VerdictRecord:
    return VerdictRecord(
        suite="arp", case=case, dut="linux", mode="defaults", verdict=verdict, reason="r", seconds=0
    )


def test_the_committed_table_is_sound() -> None:
    table = expect.load()
    assert table
    assert all(row.evidence for row in table.values())


def test_the_library_kernel_is_expected_to_be_linux() -> None:
    rows = expect.load()
    verdicts = {
        dut: {case: row.verdict for (name, _, case), row in rows.items() if name == dut}
        for dut in ("linux", "lkl", "runu")
    }
    assert verdicts["lkl"] == verdicts["linux"] == verdicts["runu"]


def test_both_directions_are_reported() -> None:
    table = {("linux", "", "ARP-3.1"): expect.Expectation(Verdict.FAIL, "because")}
    as_expected = [record("ARP-3.1", Verdict.FAIL), record("ARP-3.2", Verdict.PASS)]
    assert expect.surprises(table, as_expected) == []
    other = [record("ARP-3.1", Verdict.PASS), record("ARP-3.2", Verdict.FAIL)]
    assert expect.surprises(table, other) == [
        "linux ARP-3.1 (defaults): expected fail, is pass: r",
        "linux ARP-3.2 (defaults): expected pass, is fail: r",
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[windows."ARP-3.1"]\nverdict="fail"\nevidence="e"', "unknown DUT 'windows'"),
        ('[linux."ARP-99"]\nverdict="fail"\nevidence="e"', "unknown case 'ARP-99'"),
        ('[linux."ARP-3.1"]\nverdict="maybe"\nevidence="e"', "no such verdict"),
        ('[linux."ARP-3.1"]\nverdict="fail"\nevidence=""', "needs verdict and evidence"),
        ('[linux."ARP-3.1"]\nverdict="fail"', "needs verdict and evidence"),
        ('[linux.paper."ARP-99"]\nverdict="fail"\nevidence="e"', "unknown case 'ARP-99'"),
        ('[lkl]\nlike="linux"', "is like 'linux', which is not here"),
        ("linux = [", "expect.toml"),
    ],
)
def test_a_wrong_table_is_one_clear_line(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "expect.toml"
    file.write_text(text)
    with pytest.raises(ArtifactError, match=why):
        expect.load(file)


def test_a_condition_of_its_own_wins_and_like_copies(tmp_path: Path) -> None:
    file = tmp_path / "expect.toml"
    file.write_text(
        '[linux."ARP-3.1"]\nverdict="fail"\nevidence="e"\n'
        '[linux.paper."ARP-3.1"]\nverdict="inconclusive"\nevidence="e"\n'
        '[lkl]\nlike="linux"\n'
    )
    table = expect.load(file)
    seen = {
        (dut, mode): expect.expected(
            table, record("ARP-3.1", Verdict.PASS).model_copy(update={"dut": dut, "mode": mode})
        )
        for dut in ("linux", "lkl")
        for mode in ("defaults", "paper")
    }
    wanted = {"defaults": Verdict.FAIL, "paper": Verdict.INCONCLUSIVE}
    assert seen == {(dut, mode): wanted[mode] for dut, mode in seen}
