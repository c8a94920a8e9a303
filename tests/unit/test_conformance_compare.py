# SPDX-License-Identifier: GPL-2.0-only
"""Two verdict vectors: what is equal, explained, unexplained, and explained in vain."""

from pathlib import Path

import pytest

from artifact.conformance.compare import compare, load, with_reference
from artifact.errors import ArtifactError
from artifact.records import Verdict, VerdictRecord

PASS, FAIL = Verdict.PASS, Verdict.FAIL


def record(dut: str, case: str, verdict: Verdict, mode: str = "defaults") -> VerdictRecord:
    return VerdictRecord(suite="ipv4", case=case, dut=dut, mode=mode, verdict=verdict,
                         reason="x", seconds=0, pcap="p.pcap")  # fmt: skip


def pair(case: str, ours: Verdict, theirs: Verdict, mode: str = "defaults") -> list[VerdictRecord]:
    return [record("lkl", case, ours, mode), record("linux", case, theirs, mode)]


def test_equal_vectors_hold() -> None:
    records = [*pair("IP-1.1", PASS, PASS), *pair("IP-2.7", FAIL, FAIL)]
    found = compare(records, "lkl", "linux", {})
    assert found.holds
    assert str(found).startswith("lkl and linux: 2 of 2 verdicts equal")


def test_a_difference_is_a_failure_until_it_is_explained() -> None:
    records = pair("IP-1.1", FAIL, PASS)
    assert not compare(records, "lkl", "linux", {}).holds
    table = {("lkl", "linux", "IP-1.1"): (FAIL, PASS, "net/ipv4/x.c")}
    found = compare(records, "lkl", "linux", table)
    assert found.holds
    assert found.explained == ["IP-1.1 (defaults): lkl fail, linux pass: net/ipv4/x.c"]


def test_an_explanation_of_another_difference_does_not_count() -> None:
    table = {("lkl", "linux", "IP-1.1"): (PASS, FAIL, "net/ipv4/x.c")}
    found = compare(pair("IP-1.1", FAIL, PASS), "lkl", "linux", table)
    assert len(found.unexplained) == 1
    assert len(found.stale) == 1


def test_an_explanation_in_vain_is_a_failure() -> None:
    table = {("lkl", "linux", "IP-1.1"): (FAIL, PASS, "net/ipv4/x.c")}
    found = compare(pair("IP-1.1", PASS, PASS), "lkl", "linux", table)
    assert not found.holds
    assert found.stale == ["IP-1.1: the difference that is explained does not show"]
    assert compare(pair("IP-1.2", PASS, PASS), "lkl", "linux", table).holds  # not tested


def test_only_the_same_condition_is_compared() -> None:
    records = [record("lkl", "IP-1.1", FAIL, "paper"), record("linux", "IP-1.1", PASS)]
    found = compare(records, "lkl", "linux", {})
    assert found.compared == 0
    assert not found.holds


def test_what_one_of_them_was_not_asked_is_not_compared() -> None:
    unasked = record("linux", "IP-6.14", Verdict.NO_TEST).model_copy(
        update={"reason": "needs slow"}
    )
    records = [*pair("IP-1.1", PASS, PASS), record("lkl", "IP-6.14", PASS), unasked]
    found = compare(records, "lkl", "linux", {})
    assert (found.compared, found.holds) == (1, True)


def test_every_form_of_linux_is_compared() -> None:
    records = [*pair("IP-1.1", PASS, PASS), record("linux-uml", "IP-1.1", FAIL)]
    assert [c.reference for c in with_reference(records)] == ["linux", "linux-uml"]
    assert with_reference([record("lwip", "IP-1.1", PASS)]) == []


def test_a_container_is_compared_with_the_library() -> None:
    both = [record("lkl", "IP-1.1", PASS), record("runu", "IP-1.1", FAIL)]
    (found,) = with_reference(both)
    assert (found.dut, found.reference, found.holds) == ("runu", "lkl", False)
    assert with_reference(both[1:]) == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('[lkl.linux."IP-0.0"]\nverdicts = ["fail", "pass"]\nevidence = "x"', "names no DUT or no"),
        ('[lkl.ipx."IP-1.1"]\nverdicts = ["fail", "pass"]\nevidence = "x"', "names no DUT or no"),
        ('[lkl.linux."IP-1.1"]\nverdicts = ["fail"]\nevidence = "x"', "needs verdicts"),
        ('[lkl.linux."IP-1.1"]\nverdicts = ["fail", "pass"]', "needs verdicts"),
        ('[lkl.linux."IP-1.1"]\nverdicts = ["fail", "green"]\nevidence = "x"', "green"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, row: str, said: str) -> None:
    file = tmp_path / "d.toml"
    file.write_text(row)
    with pytest.raises(ArtifactError, match=said):
        load(file)


def test_the_table_is_right() -> None:
    load()
