# SPDX-License-Identifier: GPL-2.0-only
"""The work tree follows the port by content, and the pristine tree is never written to."""

import os
from pathlib import Path

import pytest

from artifact.errors import ArtifactError
from artifact.kernel import patch, series

UPSTREAM = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"
REASON = "init: say what is different here\n\nThe library has no console at this point yet.\n"
FIRST = REASON + (
    "--- a/init/main.c\n+++ b/init/main.c\n@@ -1,4 +1,4 @@\n one\n-two\n+TWO\n three\n four\n"
)
SECOND = REASON + (
    "--- a/init/main.c\n+++ b/init/main.c\n"
    "@@ -1,5 +1,5 @@\n one\n TWO\n-three\n+THREE\n four\n five\n"
)
OLD = 1_000_000_000  # seconds since the epoch, as a tarball would have it


class Lab:
    """A pristine tree of two files, an empty port and the place of the work tree."""

    def __init__(self, root: Path) -> None:
        self.pristine, self.linux, self.tree = root / "pristine", root / "linux", root / "w/src"
        for name in ("init/main.c", "kernel/fork.c"):
            self._upstream(name)
        (self.linux / "overlay").mkdir(parents=True)
        (self.linux / "patches").mkdir()
        self.patches({})

    def _upstream(self, name: str) -> None:
        file = self.pristine / name
        file.parent.mkdir(parents=True)
        file.write_text(UPSTREAM)
        os.utime(file, (OLD, OLD))

    def overlay(self, name: str, text: str) -> Path:
        file = self.linux / "overlay" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def patches(self, patches: dict[str, str]) -> None:
        for old in (self.linux / "patches").iterdir():
            old.unlink()
        for name, text in patches.items():
            (self.linux / "patches" / name).write_text(text)
        (self.linux / "patches/series").write_text("".join(f"{name}\n" for name in patches))

    def sync(self) -> patch.Change:
        return patch.sync(series.read(self.linux), self.pristine, self.tree)

    def text(self, name: str) -> str:
        return (self.tree / name).read_text()

    def pristine_untouched(self) -> bool:
        files = [f for f in self.pristine.rglob("*") if f.is_file()]
        return all(f.read_text() == UPSTREAM and f.stat().st_mtime == OLD for f in files)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_overlay_and_series_are_laid_over_the_pristine_tree(lab: Lab) -> None:
    lab.overlay("arch/lkl/Makefile", "all:\n")
    lab.patches({"1.patch": FIRST, "2.patch": SECOND})
    change = lab.sync()
    assert change.written == ("arch/lkl/Makefile", "init/main.c")
    assert lab.text("arch/lkl/Makefile") == "all:\n"
    assert lab.text("init/main.c") == UPSTREAM.replace("two\nthree", "TWO\nTHREE")
    assert lab.text("kernel/fork.c") == UPSTREAM
    assert lab.pristine_untouched()


def test_nothing_changed_writes_nothing(lab: Lab) -> None:
    lab.overlay("arch/lkl/Makefile", "all:\n").touch()
    lab.patches({"1.patch": FIRST})
    lab.sync()
    before = (lab.tree / "init/main.c").stat()
    lab.overlay("arch/lkl/Makefile", "all:\n")
    assert not lab.sync()
    assert (lab.tree / "init/main.c").stat().st_mtime_ns == before.st_mtime_ns


def test_one_changed_overlay_file_is_the_only_one_written(lab: Lab) -> None:
    lab.overlay("arch/lkl/a.c", "a")
    lab.overlay("arch/lkl/b.c", "b")
    lab.sync()
    lab.overlay("arch/lkl/b.c", "c")
    assert lab.sync() == patch.Change(("arch/lkl/b.c",), (), ())


def test_a_dropped_patch_restores_the_file_with_a_new_time(lab: Lab) -> None:
    lab.patches({"1.patch": FIRST})
    lab.sync()
    lab.patches({})
    assert lab.sync() == patch.Change((), ("init/main.c",), ())
    assert lab.text("init/main.c") == UPSTREAM
    assert (lab.tree / "init/main.c").stat().st_mtime > OLD  # make must see that it changed
    assert lab.pristine_untouched()


def test_a_removed_overlay_file_and_its_directory_go(lab: Lab) -> None:
    lab.overlay("arch/lkl/mm/init.c", "x").unlink()
    file = lab.overlay("arch/lkl/mm/init.c", "x")
    lab.sync()
    file.unlink()
    assert lab.sync().removed == ("arch/lkl/mm/init.c",)
    assert not (lab.tree / "arch").exists()


def test_a_mode_change_counts(lab: Lab) -> None:
    file = lab.overlay("arch/lkl/link", "#!/bin/sh\n")
    lab.sync()
    file.chmod(0o755)
    assert lab.sync().written == ("arch/lkl/link",)
    assert (lab.tree / "arch/lkl/link").stat().st_mode & 0o100


def test_fuzz_is_refused_and_the_tree_stays(lab: Lab) -> None:
    lab.patches({"1.patch": FIRST})
    lab.sync()
    lab.patches({"1.patch": FIRST.replace(" four\n", " fourth\n")})
    with pytest.raises(ArtifactError, match=r"1\.patch does not apply with zero fuzz"):
        lab.sync()
    assert "TWO" in lab.text("init/main.c")
    assert not [*lab.tree.rglob("*.rej"), *lab.tree.rglob("*.orig")]


def test_an_overlay_file_that_exists_upstream_is_refused(lab: Lab) -> None:
    lab.overlay("init/main.c", "mine")
    with pytest.raises(ArtifactError, match=r"overlay/init/main\.c exists upstream"):
        lab.sync()


def test_a_patch_of_a_file_that_is_not_there_is_refused(lab: Lab) -> None:
    lab.patches({"1.patch": FIRST.replace("init/main.c", "init/nothing.c")})
    with pytest.raises(ArtifactError, match=r"init/nothing\.c does not exist upstream"):
        lab.sync()


def test_an_interrupted_tree_is_made_anew(lab: Lab) -> None:
    (lab.tree / "init").mkdir(parents=True)
    (lab.tree / "init/main.c").write_text("half")
    lab.sync()
    assert lab.text("init/main.c") == UPSTREAM
