# SPDX-License-Identifier: GPL-2.0-only
"""Every candidate is a case or has a reason why not."""

from pathlib import Path

import pytest

from artifact.conformance import cases
from artifact.conformance.candidates import Candidate, candidates, not_cases, uncovered
from artifact.errors import ArtifactError

HEAD = "suite,id,rfc,level,stimulus,expected,fwd,app,prio,note\n"


def test_cases_and_excuses_cover_the_candidates_exactly() -> None:
    known = {case.id for case in cases.every()}
    assert uncovered(known, candidates(), not_cases()) == []
    assert len(candidates()) == 324


def test_every_case_says_what_is_sent_and_what_is_expected() -> None:
    for case in cases.every():
        assert case.stimulus, case.id
        assert case.expected, case.id


def test_a_gap_is_found_in_both_directions() -> None:
    listed = {key: Candidate(key, "x", "y", "") for key in ("A-1", "A-2", "A-3")}
    excused = {"A-2": "no rule says so", "A-9": "no such thing"}
    assert uncovered({"A-2"}, listed, excused) == [
        "A-1 is neither a case nor excused",
        "A-2 is a case and excused",
        "A-3 is neither a case nor excused",
        "A-9 is excused but no candidate",
    ]


def test_a_repeated_stimulus_is_resolved(tmp_path: Path) -> None:
    file = tmp_path / "c.csv"
    file.write_text(
        f"# where from\n{HEAD}ARP,A-1,1,M,Send it,Comes,N,N,A,\nARP,A-2,1,M,same,Goes,,,,"
    )
    assert candidates(file)["A-2"].stimulus == "Send it"


@pytest.mark.parametrize("row", ["ARP,,1,M,x,y,N,N,A,", "ARP,A-1,1,M,x,,N,N,A,"])
def test_an_incomplete_row_is_refused(tmp_path: Path, row: str) -> None:
    file = tmp_path / "c.csv"
    file.write_text(HEAD + row)
    with pytest.raises(ArtifactError, match="incomplete"):
        candidates(file)


def test_an_excuse_needs_a_reason(tmp_path: Path) -> None:
    file = tmp_path / "n.toml"
    file.write_text('"A-1" = "no"')
    with pytest.raises(ArtifactError, match="A-1 needs a reason"):
        not_cases(file)
