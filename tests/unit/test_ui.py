# SPDX-License-Identifier: GPL-2.0-only
"""Plain output: what is printed when nobody sits at a terminal."""

from pathlib import Path

import pytest

from artifact import ui


def test_steps_tell_how_long_they_took_last_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note = tmp_path / "cache" / "durations.json"
    with ui.step("build", note):
        pass
    assert "last time" not in capsys.readouterr().out
    with ui.step("build", note):
        pass
    assert "== build (last time 0.0 s)" in capsys.readouterr().out
    assert ui.durations(note).keys() == {"build"}


def test_a_failed_step_is_not_remembered(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no"), ui.step("x", tmp_path / "d"):
        raise ValueError("no")
    assert ui.durations(tmp_path / "d") == {}


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"a": "b"}', '{"a": null}'])
def test_an_unreadable_note_stops_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "d").write_text(text)
    assert ui.durations(tmp_path / "d") == {}
    ui.remember("a", 1.0, tmp_path / "d")
    assert ui.durations(tmp_path / "d") == {"a": 1.0}


def test_progress_says_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with ui.progress("cases", 2) as bar:
        bar.advance(what="one")
        bar.advance(what="two")
    assert capsys.readouterr().out == "cases: 2/2 two\n"


def test_tables_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    ui.table("t", ["a", "long"], [["xx", 1], ["y", 22]])
    assert capsys.readouterr().out == "t\na   long\nxx  1\ny   22\n"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.44, "0.4 s"), (12.3, "12 s"), (185, "3 min 05 s")]
)
def test_durations_are_for_people(seconds: float, text: str) -> None:
    assert ui.duration(seconds) == text
