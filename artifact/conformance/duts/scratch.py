# SPDX-License-Identifier: GPL-2.0-only
"""Directories that instances of stacks need while they run; also those of killed runs go away."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from artifact.systems import cgroups, leftovers

MARK = "dut-"
GROUP = "ukontainer"  # the control group in which runu makes a container's


def scratch(held: ExitStack) -> Path:
    """An empty directory that goes with the instance."""
    prefix = f"{leftovers.prefix()}{MARK}"
    return Path(held.enter_context(tempfile.TemporaryDirectory(prefix=prefix)))


def sweep() -> None:
    """Remove what killed runs have left: directories, and control groups of containers."""
    for left in Path(tempfile.gettempdir()).glob(f"uk-*{MARK}*"):
        if leftovers.orphaned(left.name):
            shutil.rmtree(left, ignore_errors=True)
    for top in cgroups.here().all:
        for left in top.glob(f"{GROUP}/uk-*{MARK}*"):
            if leftovers.orphaned(left.name):
                cgroups.remove(f"{GROUP}/{left.name}")
