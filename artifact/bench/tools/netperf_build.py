# SPDX-License-Identifier: GPL-2.0-only
"""netperf and netserver, built from the distribution's source package.

Debian 12 packages no netperf in main and Debian 13's binary needs a newer libc, so both build
the same source here: the tarballs (hashes verified by apt), Debian's patches, our options.
The result stays in the cache under a key of everything that decides it.
"""

import fcntl
import hashlib
import inspect
import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from artifact import paths, proc, ui
from artifact.images import debsource
from artifact.images.recipe import Source
from artifact.systems import leftovers

PACKAGE = "netperf"
SOURCE = Source(PACKAGE, patched=True)
PROGRAMS = ("netperf", "netserver")
# -fcommon: the sources define globals in headers; the rest as a distribution would build it.
CFLAGS = "-O2 -fcommon"
AUTORECONF = ("autoreconf", "--force", "--install", "-I", "src/missing/m4")
CONFIGURE = ("./configure", "--quiet", "--disable-dependency-tracking")
MAKE = ("make", "-C", "src")
NEEDED = {
    "gcc": "gcc",
    "make": "make",
    "patch": "patch",
    "xz": "xz-utils",
    "autoreconf": "autoconf",
    "automake": "automake",
}
HOME = paths.CACHE / "tools" / PACKAGE


@dataclass(frozen=True)
class Netperf:
    """The two built programs and what they were built from."""

    netperf: Path
    netserver: Path
    version: str


def key() -> str:
    """Content key: any change of this recipe gives another one."""
    recipe = inspect.getsource(sys.modules[__name__])
    return hashlib.sha256(recipe.encode()).hexdigest()[:16]


def build() -> Netperf:
    """The programs, built first if they are not in the cache (about 15 s)."""
    home = HOME / key()
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run may be building right now
        if not (home / "built.json").is_file():
            with ui.step("build netperf"):
                _build_into(home)
    version = json.loads((home / "built.json").read_text())["version"]
    return Netperf(home / "netperf", home / "netserver", version)


def _build_into(home: Path) -> None:
    for tool, package in NEEDED.items():
        proc.need(tool, package)
    for left in HOME.glob("uk-*-*"):
        if leftovers.orphaned(left.name):
            shutil.rmtree(left, ignore_errors=True)
    part = HOME / f"{leftovers.prefix()}build"
    try:
        part.mkdir()
        fetched = debsource.fetch(SOURCE)
        debsource.unpack(fetched, part / "src", log(), patched=SOURCE.patched)
        _compile(part / "src")
        result = part / "result"
        result.mkdir()
        for name in PROGRAMS:
            shutil.copy2(part / "src" / "src" / name, result / name)
        (result / "built.json").write_text(
            json.dumps({"version": fetched.version, "cflags": CFLAGS})
        )
        shutil.rmtree(home, ignore_errors=True)
        result.rename(home)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _compile(source: Path) -> None:
    steps = (
        AUTORECONF,
        (*CONFIGURE, f"CFLAGS={CFLAGS}"),
        (*MAKE, f"-j{os.cpu_count() or 1}", *PROGRAMS),
    )
    for step in steps:
        proc.run(step, log=log(), cwd=source)


def log() -> Path:
    """Where the output of the build goes."""
    return paths.CACHE / "log" / "netperf-build.log"
