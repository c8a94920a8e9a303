# SPDX-License-Identifier: GPL-2.0-only
"""The experiment `programs` for real, one round; what it leaves; a failing guest."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from artifact import claims, paths
from artifact.bench import opbench, programs
from artifact.errors import ArtifactError, Unavailable
from artifact.images import catalogue, tree
from artifact.programs import ukrun
from artifact.records import Run
from artifact.relations import Outcome
from artifact.systems import leftovers

pytestmark = pytest.mark.system


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    try:
        ukrun.program()
        opbench.root()
        for name in ("python", "redis", "nginx"):
            catalogue.image(name)
    except Unavailable as error:
        pytest.skip(str(error))


def test_a_smoke_run_has_everything_and_holds_its_claims(results: Path) -> None:
    links = sorted(path.name for path in Path("/sys/class/net").iterdir())
    before = tree.digest(catalogue.image("python").rootfs)
    run = programs.run("smoke")
    stored = run.samples("programs")
    assert {subject for subject, _ in programs._stored(run)} == set(programs.subjects())
    assert all(sample.value > 0 for sample in stored)
    found = {finding.claim.id: finding.judgement for finding in claims.judge(run)}
    assert found["vfork"].outcome is Outcome.HOLDS
    assert found["public-image"].outcome is Outcome.HOLDS
    assert found["libc-port"].outcome is Outcome.NOT_RUN
    assert tree.digest(catalogue.image("python").rootfs) == before
    assert sorted(path.name for path in Path("/sys/class/net").iterdir()) == links


def test_a_program_that_fails_is_one_line(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "subjects", lambda: [programs.Subject("python", "ukontainer")])
    monkeypatch.setattr(programs, "PYTHON", "/usr/bin/absent")
    with pytest.raises(ArtifactError, match=r"absent on ukontainer ended with exit code 12\d"):
        programs.run("smoke")
    (run,) = Run.all()
    assert run.samples() == []


def descendants(pid: int) -> set[int]:
    """Every process below one, as far as they are there while we look."""
    found = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            direct = {int(word) for word in task.read_text().split()}
        except OSError:
            continue  # it ended meanwhile
        for child in direct:
            found |= {child} | descendants(child)
    return found


def runs_ukrun(pid: int) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/exe") == str(ukrun.program())
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_what_ends_the_experiment_ends_its_programs(results: Path, number: signal.Signals) -> None:
    code = (
        "from artifact.bench import programs as p\n"
        "p.subjects = lambda: [p.Subject(name, 'ukontainer') for name in ('nginx', 'redis')]\n"
        "p.run('paper')"
    )
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-c", code], cwd=paths.REPO, **silent) as child:
        limit = time.monotonic() + 60
        while not any(runs_ukrun(pid) for pid in descendants(child.pid)):
            assert time.monotonic() < limit, "no ukrun was started"
            time.sleep(0.05)
        started = descendants(child.pid)
        child.send_signal(number)
    limit = time.monotonic() + 10
    while any(runs_ukrun(pid) for pid in started):
        assert time.monotonic() < limit, "ukrun survived"
        time.sleep(0.05)
    leftovers.sweep()  # a kill leaves a directory to whoever comes next
    assert not [*Path(tempfile.gettempdir()).glob(f"uk-{child.pid}-*")]
