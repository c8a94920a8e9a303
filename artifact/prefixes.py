# SPDX-License-Identifier: GPL-2.0-only
"""Installed results in the cache: `prefix-<key>`, whole or absent, found through a link.

A result is made in `new-<process>` and renamed, so a run that is interrupted leaves none; what
it does leave is removed by the next one.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KEPT = 6


def sweep(home: Path) -> None:
    """Remove what processes that were killed have left in `home`."""
    for left in home.glob("new-*"):
        if not Path("/proc", left.name.removeprefix("new-")).exists():
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def installing(home: Path) -> Iterator[Path]:
    """A name in `home` to install under; what stays there is removed, now or the next time."""
    sweep(home)
    directory = home / f"new-{os.getpid()}"
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def point(link: Path, prefix: Path) -> None:
    """Let `link` name the prefix beside it, in one step."""
    if link.is_symlink() and link.readlink() == Path(prefix.name):
        return
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.symlink_to(prefix.name)
    fresh.replace(link)


def prune(home: Path, keep: Path, pattern: str = "prefix-*") -> None:
    """Forget the oldest results but KEPT, never one that a link of `home` names; sweep."""
    sweep(home)
    pointed = {link.resolve() for link in home.iterdir() if link.is_symlink()}
    found = sorted(home.glob(pattern), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in found[KEPT:]:
        if old.resolve() not in pointed and old != keep:
            shutil.rmtree(old, ignore_errors=True)
