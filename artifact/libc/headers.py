# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's user-space headers (linux/, asm/, ...), for programs that need more than libc's.

They are exported from the kernel source that the library kernel is built of, not taken from the
machine: the interface is that kernel's, and the same on every machine. The machine is x86-64 to
its programs, whatever the port is called.
"""

import os
import shutil
from pathlib import Path

from artifact import live, paths, proc
from artifact.kernel.base import Source
from artifact.kernel.fetch import locked

# The caller's make and kernel settings must not leak in.
MAKE_ENV = {"MAKEFLAGS": "", "CROSS_COMPILE": "", "LC_ALL": "C"}


def run(kernel: Source, log: Path) -> Path:
    """Directory with the headers of that kernel, exported first if they are not in the cache."""
    done = paths.LIBC / f"uapi-{kernel.version}"
    if done.is_dir():
        return done
    proc.need("rsync", "rsync")
    part = paths.LIBC / f".uapi-{os.getpid()}"
    with locked(paths.LIBC / "uapi.lock"):
        for left in paths.LIBC.glob(".uapi-*"):
            shutil.rmtree(left, ignore_errors=True)  # we hold the lock: nobody works in it
        try:
            words: list[str | Path] = [
                "make",
                "-C",
                kernel.tree,
                "ARCH=x86_64",
                f"O={part / 'out'}",
            ]
            target = ["headers_install", f"INSTALL_HDR_PATH={part}"]
            (part / "out").mkdir(parents=True)
            live.follow([*words, *target], log=log, what="make headers_install", env=MAKE_ENV)
            shutil.rmtree(done, ignore_errors=True)
            (part / "include").rename(done)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return done
