# SPDX-License-Identifier: GPL-2.0-only
"""Compile a small program on demand, once for each content."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from artifact import proc
from artifact.paths import CACHE

C_FLAGS = ("-std=c11", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE")
CXX_FLAGS = ("-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror")
# Where Debian's golang-*-dev packages put sources; without modules nothing is downloaded.
GO_ENVIRONMENT = {
    "GO111MODULE": "off",
    "GOPATH": "/usr/share/gocode",
    "GOFLAGS": "-trimpath",
    "GOCACHE": str(CACHE / "go-build"),
}
_one_at_a_time = threading.Lock()


def compiled(source: Path, flags: Sequence[str], *headers: Path) -> Path:
    """Path of a C program; compiled anew when source, headers, flags or compiler changed."""
    compiler = proc.need("cc", "gcc")
    argv = [compiler, *C_FLAGS]
    return _once(source, headers, argv, flags, [compiler, "--version"])


def compiled_cxx(source: Path, flags: Sequence[str], *headers: Path) -> Path:
    """Path of a C++ program; as `compiled`."""
    compiler = proc.need("c++", "g++")
    return _once(source, headers, [compiler, *CXX_FLAGS], flags, [compiler, "--version"])


def compiled_go(source: Path, packages: str) -> Path:
    """Path of a Go program made from the distribution's packages; `packages` is their version."""
    go = proc.need("go", "golang-go")
    return _once(source, (), [go, "build"], [], [go, "version"], GO_ENVIRONMENT, packages)


def package_version(name: str) -> str:
    """Version of an installed Debian package; empty when it is not installed or not Debian."""
    if proc.which("dpkg-query") is None:
        return ""
    asked = ["dpkg-query", "--show", "--showformat=${Version}", name]
    done = proc.run(asked, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _once(
    source: Path,
    headers: Sequence[Path],
    compiler: Sequence[str],
    flags: Sequence[str],
    version: Sequence[str],
    env: Mapping[str, str] | None = None,
    more: str = "",
) -> Path:
    texts = [file.read_text() for file in (source, *headers)]
    content = "\0".join((*texts, *compiler, *flags, proc.run(version, env=env).stdout, more))

    def make(fresh: Path) -> None:
        before, after = ([], [source]) if "build" in compiler else ([source], [])
        proc.run([*compiler, *before, "-o", fresh, *flags, *after], env=env)

    return kept(source.stem, content, make)


def kept(name: str, content: str, make: Callable[[Path], None]) -> Path:
    """A file of the cache under a key of what decides its content; made once, at first use."""
    key = hashlib.sha256(content.encode()).hexdigest()[:16]
    file = CACHE / "duts" / f"{name}-{key}"
    with _one_at_a_time:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            fresh = file.with_name(f"{file.name}.{os.getpid()}")
            make(fresh)
            fresh.replace(file)
    return file
