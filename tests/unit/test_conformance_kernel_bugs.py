# SPDX-License-Identifier: GPL-2.0-only
"""The bugs and the table beside them, and that both directions of a difference are told."""

from pathlib import Path

import pytest

from artifact.conformance import kernel_bugs
from artifact.conformance.kernel_bugs import Bug, bugs, differences, named
from artifact.errors import ArtifactError
from artifact.kernel import series

ROW = '["01-a"]\ndefaults = ["IP-1.1"]\npaper = []\n'


def table(tmp_path: Path, text: str, *patches: str) -> Path:
    for name in patches:
        (tmp_path / f"{name}.patch").write_text("x")
    (tmp_path / kernel_bugs.FILE).write_text(text)
    return tmp_path


def test_each_bug_is_one_small_edit_with_a_reason() -> None:
    every = bugs()
    assert len(every) >= 10
    for bug in every:
        assert len(series.read_patch(bug.patch).touches) == 1
        changed = [
            line for line in bug.patch.read_text().splitlines()
            if line.startswith(("+", "-")) and line[:3] not in ("+++", "---")
        ]  # fmt: skip
        assert 1 <= len(changed) <= 4, bug.name


def test_patches_and_table_must_name_the_same(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="missing for 02-b"):
        bugs(table(tmp_path, ROW, "01-a", "02-b"))


@pytest.mark.parametrize(
    "text",
    [
        '["01-a"]\ndefaults = []\npaper = []\n',
        '["01-a"]\ndefaults = ["IP-1.1"]\n',
        '["01-a"]\ndefaults = ["IP-0.0"]\npaper = []\n',
    ],
)
def test_a_bug_that_no_case_finds_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ArtifactError, match="01-a needs a list"):
        bugs(table(tmp_path, text, "01-a"))


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(ArtifactError, match="no such bug; choose 01-echo-identifier, "):
        named(["nothing"])


def test_both_directions_are_told(tmp_path: Path) -> None:
    bug = Bug("01-a", tmp_path, {"defaults": ["IP-1.1"], "paper": []})
    assert differences(bug, {"defaults": ["IP-1.1"], "paper": []}) == []
    assert differences(bug, {"defaults": [], "paper": ["IC-8.3"]}) == [
        "01-a (defaults): IP-1.1 does not find it",
        "01-a (paper): IC-8.3 finds it, too",
    ]
