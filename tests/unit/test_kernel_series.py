# SPDX-License-Identifier: GPL-2.0-only
"""The checks on the port: series against directory, reasons, overlay against upstream."""

from pathlib import Path

import pytest

from artifact.errors import ArtifactError
from artifact.kernel import series

REASON = "mm: let memfd work without shmem\n\nWithout MMU there is no shmem, so use ramfs here.\n"
DIFF = "--- a/mm/memfd.c\n+++ b/mm/memfd.c\n@@ -1 +1 @@\n-one\n+two\n"


def port(tmp_path: Path, patches: dict[str, str], listed: str) -> Path:
    directory = tmp_path / "linux" / "patches"
    directory.mkdir(parents=True)
    (tmp_path / "linux" / "overlay").mkdir()
    (directory / "series").write_text(listed)
    for name, text in patches.items():
        (directory / name).write_text(text)
    return tmp_path / "linux"


def test_a_good_series_is_read_in_order(tmp_path: Path) -> None:
    good = {"10-b.patch": REASON + DIFF, "20-a.patch": REASON + DIFF}
    found = series.read(port(tmp_path, good, "# comment\n20-a.patch\n10-b.patch # later\n"))
    assert [p.file.name for p in found.patches] == ["20-a.patch", "10-b.patch"]
    assert found.touched == ("mm/memfd.c",)
    assert "shmem" in found.patches[0].reason


@pytest.mark.parametrize(
    ("patches", "listed", "why"),
    [
        ({"a.patch": REASON + DIFF}, "", "does not name a.patch"),
        ({}, "a.patch\n", "names a.patch, which is not there"),
        ({"a.patch": REASON + DIFF}, "a.patch\na.patch\n", "twice"),
        ({"a.patch": DIFF}, "a.patch\n", "gives no reason"),
        ({"a.patch": "Subject: [PATCH] mm: fix\n---\n" + DIFF}, "a.patch\n", "gives no reason"),
        ({"a.patch": REASON}, "a.patch\n", "no file is changed"),
        (
            {"a.patch": REASON + "--- /dev/null\n+++ b/mm/new.c\n@@ -0,0 +1 @@\n+x\n"},
            "a.patch\n",
            "creates or deletes",
        ),
    ],
)
def test_a_bad_series_is_refused(
    tmp_path: Path, patches: dict[str, str], listed: str, why: str
) -> None:
    with pytest.raises(ArtifactError, match=why):
        series.read(port(tmp_path, patches, listed))


def test_the_digest_follows_content_and_mode_but_not_time(tmp_path: Path) -> None:
    linux = port(tmp_path, {}, "")
    file = linux / "overlay" / "a.sh"
    file.write_text("x")
    before = series.read(linux).digest
    file.touch()
    assert series.read(linux).digest == before
    file.chmod(0o755)
    executable = series.read(linux).digest
    file.write_text("y")
    assert len({before, executable, series.read(linux).digest}) == 3


def test_editor_leftovers_are_no_part_of_the_port(tmp_path: Path) -> None:
    linux = port(tmp_path, {}, "")
    (linux / "overlay" / "setup.c.orig").write_text("x")
    assert series.read(linux).overlay == {}


def test_the_committed_port_is_well_formed() -> None:
    found = series.read()
    assert all(name.startswith(("arch/lkl/", "tools/lkl/")) for name in found.overlay)
