# SPDX-License-Identifier: GPL-2.0-only
"""The files of a checkout and their hash, with git and without."""

import os
import subprocess
from pathlib import Path

import pytest

from artifact import sources


def git(root: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True)


@pytest.fixture(params=[True, False], ids=["git", "archive"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param:
        git(tmp_path, "init")
    for name in ("artifact/a.py", "artifact/deep/b.c", "README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / ".gitignore").write_text("__pycache__/\n*.o\n")
    for generated in ("artifact/__pycache__/a.pyc", "artifact/b.o"):
        (tmp_path / generated).parent.mkdir(exist_ok=True)
        (tmp_path / generated).write_text("generated")
    return tmp_path


def test_generated_files_do_not_belong(tree: Path) -> None:
    everything = [".gitignore", "README.md", "artifact/a.py", "artifact/deep/b.c"]
    assert sources.files(tree) == everything
    assert sources.files(tree, "artifact/deep", "README.md") == ["README.md", "artifact/deep/b.c"]


def test_the_hash_sees_names_and_contents_only(tree: Path) -> None:
    file = tree / "artifact" / "a.py"
    first = sources.content_hash(tree, "artifact")
    os.utime(file, (1, 1))
    (tree / "README.md").write_text("other prose")
    assert sources.content_hash(tree, "artifact") == first
    file.write_text("2")
    changed = sources.content_hash(tree, "artifact")
    assert changed != first
    file.rename(file.with_name("c.py"))
    assert sources.content_hash(tree, "artifact") not in (first, changed)


def test_adding_to_the_index_changes_nothing(tmp_path: Path) -> None:
    git(tmp_path, "init")
    (tmp_path / "a.py").write_text("a")
    before = sources.content_hash(tmp_path)
    git(tmp_path, "add", "a.py")
    assert sources.content_hash(tmp_path) == before
