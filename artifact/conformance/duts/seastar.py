# SPDX-License-Identifier: GPL-2.0-only
"""Seastar's native stack: built in a root of Debian 13, run with its libraries."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from artifact import aptroot, proc
from artifact.aptroot import PrivateApt
from artifact.conformance.duts.linked import Carrier, Seat, Stack
from artifact.conformance.duts.packaged import Prepared
from artifact.errors import Unavailable
from artifact.paths import CSRC

SOURCES = (CSRC / "duts" / "seastar.cc", CSRC / "duts" / "dut.h")
SUITE, NEWER = "trixie", "forky"  # the root, and the suite that has the library
PACKAGE = "seastar-dev"  # it declares no dependencies; these are what its pkg-config file names
BUILD = (
    "g++", "pkg-config", "libboost-program-options-dev", "libboost-thread-dev",
    "libboost-filesystem-dev", "libfmt-dev", "libc-ares-dev", "libsctp-dev", "liburing-dev",
    "liblz4-dev", "libgnutls28-dev", "libprotobuf-dev", "libhwloc-dev", "libyaml-cpp-dev",
    "libnuma-dev", "systemtap-sdt-dev", "valgrind",
)  # fmt: skip
LIBRARIES = (
    "seastar boost_program_options boost_thread cares fmt lz4 gnutls hwloc yaml-cpp protobuf sctp"
    " uring numa atomic"
)
# Seastar's own flags without its choice of standard, which the older compiler has another name for.
COMPILE = (
    "g++ -std=c++23 -O1 $(pkg-config --cflags seastar | sed 's/-std=[^ ]*//') seastar.cc"
    " -Wl,--allow-multiple-definition"  # the device is ours (seastar.cc)
    f" -o program {' '.join('-l' + name for name in LIBRARIES.split())}"
)
LOADER = "usr/lib64/ld-linux-x86-64.so.2"
LIBRARY_DIRECTORY = "usr/lib/x86_64-linux-gnu"


def _make(directory: Path) -> dict[str, str]:
    """A root, the library in it, our main compiled; of the root only what runs it is kept."""
    root = directory / "build"
    log = directory.parent / "seastar.log"
    proc.need("mmdebstrap", "mmdebstrap")
    source = f"deb [signed-by={aptroot.KEYRING}] {aptroot.mirror()} {SUITE} main"
    # In namespaces of its own: however it ends, neither process nor mount stays.
    apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"]
    make = ["mmdebstrap", "--variant=essential", f"--include={','.join(BUILD)}", SUITE]
    proc.run([*apart, *make, root, source], log=log, timeout=1800)
    apt = PrivateApt(NEWER)
    apt.update()
    deb = apt.download(PACKAGE, directory)
    proc.run(["dpkg-deb", "--extract", deb, root])
    deb.unlink()
    (root / "work").mkdir()
    for file in SOURCES:
        shutil.copy2(file, root / "work")
    proc.run([*apart, "chroot", root, "sh", "-c", f"cd /work && {COMPILE}"], log=log, timeout=1800)
    _keep(root, directory)
    return {"version": apt.version(PACKAGE)}


def _keep(root: Path, directory: Path) -> None:
    shutil.copy2(root / "work" / "program", directory)
    shutil.copy2(root / LOADER, directory / "loader")
    (directory / "libraries").mkdir()
    for file in (root / LIBRARY_DIRECTORY).glob("lib*.so.*"):
        shutil.copy2(file, directory / "libraries" / file.name)  # follows links
    shutil.rmtree(root)


_KEY = hashlib.sha256("".join([*(f.read_text() for f in SOURCES), COMPILE, *BUILD]).encode())
PROGRAM = Prepared(
    f"seastar-{_KEY.hexdigest()[:12]}", "250 MB to fetch, 900 MB while it is built, 2 min", _make
)


def need() -> None:
    """The program and what it runs with."""
    PROGRAM.need()
    if not (PROGRAM.directory / "program").exists():
        raise Unavailable(f"{PROGRAM.directory} is incomplete", "remove it and prepare it again")


def command(seat: Seat) -> list[str | Path]:
    """Our main, through the loader of the root it was built in. It polls: others go first."""
    where = PROGRAM.directory
    return [
        proc.need("nice", "coreutils"), "-n", "10",
        where / "loader", "--library-path", where / "libraries", where / "program",
        *seat.words(), f"version=Seastar {PROGRAM.need()['version']}",
    ]  # fmt: skip


SEASTAR = Stack(
    "seastar", f"Debian package {PACKAGE} of {NEWER}, with artifact/csrc/duts/seastar.cc",
    Carrier.TAP, need, command, jobs=4, prepare=(PROGRAM,),
)  # fmt: skip
