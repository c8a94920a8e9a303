# SPDX-License-Identifier: GPL-2.0-only
"""Every place the artifact reads from or writes to. Importing this touches nothing.

Environment: XDG_CACHE_HOME moves the cache, UK_RESULTS_DIR the results, UK_LKL_PREFIX
names an installed library kernel other than the one `invoke build` made, UK_LIBC_PREFIX a C
library other than the one of `invoke libc`.
"""

import os
from pathlib import Path

from artifact.errors import Unavailable

REPO = Path(__file__).resolve().parents[1]
DATA = REPO / "data"
RESULTS = Path(os.environ.get("UK_RESULTS_DIR") or DATA / "results")
REFERENCE = DATA / "reference"
PAPER_DATA = DATA / "paper"
PAPER_FIGURES = REPO / "paper_figures"
NOTEBOOKS = REPO / "notebooks"
PATCHES = REPO / "lkl_patches"
CSRC = REPO / "artifact" / "csrc"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ukontainer"
KERNEL = CACHE / "kernel"
LIBC = CACHE / "libc"
DURATIONS = CACHE / "durations.json"


def lkl_prefix() -> Path:
    """Install prefix of the library kernel (lib/liblkl.so, include/, bin/).

    Raises Unavailable when no build has finished yet.
    """
    chosen = os.environ.get("UK_LKL_PREFIX")
    prefix = Path(chosen) if chosen else KERNEL / "current"
    if not (prefix / "lib" / "liblkl.so").is_file():
        where = f"no lib/liblkl.so under {prefix}"
        raise Unavailable(
            f"the library kernel is not built: {where}",
            "correct UK_LKL_PREFIX" if chosen else "run: invoke build",
        )
    return prefix.resolve()


def runu() -> Path:
    """Our OCI runtime; Unavailable when it is not built (artifact/kernel/runu.py says why)."""
    program = lkl_prefix() / "bin" / "runu"
    if not program.is_file():
        raise Unavailable("the runtime runu is not built", "run: invoke build")
    return program


def libc_prefix() -> Path:
    """Install prefix of the C library (bin/ukcc, lib/, include/); Unavailable when not built."""
    chosen = os.environ.get("UK_LIBC_PREFIX")
    prefix = Path(chosen) if chosen else LIBC / "current"
    if not (prefix / "bin" / "ukcc").is_file():
        raise Unavailable(
            f"the C library is not built: no bin/ukcc under {prefix}",
            "correct UK_LIBC_PREFIX" if chosen else "run: invoke libc",
        )
    return prefix


def shown(path: Path) -> str:
    """The path as a reader should see it: relative to the repository where that is possible."""
    try:
        return str(path.resolve().relative_to(REPO))
    except ValueError:
        return str(path)
