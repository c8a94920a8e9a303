# SPDX-License-Identifier: GPL-2.0-only
"""Remove what tasks generated; results and the cache only when asked for by name."""

import shutil
from pathlib import Path

from artifact import paths, ui

TOOL_CACHES = (".mypy_cache", ".pytest_cache", ".ruff_cache")
KEPT = (".gitignore", "README.md")


def _targets(results: bool, cache: bool) -> list[Path]:
    found = [paths.REPO / name for name in TOOL_CACHES]
    found += [file for file in paths.PAPER_FIGURES.glob("*") if file.name not in KEPT]
    found += [*paths.RESULTS.glob("*")] if results else []
    found += [paths.CACHE] if cache else []
    return [path for path in found if path.exists()]


def run(results: bool = False, cache: bool = False) -> None:
    """Remove figures and tool caches, with `results` all runs, with `cache` sources and builds."""
    for path in _targets(results, cache):
        ui.say(f"removing {paths.shown(path)}")
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
