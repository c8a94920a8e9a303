# SPDX-License-Identifier: GPL-2.0-only
"""Style and types as tests, so that `invoke test` has one closing line for everything."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from artifact import paths, sources

PYTHON = [sys.executable, "-m"]
CHECKS = {
    "ruff check": [*PYTHON, "ruff", "check", "."],
    "ruff format": [*PYTHON, "ruff", "format", "--check", "."],
    "mypy --strict": [*PYTHON, "mypy", "--strict", "artifact"],
}
C_PLACES = re.compile(r"artifact/csrc/|lkl_patches/\w+/overlay/|tests/c/")
OWN_PATH = re.compile(r"(?<![\w.~])/(?:work/main|work/shared|root/\.)\w*")
SOURCE_ENDINGS = (".py", ".c", ".h", ".S", ".sh")
PROSE_ENDINGS = (".md", ".toml", ".ipynb", ".cff", ".yml", ".patch", "Makefile", "Kconfig")


def run(argv: list[str]) -> None:
    done = subprocess.run(argv, cwd=paths.REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(argv[:6])}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"


def everything() -> list[str]:
    """Files of the checkout: git's, or in a copy without git all but what tools left there."""
    listing = ["git", "-c", f"safe.directory={paths.REPO}", "ls-files", "-z"]
    done = subprocess.run(listing, cwd=paths.REPO, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return [name for name in done.stdout.split("\0") if (paths.REPO / name).is_file()]
    left = re.compile(r"(^|/)(\.[a-z_]*(cache|venv)|__pycache__|results|\.git)(/|$)")
    names = (str(file.relative_to(paths.REPO)) for file in paths.REPO.rglob("*") if file.is_file())
    return sorted(name for name in names if not left.search(name))


def files(*endings: str) -> list[str]:
    return [name for name in sources.files() if name.endswith(endings)]


@pytest.mark.parametrize("name", CHECKS)
def test_python(name: str) -> None:
    run(CHECKS[name])


def test_c_is_formatted() -> None:
    ours = [name for name in files(".c", ".h") if C_PLACES.match(name)]
    assert ours, "no C file: the pattern of this test is wrong"
    beside = str(Path(sys.executable).parent)
    tool = shutil.which("clang-format", path=beside) or shutil.which("clang-format")
    assert tool, "clang-format is absent; run: invoke setup"
    run([tool, "--dry-run", "--Werror", "--style=file", *ours])


def test_every_source_names_its_licence() -> None:
    heads = {name: (paths.REPO / name).read_text()[:400] for name in files(*SOURCE_ENDINGS)}
    assert not [name for name, head in heads.items() if head and "SPDX-License" not in head]


def test_no_path_of_one_machine() -> None:
    found = []
    for name in files(*SOURCE_ENDINGS, *PROSE_ENDINGS):
        lines = (paths.REPO / name).read_text(errors="replace").splitlines()
        found += [f"{name}:{n}" for n, text in enumerate(lines, 1) if OWN_PATH.search(text)]
    assert not found
