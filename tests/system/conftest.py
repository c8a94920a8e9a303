# SPDX-License-Identifier: GPL-2.0-only
"""Programs of tests/c/programs, and ukrun to run them."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from artifact import paths, proc
from artifact.errors import Unavailable

PROGRAMS = paths.REPO / "tests" / "c" / "programs"
LIBC_TESTS = paths.REPO / "tests" / "c" / "libc"
CFLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", f"-I{LIBC_TESTS}", "-pthread")
DIRECTORIES = ("bin", "lib", "tmp", "proc", "sys", "dev", "etc")
LOADER = "ld-musl-x86_64.so.1"
# What a program's name ends with when it is not a static, position independent one.
DYNAMIC = "-dynamic"  # linked with libc.so
FIXED = "-fixed"  # at fixed addresses
HOST = "-host"  # static, with the host's libc, which executes system call instructions
LINKS = {"": ["-static"], DYNAMIC: [], FIXED: ["-static", "-no-pie"]}
LIMIT_S = 60.0


@dataclass(frozen=True)
class Done:
    """How a program ended: status as a shell sees it, and what it wrote."""

    status: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        return self.out.decode(errors="replace")


@dataclass(frozen=True)
class Ukrun:
    """ukrun with a root that has the test programs."""

    path: Path
    root: Path

    def argv(self, *words: str, options: Sequence[str] = (), root: Path | None = None) -> list[str]:
        return [str(self.path), *options, str(root or self.root), *words]

    def run(
        self,
        *words: str,
        options: Sequence[str] = (),
        root: Path | None = None,
        stdin: bytes | int | IO[bytes] = b"",
        limit_s: float = LIMIT_S,
        **more: Any,
    ) -> Done:
        """Run a program to its end; with `stdin`, octets or a file, for its standard input."""
        more["input" if isinstance(stdin, bytes) else "stdin"] = stdin
        argv = self.argv(*words, options=options, root=root)
        return finish(argv, limit_s=limit_s, **more)


def finish(argv: Sequence[str], limit_s: float = LIMIT_S, **options: Any) -> Done:
    """Run to the end, or fail: a machine that hangs is killed and shown as that."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    try:
        done = subprocess.run(
            argv,
            timeout=limit_s,
            check=False,
            preexec_fn=proc.die_with_parent(),
            **(pipes | options),
        )
    except subprocess.TimeoutExpired as late:
        pytest.fail(f"still running after {limit_s} s: {argv}; it wrote {late.stdout!r}")
    status = done.returncode if done.returncode >= 0 else 128 - done.returncode
    return Done(status, done.stdout or b"", done.stderr or b"")


@pytest.fixture(scope="session")
def libc() -> Path:
    """The installed C library."""
    try:
        return paths.libc_prefix()
    except Unavailable as reason:
        pytest.skip(str(reason))


def _make_root(libc: Path, root: Path) -> None:
    for name in DIRECTORIES:
        (root / name).mkdir()
    shutil.copy(libc / "lib" / "libc.so", root / "lib" / LOADER)
    for source in sorted(PROGRAMS.glob("*.c")):
        every = source.stem in {"die", "tool"} or source.stem.startswith("t-")
        for suffix, options in LINKS.items() if every else [("", LINKS[""])]:
            target = root / "bin" / (source.stem + suffix)
            proc.run([libc / "bin" / "ukcc", *CFLAGS, *options, source, "-o", target])
        if source.stem.startswith("t-"):
            target = root / "bin" / (source.stem + HOST)
            proc.run(["gcc", *CFLAGS, "-Wno-unused-result", "-static-pie", source, "-o", target])


@pytest.fixture(scope="session")
def program_root(libc: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with all test programs, static and dynamic; tests do not change it."""
    root = tmp_path_factory.mktemp("programs")
    _make_root(libc, root)
    return root


@pytest.fixture(scope="session")
def ukrun_path() -> Path:
    """The installed ukrun; UKRUN names another one."""
    named = os.environ.get("UKRUN")
    if named:
        return Path(named)
    try:
        path = paths.lkl_prefix() / "bin" / "ukrun"
    except Unavailable as reason:
        pytest.skip(str(reason))
    if not path.exists():
        pytest.skip(f"{path} is absent; run: invoke build")
    return path


@pytest.fixture
def ukrun(ukrun_path: Path, program_root: Path, tmp_path: Path) -> Ukrun:
    """ukrun with a root of its own, whose programs are the session's."""
    root = tmp_path / "root"
    shutil.copytree(program_root, root, copy_function=os.link)
    root.chmod(0o755)
    return Ukrun(ukrun_path, root)
