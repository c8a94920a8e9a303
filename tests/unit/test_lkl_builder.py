# SPDX-License-Identifier: GPL-2.0-only
"""How the binding is compiled, against a library that is only as real as each test needs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from artifact import paths
from artifact.errors import Unavailable
from artifact.lkl import builder
from artifact.lkl.errors import KernelError
from artifact.paths import PATCHES

HEADER = PATCHES / "linux/overlay/tools/lkl/include/lkl.h"
NO_KERNEL = """
#include <lkl.h>
int lkl_start(const struct lkl_options *o) { return o ? -38 : -22; }
long lkl_syscall(long nr, const long a[6]) { return a ? -108 - 0 * nr : -14; }
int lkl_halt(void) { return -108; }
int lkl_add_disk(int fd, unsigned int flags) { return fd + (int)flags; }
int lkl_add_net(int fd, int kind, const unsigned char mac[6]) { return mac ? fd : kind; }
int lkl_open_tap(const char *name) { return name ? -19 : -14; }
int lkl_open_packet(const char *name) { return name ? -19 : -14; }
const char *lkl_version(void) { return "0.test"; }
"""


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The real header and a library without a kernel, in their places; an empty cache."""
    made = tmp_path / "prefix"
    for part in ("include", "lib"):
        (made / part).mkdir(parents=True)
    (made / "include/lkl.h").write_text(HEADER.read_text())
    library = made / "lib/liblkl.so"
    subprocess.run(
        ["gcc", "-shared", "-fPIC", f"-I{made}/include", "-x", "c", "-", "-o", library],
        input=NO_KERNEL.encode(),
        check=True,
    )
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("UK_LKL_PREFIX", str(made))
    return made


def test_compiled_once(prefix: Path) -> None:
    first = builder.load()
    assert first.ffi.string(first.lib.lkl_version()) == b"0.test"
    extensions = list((paths.CACHE / "lkl-binding").rglob("*.so"))
    assert len(extensions) == 1
    stamp = extensions[0].stat().st_mtime_ns
    builder.load()
    assert extensions[0].stat().st_mtime_ns == stamp
    assert [extensions[0].parent] == list((paths.CACHE / "lkl-binding").iterdir())


def test_key_follows_the_header(prefix: Path) -> None:
    before = builder.content_key(prefix)
    assert builder.content_key(prefix) == before
    header = prefix / "include/lkl.h"
    header.write_text(header.read_text() + "\n/* changed */\n")
    assert builder.content_key(prefix) != before


def test_numbers_are_the_compilers(prefix: Path) -> None:
    lib = builder.load().lib
    calls = {lib.uk_calls[i].number for i in range(lib.uk_call_count)}
    assert len(calls) > 300
    shown = subprocess.run(
        ["gcc", "-E", "-P", "-include", "sys/syscall.h", "-x", "c", "-"],
        input="SYS_getppid SYS_openat",
        capture_output=True,
        text=True,
        check=True,
    )
    getppid, openat = (int(word) for word in shown.stdout.split()[-2:])
    assert {getppid, openat} <= calls


def test_broken_header(prefix: Path) -> None:
    (prefix / "include/lkl.h").write_text("#error no header\n")
    with pytest.raises(KernelError, match=r"does not compile.*invoke build; full log: ") as caught:
        builder.load()
    log = Path(str(caught.value).rsplit("full log: ", 1)[1])
    assert log.is_file()
    assert list((paths.CACHE / "lkl-binding").glob("build-*")) == []


def test_broken_library(prefix: Path) -> None:
    """In a process of its own: here another test's library has the name already."""
    (prefix / "lib/liblkl.so").write_bytes(b"no library")
    load = "from artifact.lkl import builder; builder.load()"
    environment = {**os.environ, "PYTHONPATH": str(paths.REPO), "XDG_CACHE_HOME": str(prefix)}
    done = subprocess.run(
        [sys.executable, "-c", load], env=environment, capture_output=True, text=True, check=False
    )
    assert "KernelError: the Python binding of the library kernel does not" in done.stderr


def test_not_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UK_LKL_PREFIX", str(tmp_path))
    with pytest.raises(Unavailable, match="not built"):
        builder.load()
