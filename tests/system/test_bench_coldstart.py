# SPDX-License-Identifier: GPL-2.0-only
"""Cold start for real: samples come, nothing stays, an interrupted run continues."""

import dataclasses
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from artifact import paths, proc
from artifact.bench import coldstart, launch
from artifact.errors import ArtifactError, Unavailable
from artifact.images import python_hello
from artifact.records import Run, sharing
from artifact.systems import cgroups, crun, leftovers, registry, runc
from artifact.systems.base import Image

pytestmark = pytest.mark.system

# In the container of a victim: says that it is there, then stays.
STAY = "print('there', flush=True); import time; time.sleep(600)"


@pytest.fixture(scope="module")
def image() -> Image:
    try:
        return python_hello.image()
    except Unavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Temporary directories, ours and our children's, in a place that nobody else uses."""
    directory = Path(tempfile.mkdtemp(dir="/tmp"))  # a socket's name may not be long
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    monkeypatch.setenv("TMPDIR", str(directory))
    yield directory
    leftovers.sweep()
    directory.rmdir()


def our_groups() -> list[str]:
    return [name for name in cgroups.names() if name.startswith(leftovers.prefix())]


def until(met: Callable[[], object], what: str) -> None:
    limit = time.monotonic() + 30
    while not met():
        assert time.monotonic() < limit, what
        time.sleep(0.05)


@pytest.mark.parametrize("name", ["uml", "qemu-tcg"])
def test_a_machine_does_the_work_and_leaves_nothing(name: str, results: Path, place: Path) -> None:
    run = Run.create("smoke", seed=1)
    try:
        with coldstart.bench(run, launch.launcher()) as tool:
            system = coldstart.IMPLEMENTED[name].make(tool.docker)
            system.check()
            tool.start(system, coldstart.IMAGES["public"]())
    except Unavailable as error:
        pytest.skip(str(error))
    assert list(place.iterdir()) == []


@pytest.fixture
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what starts in less than a second, with one image: the rest takes a minute."""
    few = {
        name: dataclasses.replace(coldstart.IMPLEMENTED[name], images=("debian",))
        for name in ("native", "runc", "crun")
    }
    monkeypatch.setattr(coldstart, "IMPLEMENTED", few)
    rows = [row for row in registry.of("coldstart") if row.why_not or row.name in few]
    monkeypatch.setattr(registry, "of", lambda _: rows)


def test_a_smoke_run_measures_all_but_machines_and_leaves_nothing(
    results: Path, place: Path, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One image of each will do, and machines take seconds.
    some = {
        name: dataclasses.replace(entry, images=entry.images[:1])
        for name, entry in coldstart.IMPLEMENTED.items()
        if not entry.slow
    }
    monkeypatch.setattr(coldstart, "IMPLEMENTED", some)
    rows = [row for row in registry.of("coldstart") if row.why_not or row.name in some]
    monkeypatch.setattr(registry, "of", lambda _: rows)
    mounts = Path("/proc/self/mountinfo").read_text()
    run = coldstart.run("smoke")
    skipped = {skip.system: skip.reason for skip in run.skips("coldstart")}
    for name, entry in coldstart.IMPLEMENTED.items():
        walls = [
            s for s in run.samples("coldstart")
            if (s.system, s.metric, s.params.get("image")) == (name, "wall", entry.images[0])
        ]  # fmt: skip
        assert [s.round for s in walls] == [0, 1, 2] or name in skipped
        assert [s.warmup for s in walls] == [True, False, False] or name in skipped
    assert "native" not in skipped
    assert {"nabla", "kata"} <= skipped.keys()
    assert list(place.iterdir()) == []
    assert our_groups() == []
    assert Path("/proc/self/mountinfo").read_text() == mounts


def test_a_resumed_run_repeats_nothing(
    image: Image, results: Path, place: Path, direct: None
) -> None:
    run = Run.create("smoke", seed=1)
    with sharing(run):
        coldstart.run("smoke")
        before = run.samples()
        file = run.dir / "samples.jsonl"
        # As a kill would leave it: the last three starts are missing.
        lines = file.read_bytes().splitlines(keepends=True)
        file.write_bytes(b"".join(lines[:-6]))
        coldstart.run("smoke")
    key = [(s.system, s.metric, s.round, s.warmup) for s in before]
    assert [(s.system, s.metric, s.round, s.warmup) for s in run.samples()] == key


def test_a_program_that_does_not_do_the_work_is_no_sample(
    image: Image, results: Path, place: Path, monkeypatch: pytest.MonkeyPatch, direct: None
) -> None:
    lazy = dataclasses.replace(image, argv=("/bin/echo", "hello"))
    monkeypatch.setitem(coldstart.IMAGES, "debian", lambda: lazy)
    with pytest.raises(Unavailable, match="greeting did not come back"):
        coldstart.run("smoke")
    (run,) = Run.all()
    assert run.samples() == []
    assert list(place.iterdir()) == []
    assert our_groups() == []


def test_a_hanging_container_is_ended_and_removed(image: Image, results: Path, place: Path) -> None:
    staying = dataclasses.replace(image, argv=("/usr/bin/python3", "-c", STAY))
    system = runc.system()
    try:
        system.check()
    except Unavailable as error:
        pytest.skip(str(error))
    with leftovers.workplace() as work:
        ident = f"{leftovers.prefix()}hang"
        start = system.prepare(staying, work, ident, "nonce")
        with pytest.raises(ArtifactError, match="was stopped"):
            proc.run(start.argv, timeout=3)
        assert our_groups() == [ident]
        system.clean(work, ident)
        assert our_groups() == []
    assert list(place.iterdir()) == []


VICTIM = f"""
import dataclasses
from artifact import proc
from artifact.bench import launch
from artifact.images import python_hello
from artifact.systems import crun, leftovers, runc
system = {{"runc": runc, "crun": crun}}["NAME"].system()
system.check()
image = dataclasses.replace(python_hello.image(), argv=("/usr/bin/python3", "-c", {STAY!r}))
with leftovers.workplace() as work:
    ident = leftovers.prefix() + "victim"
    start = system.prepare(image, work, ident, "nonce")
    print("ready", flush=True)
    launch.launch(launch.launcher(), start.argv, work, options=start.launcher_options())
"""


def processes_in(group: str) -> set[int]:
    files = [top / group / "cgroup.procs" for top in cgroups.here().all]
    return {int(pid) for file in files if file.exists() for pid in file.read_text().split()}


@pytest.mark.parametrize("name", ["runc", "crun"])
def test_after_kill_9_the_next_run_removes_everything(name: str, image: Image, place: Path) -> None:
    try:
        {"runc": runc, "crun": crun}[name].system().check()
    except Unavailable as error:
        pytest.skip(str(error))
    with subprocess.Popen(
        [sys.executable, "-c", VICTIM.replace("NAME", name)],
        stdout=subprocess.PIPE, text=True, cwd=paths.REPO,
    ) as victim:  # fmt: skip
        assert victim.stdout is not None
        assert victim.stdout.readline() == "ready\n"
        group = f"{leftovers.prefix_of(victim.pid)}victim"

        def python_runs() -> bool:
            words = (Path(f"/proc/{pid}/cmdline") for pid in processes_in(group))
            return any(STAY.encode() in file.read_bytes() for file in words)

        until(python_runs, "the container never ran")
        os.kill(victim.pid, signal.SIGKILL)
    # The container outlives its runtime: this is what there is to sweep.
    inside = processes_in(group)
    assert inside
    assert list(place.iterdir())
    removed = leftovers.sweep()
    assert any(left.startswith(leftovers.prefix_of(victim.pid)) for left in removed)
    until(lambda: not any(leftovers.alive(pid) for pid in inside), "a container survived")
    assert list(place.iterdir()) == []
    assert group not in cgroups.names()


def test_after_ctrl_c_nothing_is_left(image: Image, results: Path, place: Path) -> None:
    code = "from artifact.bench import coldstart; coldstart.run('paper')"
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-c", code], cwd=paths.REPO, **silent) as child:
        until(lambda: list(results.glob("*/samples.jsonl")), "no sample came")
        os.kill(child.pid, signal.SIGINT)
    assert child.returncode != 0
    assert list(place.iterdir()) == []
    assert [
        name for name in cgroups.names() if name.startswith(leftovers.prefix_of(child.pid))
    ] == []
    (run,) = Run.all()
    assert run.samples("coldstart")
