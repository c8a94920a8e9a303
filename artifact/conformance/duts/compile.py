# SPDX-License-Identifier: GPL-2.0-only
"""Compile a small C program on demand, once for each content."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from artifact import proc
from artifact.paths import CACHE

FLAGS = ("-std=c11", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE")
_one_at_a_time = threading.Lock()


def compiled(source: Path, flags: Sequence[str], *headers: Path) -> Path:
    """Path of the program; compiled anew when source, headers, flags or compiler changed."""
    compiler = proc.need("cc", "gcc")
    version = proc.run([compiler, "--version"]).stdout
    texts = (file.read_text() for file in (source, *headers))
    content = "\0".join((*texts, *FLAGS, *flags, version))
    key = hashlib.sha256(content.encode()).hexdigest()[:16]
    program = CACHE / "duts" / f"{source.stem}-{key}"
    with _one_at_a_time:
        if not program.exists():
            program.parent.mkdir(parents=True, exist_ok=True)
            fresh = program.with_name(f"{program.name}.{os.getpid()}")
            proc.run([compiler, *FLAGS, source, "-o", fresh, *flags])
            fresh.replace(program)
    return program
