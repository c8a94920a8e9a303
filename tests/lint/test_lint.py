# SPDX-License-Identifier: GPL-2.0-only
"""Style and types as tests, so that `invoke test` has one closing line for everything."""

import re
import shutil
import subprocess
import sys

import pytest

from artifact import paths

PYTHON = [sys.executable, "-m"]
CHECKS = {
    "ruff check": [*PYTHON, "ruff", "check", "."],
    "ruff format": [*PYTHON, "ruff", "format", "--check", "."],
    "mypy --strict": [*PYTHON, "mypy", "--strict", "artifact"],
}
C_PLACES = ("artifact/csrc", "lkl_patches/*/overlay", "tests/c")
SECRETS_OF_A_MACHINE = re.compile(r"(?<![\w.~])/(?:work|home/\w+)/\w+")
TEXT = {".py", ".c", ".h", ".md", ".toml", ".ipynb", ".sh", ".cff", ".yml", ".S", ".patch"}


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


def tracked(*patterns: str) -> list[str]:
    """Files that match one of these patterns of pathlib; every file without patterns."""
    names = everything()
    if not patterns:
        return names
    chosen = {str(f.relative_to(paths.REPO)) for p in patterns for f in paths.REPO.glob(p)}
    return [name for name in names if name in chosen]


@pytest.mark.parametrize("name", CHECKS)
def test_python(name: str) -> None:
    run(CHECKS[name])


def test_c_is_formatted() -> None:
    globs = [f"{place}/**/*.{kind}" for place in C_PLACES for kind in "ch"]
    files = tracked(*globs)
    assert files, "no C file is tracked: the globs of this test are wrong"
    tool = shutil.which("clang-format", path=str(paths.Path(sys.executable).parent)) or (
        shutil.which("clang-format")
    )
    assert tool, "clang-format is absent; run: invoke setup"
    run([tool, "--dry-run", "--Werror", "--style=file", *files])


def test_every_source_names_its_licence() -> None:
    sources = tracked(*(f"**/*.{kind}" for kind in ("py", "c", "h", "S", "sh")))
    head = {name: (paths.REPO / name).read_text().splitlines()[:2] for name in sources}
    unlabelled = [
        name for name, lines in head.items() if lines and "SPDX-License" not in "".join(lines)
    ]
    assert not unlabelled


def test_no_path_of_one_machine() -> None:
    found = []
    for name in tracked():
        if paths.Path(name).suffix in TEXT:
            lines = (paths.REPO / name).read_text(errors="replace").splitlines()
            found += [f"{name}:{n}" for n, text in enumerate(lines, 1)
                      if SECRETS_OF_A_MACHINE.search(text)]  # fmt: skip
    assert not found
