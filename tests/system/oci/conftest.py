# SPDX-License-Identifier: GPL-2.0-only
"""runc, crun and runu under the same tests; what each is excused from; the numbers at the end.

UK_OCI_RUNTIMES names the runtimes (`runc,crun`), UK_RUNC, UK_CRUN, UK_RUNU other programs.
A test without runtime parameter cannot be here, nor one without the sentence it checks.
"""

import os
import shutil
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from artifact import paths, proc
from artifact.errors import Unavailable
from artifact.images import catalogue
from artifact.systems import cgroups, leftovers
from tests.system import runu
from tests.system.oci.bundle import Runtime, Workshop
from tests.system.oci.sentences import sentence_of

HERE = Path(__file__).parent
PROBE_SOURCE = paths.REPO / "tests" / "c" / "oci" / "probe.c"
RUNTIMES = tuple(os.environ.get("UK_OCI_RUNTIMES", "runc,crun,runu").split(","))
WORDS = {"cat", "chown", "dd", "echo", "env", "false", "ls"}
WORDS |= {"mknod", "sh", "sleep", "stat", "true"}
CFLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-static")
EXCEPTIONS = tomllib.loads((HERE / "exceptions.toml").read_text())["exception"]


def _program(name: str) -> Path:
    """The runtime's program; skips, with the reason, where there is none."""
    named = os.environ.get(f"UK_{name.upper()}")
    found = named or (runu.program() if name == "runu" else proc.which(name))
    if not found:
        pytest.skip(f"{name} is not installed; apt package {name}")
    return Path(found)


@pytest.fixture(scope="session", params=RUNTIMES)
def runtime(request: pytest.FixtureRequest) -> Runtime:
    """One of the runtimes."""
    program = _program(request.param)
    if cgroups.here().mode is cgroups.Mode.NONE:
        pytest.skip("no control groups are mounted")
    if not cgroups.is_mount_point("/"):
        pytest.skip("the root directory is no mount point (a plain chroot), runtimes refuse that")
    return Runtime.on_this_machine(request.param, program)


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """A directory that mapped users can look into as well."""
    leftovers.sweep()
    with leftovers.workplace() as directory:
        directory.chmod(0o755)
        yield directory


def _other_words(directory: str, names: list[str]) -> list[str]:
    """busybox's links under names that no test calls: a bundle is made some 400 times."""
    links = [name for name in names if Path(directory, name).is_symlink()]
    return [name for name in links if name not in WORDS]


@pytest.fixture(scope="session")
def image(place: Path) -> Path:
    """busybox of our images, and the probe; tests get hard links of it."""
    try:
        busybox = catalogue.image("busybox").rootfs
        compiler = paths.libc_prefix() / "bin" / "ukcc"
    except Unavailable as reason:
        pytest.skip(str(reason))
    root = place / "image"
    shutil.copytree(busybox, root, symlinks=True, ignore=_other_words)
    proc.run([compiler, *CFLAGS, PROBE_SOURCE, "-o", root / "bin" / "probe"])
    return root


@pytest.fixture
def oci(runtime: Runtime, place: Path, image: Path) -> Iterator[Workshop]:
    """Containers of one test."""
    workshop = Workshop(runtime, place, image)
    yield workshop
    workshop.clear()


@pytest.fixture(scope="module")
def shared(runtime: Runtime, place: Path, image: Path) -> Iterator[Workshop]:
    """Containers that the tests of a module look at together."""
    workshop = Workshop(runtime, place, image)
    yield workshop
    workshop.clear()


def _ours(item: pytest.Item) -> bool:
    return item.path.parent == HERE


def _runtime(item: pytest.Item) -> str:
    return str(item.callspec.params["runtime"])  # type: ignore[attr-defined]


def _names(item: pytest.Item) -> set[str]:
    """How the table may call it: `test_x::test_y`, or `test_x::test_y[case]` for one case."""
    name = f"{item.path.stem}::{item.originalname}"  # type: ignore[attr-defined]
    case = item.callspec.id.removeprefix(_runtime(item)).strip("-")  # type: ignore[attr-defined]
    return {name, f"{name}[{case}]"}


def _excused(item: pytest.Item) -> dict[str, Any] | None:
    for entry in EXCEPTIONS:
        if entry["runtime"] == _runtime(item) and entry["test"] in _names(item):
            return entry if _applies(entry) else None
    return None


def _applies(entry: dict[str, Any]) -> bool:
    """`below`: the first version of the runtime that needs no excuse."""
    if "below" not in entry:
        return True
    found = os.environ.get(f"UK_{entry['runtime'].upper()}") or proc.which(entry["runtime"])
    if not found:
        return True
    below = tuple(map(int, entry["below"].split(".")))
    return Runtime(entry["runtime"], Path(found)).version < below


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """An exception is a strict expected failure: one that passes fails the table."""
    for item in filter(_ours, items):
        item.add_marker(pytest.mark.system)
        if sentence_of(item) is None:
            raise pytest.UsageError(f"{item.nodeid} does not name the sentence it checks")
        entry = _excused(item)
        if entry:
            item.add_marker(pytest.mark.xfail(strict=True, reason=entry["reason"]))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How many tests each runtime passes; what fails on both references is a wrong test."""
    numbers: dict[str, Counter[str]] = defaultdict(Counter)
    failed: dict[str, set[str]] = defaultdict(set)
    for outcome in ("passed", "failed", "error", "skipped", "xfailed", "xpassed"):
        for report in terminalreporter.stats.get(outcome, []):
            name, _, rest = report.nodeid.partition("[")
            runtime = rest.rstrip("]").split("-")[0]
            if "/oci/" not in name or runtime not in RUNTIMES:
                continue
            numbers[runtime][outcome] += 1
            if outcome in ("failed", "error"):
                failed[f"{name}[{'-'.join(rest.split('-')[1:])}"].add(runtime)
    for runtime, counts in numbers.items():
        told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
        terminalreporter.write_line(f"OCI runtime-spec: {runtime}: {told}")
    for name, runtimes in failed.items():
        if {"runc", "crun"} <= runtimes:
            terminalreporter.write_line(f"wrong test (fails on runc and crun): {name}")
