# SPDX-License-Identifier: GPL-2.0-only
"""Containers of runu for tests that are about nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from artifact import paths, proc
from artifact.errors import Unavailable
from artifact.systems import leftovers
from tests.system.oci.bundle import Runtime, Workshop

CFLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-static")
DIRECTORIES = ("bin", "proc", "dev", "sys", "etc", "tmp")


def program() -> Path:
    """The runtime; skips, with the reason, where there is none."""
    try:
        return paths.runu()
    except Unavailable as reason:
        pytest.skip(str(reason))


def make_root(root: Path, source: Path | None = None) -> Path:
    """A root directory whose one program is `source`, compiled, with its name in /bin."""
    for name in DIRECTORIES:
        (root / name).mkdir(parents=True)
    if source:
        try:
            compiler = paths.libc_prefix() / "bin" / "ukcc"
        except Unavailable as reason:
            pytest.skip(str(reason))
        proc.run([compiler, *CFLAGS, source, "-o", root / "bin" / source.stem])
    return root


@contextmanager
def workshop(source: Path | None = None) -> Iterator[Workshop]:
    """A state root and containers with such a root; all removed at the end."""
    runtime = Runtime("runu", program())
    with leftovers.workplace() as place:
        shop = Workshop(runtime, place, make_root(place / "image", source))
        try:
            yield shop
        finally:
            shop.clear()
