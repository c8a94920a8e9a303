# SPDX-License-Identifier: GPL-2.0-only
"""`invoke libc`: from musl's source and the port to a prefix that programs are built against.

    CACHE/libc/prefix-<key>/bin        ukcc, ukc++
                           /lib        libc.a, libc.so, ld-musl-x86_64.so.1, crt files, specs
                           /include    musl's headers and the kernel's
                           /build.json what went in
    CACHE/libc/current                 the prefix that was asked for last

A key names what goes in: musl, port, wrappers, kernel headers, compiler. musl does not know which
object needs which header, so every build starts with no object; it takes less than a minute.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from artifact import live, paths, prefixes, proc, sources, ui
from artifact.errors import ArtifactError
from artifact.kernel import base, patch, series
from artifact.kernel import fetch as kernel_fetch
from artifact.kernel.series import Port
from artifact.libc import fetch, headers
from artifact.libc.fetch import Source

PORT = paths.PATCHES / "musl"
SYSROOT = Path("artifact/libc/sysroot")
LOADER = "ld-musl-x86_64.so.1"
COMPILER = "gcc"
TOOLS = ((COMPILER, "gcc"), ("make", "make"), ("ld", "binutils"))
CONFIGURE = ("--prefix=/", "--syslibdir=/lib", "--disable-wrapper")
# The compiler's own support routines, by the names that it and build systems ask for.
RUNTIME = ("libgcc.a", "libgcc_eh.a")
NEEDED_BYTES = 200_000_000
_OBJECT = re.compile(r" -o (obj/\S+) ")


@dataclass(frozen=True)
class Plan:
    """Everything a build needs to know."""

    source: Source
    port: Port
    kernel: base.Source
    compiler: str

    @property
    def key(self) -> str:
        """Sixteen hex digits that name the result."""
        parts = (self.source.version, self.port.digest, self.kernel.version, self.compiler)
        whole = (*parts, wrappers(), *RUNTIME, *CONFIGURE)
        return hashlib.sha256("\0".join(whole).encode()).hexdigest()[:16]

    @property
    def prefix(self) -> Path:
        """Where the result is installed."""
        return paths.LIBC / f"prefix-{self.key}"


def wrappers() -> str:
    """Hash of the compiler wrappers and specs."""
    return sources.content_hash(paths.REPO, str(SYSROOT))


def log() -> Path:
    """Where the tools' output goes."""
    return paths.CACHE / "log" / "libc.log"


def plan() -> Plan:
    """What `run` would build; fetches sources that are not there."""
    for tool, package in TOOLS:
        proc.need(tool, package)
    compiler = proc.run([COMPILER, "--version"]).stdout.splitlines()[0]
    kernel = base.current() or kernel_fetch.run()
    return Plan(fetch.run(), series.read(PORT), kernel, compiler)


def _make(words: Sequence[str | Path], build: Path) -> None:
    """Run make; shows how many objects were made and which one is the latest."""
    with ui.progress("libc", None) as bar:

        def each(line: str) -> None:
            seen = _OBJECT.search(line)
            if seen:
                bar.advance(1, seen[1])

        jobs = f"-j{len(os.sched_getaffinity(0))}"
        argv: list[str | Path] = ["make", jobs, *words]
        live.follow(argv, log=log(), what="make musl", each=each, cwd=build, env=headers.MAKE_ENV)


def _compile(tree: Path, build: Path, root: Path) -> None:
    build.mkdir()
    env = {"CC": COMPILER, "CFLAGS": "", "CPPFLAGS": "", "LDFLAGS": "", "LC_ALL": "C"}
    configure: list[str | Path] = [tree / "configure", *CONFIGURE]
    live.follow(configure, log=log(), what="configure of musl", cwd=build, env=env)
    _make(["all"], build)
    _make([f"DESTDIR={root}", "install"], build)


def _complete(root: Path, uapi: Path) -> None:
    """What musl's installation lacks: loader beside libc, kernel headers, wrappers, libgcc."""
    loader = root / "lib" / LOADER
    loader.unlink(missing_ok=True)
    loader.symlink_to("libc.so")
    (root / "lib" / "musl-gcc.specs").unlink(missing_ok=True)
    shutil.copytree(uapi, root / "include", dirs_exist_ok=True)
    shutil.copytree(paths.REPO / SYSROOT, root, dirs_exist_ok=True)
    for name in RUNTIME:
        file = proc.run([COMPILER, f"-print-file-name={name}"]).stdout.strip()
        (root / "lib" / name).symlink_to(file)
    # C++ is another step with a life of its own; here is where it will be found.
    (root / "cxx").symlink_to("../cxx")


def _describe(plan: Plan) -> str:
    facts = {
        "key": plan.key,
        "source_version": plan.source.version,
        "source_origin": plan.source.origin,
        "kernel_headers": plan.kernel.version,
        "patches": [p.file.name for p in plan.port.patches],
        "patch_hash": plan.port.digest,
        "compiler": plan.compiler,
    }
    return json.dumps(facts, indent=1) + "\n"


def _build(plan: Plan) -> None:
    """Patch, compile, install; the prefix appears last."""
    kernel_fetch.check_space(paths.LIBC, NEEDED_BYTES, "the libc build")
    log().parent.mkdir(parents=True, exist_ok=True)
    log().unlink(missing_ok=True)
    uapi = headers.run(plan.kernel, log())
    with prefixes.installing(paths.LIBC) as work:
        root = work / "root"
        patch.sync(plan.port, plan.source.tree, work / "src")
        _compile(work / "src", work / "build", root)
        _complete(root, uapi)
        if not (root / "lib" / "libc.so").is_file():
            raise ArtifactError("the build installed no lib/libc.so", f"see {log()}")
        (root / "build.json").write_text(_describe(plan))
        root.rename(plan.prefix)


def run() -> Path:
    """Build the C library for this checkout, unless that has been done; returns its prefix."""
    todo = plan()
    with kernel_fetch.locked(paths.LIBC / "lock"):
        fresh = not (todo.prefix / "build.json").is_file()
        if fresh:
            ui.say(f"libc: musl {todo.source.version}; log: {log()}")
            with ui.step("libc"):
                _build(todo)
        prefixes.point(paths.LIBC / "current", todo.prefix)
        prefixes.prune(paths.LIBC, todo.prefix)
    ui.say(f"libc: {'done' if fresh else 'nothing to do'}: {todo.prefix}")
    return todo.prefix
