# SPDX-License-Identifier: GPL-2.0-only
"""Sweeping: what dead processes of ours left goes, everything else stays."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from artifact.systems import cgroups, leftovers


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(cgroups, "here", lambda: cgroups.Hierarchies((), None))
    return tmp_path


def dead_pid() -> int:
    child = subprocess.Popen(["true"])
    child.wait()
    return child.pid


def test_directories_of_the_dead_go_and_others_stay(place: Path) -> None:
    dead = f"{leftovers.prefix_of(dead_pid())}abc"
    foreign = f"uk-{dead_pid()}-1-abc"  # of another PID namespace
    for name in (dead, f"{leftovers.prefix()}abc", foreign, "other"):
        (place / name).mkdir()
    assert leftovers.sweep() == [dead]
    assert sorted(path.name for path in place.iterdir()) == sorted(
        [f"{leftovers.prefix()}abc", foreign, "other"]
    )


def test_a_link_is_not_followed(place: Path) -> None:
    target = place / "precious"
    target.mkdir()
    (place / f"{leftovers.prefix_of(dead_pid())}link").symlink_to(target)
    assert leftovers.sweep() == []
    assert target.is_dir()


def test_a_directory_of_another_user_is_not_ours(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = place / f"{leftovers.prefix_of(dead_pid())}trap"
    trap.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert leftovers.sweep() == []
    assert trap.is_dir()


def test_a_note_cut_off_while_being_written_does_no_harm(place: Path) -> None:
    left = place / f"{leftovers.prefix_of(dead_pid())}abc"
    (left / leftovers.CONTAINERS).mkdir(parents=True)
    (left / leftovers.CONTAINERS / "uk-1-1").write_text('{"runtime": "/bin')
    assert leftovers.sweep() == [left.name]


def test_a_workplace_goes_when_its_owner_fails(place: Path) -> None:
    seen: list[Path] = []

    def interrupted() -> None:
        with leftovers.workplace() as mine:
            seen.append(mine)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert seen[0].name.startswith(leftovers.prefix())
    assert list(place.iterdir()) == []


def test_a_zombie_is_not_alive() -> None:
    with subprocess.Popen(["true"]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert Path("/proc", str(child.pid)).exists()
        assert not leftovers.alive(child.pid)
    assert leftovers.alive(os.getpid())
