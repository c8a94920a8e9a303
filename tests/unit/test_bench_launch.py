# SPDX-License-Identifier: GPL-2.0-only
"""The launcher: compiled once, measures real programs, says what went wrong."""

import time
from pathlib import Path

import pytest

from artifact import paths
from artifact.bench import launch
from artifact.errors import ArtifactError


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")
    return launch.launcher()


def test_it_is_compiled_once(program: Path) -> None:
    before = program.stat().st_mtime_ns
    assert launch.launcher() == program
    assert program.stat().st_mtime_ns == before


def test_exit_code_and_both_streams(program: Path, tmp_path: Path) -> None:
    script = "echo out; echo err >&2; exit 3"
    done = launch.launch(program, ["/bin/sh", "-c", script], tmp_path)
    assert (done.code, done.stdout, done.stderr) == (3, "out\n", "err\n")


def test_time_spans_the_programs_life(program: Path, tmp_path: Path) -> None:
    begin = time.monotonic()
    done = launch.launch(program, ["/bin/sleep", "0.2"], tmp_path)
    assert 0.2 <= done.wall <= time.monotonic() - begin
    assert done.cpu < done.wall


def test_a_killing_signal_is_negative(program: Path, tmp_path: Path) -> None:
    done = launch.launch(program, ["/bin/sh", "-c", "kill -9 $$"], tmp_path)
    assert done.code == -9


def test_the_environment_is_ours_alone(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UK_SECRET", "1")
    done = launch.launch(program, ["/usr/bin/env"], tmp_path)
    assert [line.split("=")[0] for line in done.stdout.splitlines()] == ["PATH"]


def test_an_absent_program_is_named(program: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="start /no/such: No such file"):
        launch.launch(program, ["/no/such"], tmp_path)


def test_an_absent_root_is_named(program: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="open /no/root: No such file"):
        launch.launch(program, ["/bin/true"], tmp_path, options=["--chroot", "/no/root"])


@pytest.mark.parametrize("text", ["", "{}", '{"wall_ns": "1"}', "wall 3"])
def test_a_broken_report_is_refused(text: str) -> None:
    with pytest.raises(ArtifactError, match="nonsense"):
        launch.parse_report(text)
