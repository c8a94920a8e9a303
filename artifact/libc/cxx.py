# SPDX-License-Identifier: GPL-2.0-only
"""`invoke libc --cxx`: the C++ library, built for our C library with `ukcc`.

It is libstdc++ out of the source package of the machine's own g++: compiler and library are then
of one release, g++ finds it by the name it asks for, and so do the build systems of programs.
(libc++ would bring in a second compiler's release, which has to fit this g++, and an ABI that
nobody who writes -lstdc++ expects.) Debian's built libstdc++ is for another C library.

    CACHE/libc/cxx-<key>/include, lib     CACHE/libc/cxx links to the one that was built last,
                                          and each prefix has a link cxx to that

The unwinder is libgcc_eh.a of the compiler in each object, not libgcc_s.so, which is the host's.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from artifact import aptroot, live, paths, prefixes, proc, ui
from artifact.errors import ArtifactError
from artifact.kernel.fetch import check_space, locked
from artifact.libc import build, headers

COMPILER = "g++"
NEEDED_BYTES = 800_000_000
HOST = "x86_64-linux-musl"
CONFIGURE = (
    *("--build=x86_64-linux-gnu", f"--host={HOST}", "--prefix=/", "--libdir=/lib"),
    *("--with-gxx-include-dir=/include", "--disable-multilib", "--disable-nls"),
    # Versioned symbols are for replacing a library under old programs; musl has none.
    *("--disable-libstdcxx-pch", "--disable-symvers"),
)
FLAGS = "-O2"
# Members of gcc's tarball that libstdc++ is built from, below its top directory. Of the tests
# only the makefile, which configure wants to see.
MEMBERS = (
    *("libstdc++-v3", "libgcc", "libiberty", "libbacktrace", "include", "config"),
    *("config.guess", "config.sub", "config-ml.in", "install-sh", "ltmain.sh", "missing"),
    *("mkinstalldirs", "depcomp", "compile", "gcc/BASE-VER", "gcc/DATESTAMP", "gcc/DEV-PHASE"),
)
_OBJECT = re.compile(r"^libtool: compile: .* -o (\S+)$")


@dataclass(frozen=True)
class Plan:
    """Everything a build needs to know: the C library and the source package."""

    prefix: Path
    compiler: str
    package: str
    version: str

    @property
    def key(self) -> str:
        """Sixteen hex digits that name the result; the port of musl changes no header."""
        musl = json.loads((self.prefix / "build.json").read_text())["source_version"]
        what = (musl, self.compiler, self.package, self.version)
        whole = (*what, build.wrappers(), FLAGS, *CONFIGURE)
        return hashlib.sha256("\0".join(whole).encode()).hexdigest()[:16]

    @property
    def result(self) -> Path:
        """Where it is installed."""
        return paths.LIBC / f"cxx-{self.key}"


def log() -> Path:
    """Where the tools' output goes."""
    return paths.CACHE / "log" / "libc-cxx.log"


def _apt() -> aptroot.PrivateApt:
    """The suite of this machine, which its compiler is from."""
    return aptroot.PrivateApt(aptroot.host_codename())


def plan() -> Plan:
    """What `run` would build; builds the C library first."""
    proc.need(COMPILER, "g++")
    prefix = build.run()
    compiler = proc.run([COMPILER, "--version"]).stdout.splitlines()[0]
    major = proc.run([COMPILER, "-dumpversion"]).stdout.strip().split(".")[0]
    package = f"gcc-{major}-source"
    apt = _apt()
    apt.update()
    return Plan(prefix, compiler, package, apt.version(package))


def _tarball(deb: Path) -> str:
    """Name of gcc's own tarball in the package."""
    listing = proc.run(["dpkg-deb", "--contents", deb]).stdout
    names = re.findall(r"\s(\./usr/src/\S+/gcc-[\d.]+\S*\.tar\.xz)$", listing, re.MULTILINE)
    if len(names) != 1:
        raise ArtifactError(f"{deb.name}: expected one gcc tarball, found {names}")
    return str(names[0])


def _unpack(deb: Path, source: Path) -> None:
    """The members we need, without a copy of the tarball in between."""
    proc.need("xz", "xz-utils")
    source.mkdir(parents=True)
    wanted = [f"*/{name}" for name in MEMBERS]
    stages: Sequence[Sequence[str | Path]] = (
        ["dpkg-deb", "--fsys-tarfile", deb],
        ["tar", "-xOf", "-", _tarball(deb)],
        [
            *("tar", "-C", source, "--strip-components=1", "--no-same-owner", "-xJf", "-"),
            *("--wildcards", "--exclude=*/testsuite/*/*", "--no-wildcards-match-slash", *wanted),
        ],
    )
    with ExitStack() as stack, log().open("ab") as errors:
        feed: int | IO[bytes] = subprocess.DEVNULL
        for argv in stages:
            running = proc.spawn(argv, stdin=feed, stdout=subprocess.PIPE, stderr=errors)
            child = stack.enter_context(running)
            assert child.stdout is not None
            feed = child.stdout
        code = child.wait()
    if code != 0 or not (source / "libstdc++-v3" / "configure").is_file():
        raise ArtifactError(f"cannot unpack {deb.name}", f"log: {log()}")


def _make(words: Sequence[str], directory: Path) -> None:
    with ui.progress("libstdc++", None) as bar:

        def each(line: str) -> None:
            seen = _OBJECT.match(line)
            if seen:
                bar.advance(1, Path(seen[1]).name)

        jobs = f"-j{len(os.sched_getaffinity(0))}"
        argv: list[str | Path] = ["make", jobs, *words]
        env = headers.MAKE_ENV
        live.follow(argv, log=log(), what="make libstdc++", each=each, cwd=directory, env=env)


def _compile(plan: Plan, work: Path) -> Path:
    """Build below `work`; returns the installed tree."""
    directory, root = work / "build" / "libstdc++-v3", work / "root"
    directory.mkdir(parents=True)
    # In gcc's own build libgcc is configured before, and this is what it leaves.
    gthr = work / "build" / "libgcc" / "gthr-default.h"
    gthr.parent.mkdir()
    gthr.write_text('#include "gthr-posix.h"\n')
    ukcc = plan.prefix / "bin" / "ukcc"
    env = {"CC": str(ukcc), "CXX": f"{ukcc} -nostdinc++", "CFLAGS": FLAGS, "CXXFLAGS": FLAGS}
    argv: list[str | Path] = [work / "src" / "libstdc++-v3" / "configure", *CONFIGURE]
    env |= {"CPPFLAGS": "", "LDFLAGS": "", "LC_ALL": "C"}
    live.follow(argv, log=log(), what="configure of libstdc++", cwd=directory, env=env)
    _make(["all"], directory)
    _make([f"DESTDIR={root}", "install"], directory)
    config = next((root / "include").rglob("c++config.h"))
    if "#define _GLIBCXX_HAS_GTHREADS 1" not in config.read_text():
        raise ArtifactError("libstdc++ was configured without threads", f"log: {log()}")
    return root


def _tidy(root: Path) -> None:
    """Leave out what names a place that is not: libtool's and the debugger's files."""
    for left in (*root.glob("lib/*.la"), *root.glob("lib/*-gdb.py")):
        left.unlink()
    shutil.rmtree(root / "share", ignore_errors=True)


def _build(plan: Plan) -> None:
    check_space(paths.LIBC, NEEDED_BYTES, "the C++ library's build")
    log().parent.mkdir(parents=True, exist_ok=True)
    log().unlink(missing_ok=True)
    with prefixes.installing(paths.LIBC) as work:
        deb = _apt().download(plan.package, work)
        _unpack(deb, work / "src")
        deb.unlink()
        root = _compile(plan, work)
        _tidy(root)
        facts = {"key": plan.key, "source": f"{plan.package} {plan.version}"}
        (root / "build.json").write_text(json.dumps(facts, indent=1) + "\n")
        root.rename(plan.result)


def run() -> Path:
    """Build the C++ library, unless that has been done; returns where it is."""
    todo = plan()
    with locked(paths.LIBC / "lock"):
        fresh = not (todo.result / "build.json").is_file()
        if fresh:
            ui.say(f"libstdc++: from {todo.package} {todo.version}; log: {log()}")
            with ui.step("libstdc++"):
                _build(todo)
        prefixes.point(paths.LIBC / "cxx", todo.result)
        prefixes.prune(paths.LIBC, todo.result, "cxx-*")
    ui.say(f"libstdc++: {'done' if fresh else 'nothing to do'}: {todo.result}")
    return todo.result
