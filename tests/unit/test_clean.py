# SPDX-License-Identifier: GPL-2.0-only
"""`invoke clean` removes what was generated and nothing else."""

from pathlib import Path

import pytest

from artifact import clean, paths


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, attribute in (("figures", "PAPER_FIGURES"), ("results", "RESULTS"),
                            ("cache", "CACHE"), (".", "REPO")):  # fmt: skip
        monkeypatch.setattr(paths, attribute, tmp_path / name)
    for name in ("figures/README.md", "figures/.gitignore", "figures/fig_a.pdf", "results/r/x",
                 "cache/kernel/x", ".mypy_cache/x", "data/claims.toml"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def left(tree: Path) -> set[str]:
    return {str(file.relative_to(tree)) for file in tree.rglob("*") if file.is_file()}


def test_runs_and_sources_stay_unless_named(tree: Path) -> None:
    kept = {"figures/README.md", "figures/.gitignore", "data/claims.toml"}
    clean.run()
    assert left(tree) == kept | {"results/r/x", "cache/kernel/x"}
    clean.run(results=True, cache=True)
    assert left(tree) == kept
    clean.run(results=True, cache=True)
