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
    monkeypatch.setattr(paths, "CACHE", tmp_path / "ukontainer")
    monkeypatch.setenv("UK_LKL_PREFIX", str(made))
    return made


def python(prefix: Path, text: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own: one process gets only one library of that name."""
    cache = {"PYTHONPATH": str(paths.REPO), "XDG_CACHE_HOME": str(paths.CACHE.parent)}
    return subprocess.run(
        [sys.executable, "-c", "from artifact.lkl import builder\n" + text],
        env={**os.environ, **cache, "UK_LKL_PREFIX": str(prefix)},
        capture_output=True,
        text=True,
        check=False,
    )


VERSION = "m = builder.load(); print(m.ffi.string(m.lib.lkl_version()).decode())"


def test_compiled_once(prefix: Path) -> None:
    first = python(prefix, VERSION)
    assert first.stdout == "0.test\n", first.stderr
    extensions = list((paths.CACHE / "lkl-binding").rglob("*.so"))
    assert len(extensions) == 1
    stamp = extensions[0].stat().st_mtime_ns
    assert python(prefix, VERSION).stdout == "0.test\n"
    assert extensions[0].stat().st_mtime_ns == stamp
    assert [extensions[0].parent] == list((paths.CACHE / "lkl-binding").iterdir())


def test_key_follows_the_header(prefix: Path) -> None:
    before = builder.content_key(prefix)
    assert builder.content_key(prefix) == before
    header = prefix / "include/lkl.h"
    header.write_text(header.read_text() + "\n/* changed */\n")
    assert builder.content_key(prefix) != before


ROWS = (
    "m = builder.load()\n"
    "for i in range(m.lib.uk_call_count):\n"
    "    row = m.lib.uk_calls[i]; print(m.ffi.string(row.name).decode(), row.number)\n"
)


def test_numbers_are_the_compilers(prefix: Path) -> None:
    rows = dict(line.split() for line in python(prefix, ROWS).stdout.splitlines())
    assert len(rows) > 300
    shown = subprocess.run(
        ["gcc", "-E", "-P", "-include", "sys/syscall.h", "-x", "c", "-"],
        input="SYS_getppid SYS_openat",
        capture_output=True,
        text=True,
        check=True,
    )
    assert [rows["getppid"], rows["openat"]] == shown.stdout.split()[-2:]


def test_broken_header(prefix: Path) -> None:
    (prefix / "include/lkl.h").write_text("#error no header\n")
    with pytest.raises(KernelError, match=r"does not compile.*invoke build; full log: ") as caught:
        builder.load()
    log = Path(str(caught.value).rsplit("full log: ", 1)[1])
    assert log.is_file()
    assert list((paths.CACHE / "lkl-binding").glob("build-*")) == []


def test_broken_library(prefix: Path) -> None:
    (prefix / "lib/liblkl.so").write_bytes(b"no library")
    assert "KernelError: the Python binding" in python(prefix, VERSION).stderr


def test_not_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UK_LKL_PREFIX", str(tmp_path))
    with pytest.raises(Unavailable, match="not built"):
        builder.load()
