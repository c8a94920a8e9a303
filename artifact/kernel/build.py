# SPDX-License-Identifier: GPL-2.0-only
"""`invoke build`: from the fetched source and the port to an installed liblkl.

    CACHE/kernel/work-<checkout>-<version>/src          work tree (kernel.patch)
                                          /build-<config>  objects
    CACHE/kernel/prefix-<key>/                          what was installed, and build.json:
        lib/liblkl.so, lib/liblkl.a, include/           library mode
        bin/ukrun, bin/runu, lib/ld-musl-x86_64.so.1    process mode, with its C library
    CACHE/kernel/current, current-<config>              the prefix that was asked for last

A key names what goes in: kernel release, port, compiler, configuration, C library. A prefix is
written under a temporary name and renamed, so it is whole or absent; when it is there, nothing is
done. Each checkout has a work tree of its own under a lock, so two checkouts with different
ports stay incremental and out of each other's way.
"""

import dataclasses
import hashlib
import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from artifact import live, paths, prefixes, proc, ui
from artifact.errors import ArtifactError
from artifact.kernel import base, configure, fetch, patch, runu, series
from artifact.kernel.base import Source
from artifact.kernel.configure import Config
from artifact.kernel.series import Port
from artifact.libc import build as libc

NEEDED_BYTES = 3_000_000_000
COMPILER = "gcc"
TOOLS = (  # program, Debian package
    (COMPILER, "gcc"),
    ("make", "make"),
    ("ld", "binutils"),
    ("bc", "bc"),
    ("bison", "bison"),
    ("flex", "flex"),
    ("perl", "perl"),
    ("patch", "patch"),
    ("rsync", "rsync"),
)
# The caller's make and kernel settings must not leak in; time, user and host must not show.
MAKE_ENV = {
    "MAKEFLAGS": "",
    "CROSS_COMPILE": "",
    "LC_ALL": "C",
    "KBUILD_BUILD_TIMESTAMP": "1970-01-01",
    "KBUILD_BUILD_USER": "ukontainer",
    "KBUILD_BUILD_HOST": "localhost",
}
_OBJECT = re.compile(r"^\s+(?:[A-Z]{2,8}|HOST[A-Z]+)(?: \[M\])?\s+(\S+)$")


@dataclass(frozen=True)
class Build:
    """An installed library kernel. `fresh` is false when there was nothing to do."""

    prefix: Path
    key: str
    fresh: bool


@dataclass(frozen=True)
class Plan:
    """Everything a build needs to know."""

    source: Source
    port: Port
    config: Config
    compiler: str
    checkout: Path
    libc: Path
    libraries: runu.Libraries | None

    @property
    def key(self) -> str:
        """Sixteen hex digits that name the result."""
        parts = (
            self.source.version,
            self.port.digest,
            self.compiler,
            self.libc.name,
            runu.digest(self.libraries),
            *self.config.targets,
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    @property
    def prefix(self) -> Path:
        """Where the result is installed."""
        return paths.KERNEL / f"prefix-{self.key}"

    @property
    def work(self) -> Path:
        """The work directory of this checkout and kernel release."""
        checkout = hashlib.sha256(str(self.checkout).encode()).hexdigest()[:8]
        return paths.KERNEL / f"work-{checkout}-{self.source.version}"

    @property
    def tree(self) -> Path:
        """The patched kernel tree."""
        return self.work / "src"

    @property
    def out(self) -> Path:
        """The kernel's output directory (O=)."""
        return self.work / f"build-{self.config.name}"

    @property
    def log(self) -> Path:
        """Where the tools' output goes."""
        return paths.CACHE / "log" / f"build-{self.config.name}.log"

    @property
    def link(self) -> Path:
        """The name by which others find the result."""
        suffix = "" if self.config.name == "default" else f"-{self.config.name}"
        return paths.KERNEL / f"current{suffix}"


def _compiler() -> str:
    """What the compiler says it is; part of the key."""
    for tool, package in TOOLS:
        proc.need(tool, package)
    return proc.run([COMPILER, "--version"]).stdout.splitlines()[0]


def plan(config: str = "default") -> Plan:
    """What `run` would build; fetches the source when it is not there."""
    chosen = configure.get(config)
    source = base.current() or fetch.run()
    return Plan(
        source, series.read(), chosen, _compiler(), paths.REPO, libc.run(), runu.libraries()
    )


def _make(words: Sequence[str | Path], plan: Plan, title: str) -> None:
    """Run make; shows how many objects were made and which one is the latest."""
    note = plan.out / f".ukontainer-count-{title.split()[0]}"
    last = int(note.read_text()) if note.is_file() else None
    done = 0
    with ui.progress(f"build {title}", None) as bar:

        def each(line: str) -> None:
            nonlocal done
            seen = _OBJECT.match(line)
            if seen:
                done += 1
                whole = f" (of {last} last time)" if last is not None else ""
                bar.advance(1, seen[1] + whole)

        jobs = f"-j{len(os.sched_getaffinity(0))}"
        argv = ["make", "--no-print-directory", jobs, *words]
        live.follow(argv, log=plan.log, what=f"make {title}", each=each, env=MAKE_ENV)
    if done > (last or 0):
        note.write_text(str(done))


def _compile(plan: Plan, into: Path) -> None:
    kernel = ["-C", str(plan.tree), "ARCH=lkl", f"O={plan.out}"]
    tools = ["-C", str(plan.tree / "tools/lkl"), f"KBUILD={plan.out}", f"OUTPUT={plan.out}/lkl"]
    managed = [*plan.port.overlay, *plan.port.touched]
    configure.run(plan.config, ["make", *kernel], plan.tree, plan.out, managed, plan.log)
    _make([*kernel, "lkl"], plan, "kernel")
    _make([*tools, "all"], plan, "library")
    _make([*tools, f"PREFIX={into}", "install"], plan, "install")
    ukcc = plan.libc / "bin" / "ukcc"
    process = [*tools[:3], f"OUTPUT={plan.out}/process", f"UKCC={ukcc}", f"PREFIX={into}"]
    process[1] = str(plan.tree / "tools/lkl/process")
    _make([*process, "install"], plan, "ukrun")
    shutil.copy(plan.libc / "lib" / "libc.so", into / "lib" / libc.LOADER)
    if plan.libraries:
        runu.make(plan.libraries, plan.tree, plan.out, ukcc, into, plan.log)


def _describe(plan: Plan) -> str:
    facts = {
        "key": plan.key,
        "config": plan.config.name,
        "config_hash": configure.digest(plan.out),
        "source_version": plan.source.version,
        "source_origin": plan.source.origin,
        "series": base.read().series,
        "patches": [p.file.name for p in plan.port.patches],
        "patch_hash": plan.port.digest,
        "compiler": plan.compiler,
    }
    return json.dumps(facts, indent=1) + "\n"


def _report(change: patch.Change) -> None:
    for verb in ("written", "restored", "removed"):
        names: tuple[str, ...] = getattr(change, verb)
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            ui.say(f"build: {verb} {', '.join(names[:3])}{more}")


def _build(plan: Plan) -> None:
    """Synchronise, compile, install; the prefix appears last."""
    fetch.check_space(paths.KERNEL, NEEDED_BYTES, "the kernel build")
    plan.log.parent.mkdir(parents=True, exist_ok=True)
    plan.log.unlink(missing_ok=True)
    plan.out.mkdir(parents=True, exist_ok=True)
    _report(patch.sync(plan.port, plan.source.tree, plan.tree))
    with prefixes.installing(paths.KERNEL) as into:
        _compile(plan, into)
        if not (into / "lib" / "liblkl.so").is_file():
            raise ArtifactError("the build installed no lib/liblkl.so", f"see {plan.log}")
        (into / "build.json").write_text(_describe(plan))
        with fetch.locked(paths.KERNEL / "install.lock"):
            # Another checkout with the same content may have been quicker.
            if not plan.prefix.exists():
                into.rename(plan.prefix)


def run(config: str = "default") -> Build:
    """Build the library kernel for this checkout, unless that has been done.

    config: "default", or "kunit" for the kernel's own unit tests (CACHE/kernel/current-kunit).
    """
    todo = plan(config)
    fresh = not (todo.prefix / "build.json").is_file()
    if fresh:
        ui.say(f"build: Linux {todo.source.version}, {todo.config.purpose}; log: {todo.log}")
        with fetch.locked(todo.work / "lock"):
            if not (todo.prefix / "build.json").is_file():
                _build(todo)
    prefixes.point(todo.link, todo.prefix)
    prefixes.prune(paths.KERNEL, todo.prefix)
    ui.say(f"build: {'done' if fresh else 'nothing to do'}: {todo.prefix}")
    return Build(todo.prefix, todo.key, fresh)


def variant(extra: Sequence[Path]) -> Build:
    """Build the library kernel with further patches on top of the port's, which `run` will take
    back again. One object and the link, when the port has been built; nothing the second time.
    """
    port = series.read()
    patches = (*port.patches, *(series.read_patch(file.resolve()) for file in extra))
    todo = dataclasses.replace(plan(), port=dataclasses.replace(port, patches=patches))
    fresh = not (todo.prefix / "build.json").is_file()
    if fresh:
        with fetch.locked(todo.work / "lock"):
            _build(todo)
    return Build(todo.prefix, todo.key, fresh)


def clean() -> None:
    """Remove work trees and results; the fetched source stays."""
    for pattern in ("work-*", "new-*", "prefix-*", "current*"):
        for path in paths.KERNEL.glob(pattern):
            if path.is_symlink():
                path.unlink()
            else:
                shutil.rmtree(path)
