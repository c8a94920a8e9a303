# SPDX-License-Identifier: GPL-2.0-only
"""reproduce-all with small real tasks: order, failures, skips, interruption, resumption."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from artifact import paths, reproduce, ui
from artifact.errors import ArtifactError
from artifact.records import Run
from artifact.reproduce import State, Step, StepState

TASKS = """
import os, time
import invoke
from artifact.errors import ArtifactError, Unavailable
from artifact.frontdoor import guarded
from artifact.records import Run, SampleRecord

def record(value):
    run = Run.current("smoke")
    run.add_sample(SampleRecord(experiment="x", system="s", workload="w", metric="m", unit="s",
                                value=value, round=0, warmup=False))
    run.finish()

def task(body):
    return invoke.task(guarded(body))

@task
def good(_, profile=""):
    record(1.0)

@task
def absent(_):
    raise Unavailable("no such device", "plug it in")

@task
def broken(_):
    record(9.0)
    if not os.path.exists("repaired"):
        raise ArtifactError("it broke")

@task
def crash(_):
    os._exit(86)

@task
def slow(_):
    record(2.0)
    while os.path.exists("wait"):
        time.sleep(0.01)
    record(3.0)
"""
GOOD = Step("good", ("good",), measures=True)
ABSENT, BROKEN = Step("absent", ("absent",)), Step("broken", ("broken",))
CRASH, SLOW = Step("crash", ("crash",)), Step("slow", ("slow",))


@pytest.fixture
def place(tmp_path: Path, results: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory whose tasks.py stands for ours; the rest is the real thing."""
    (tmp_path / "tasks.py").write_text(TASKS)
    monkeypatch.setenv("PYTHONPATH", str(paths.REPO))
    monkeypatch.setattr(paths, "REPO", tmp_path)
    monkeypatch.setattr(paths, "DURATIONS", tmp_path / "durations.json")
    monkeypatch.setattr(reproduce, "content_hash", lambda: "same")
    return tmp_path


def statuses(run: Run) -> dict[str, str]:
    state = reproduce.load_state(run)
    assert state is not None
    return {name: entry.status for name, entry in state.steps.items()}


def test_a_good_run_ends_with_claims_and_report(
    place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reproduce, "STEPS", (GOOD, ABSENT))
    run, good = reproduce.run_all("smoke")
    assert good
    assert statuses(run) == {"good": "done", "absent": "skipped"}
    assert Run.open(run.id).manifest.ended
    assert len(run.samples()) == 1
    out = capfd.readouterr().out
    assert "[1/2] invoke good --profile smoke" in out
    assert "no such device; plug it in" in out
    assert "NOT RUN" in out  # the claims table
    assert out.rstrip().splitlines()[-1].startswith("report: ")
    page = (run.dir / "report.html").read_text()
    assert "no such device; plug it in" in page
    assert 'src="http' not in page
    assert "reproduce smoke: good" in ui.durations()


def test_a_failed_step_does_not_stop_the_others_and_is_run_again(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reproduce, "STEPS", (BROKEN, GOOD))
    run, good = reproduce.run_all("smoke")
    assert not good
    assert statuses(run) == {"broken": "failed", "good": "done"}
    (place / "repaired").touch()
    again, good = reproduce.run_all("smoke")
    assert good
    assert again.id == run.id
    values = [sample.value for sample in again.samples()]
    assert values == [9.0, 1.0, 9.0], "what was done is not run twice"
    assert reproduce.run_all("smoke")[0].id != run.id, "a finished run is not continued"


def test_a_crash_is_a_failed_step(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reproduce, "STEPS", (CRASH, GOOD))
    run, good = reproduce.run_all("smoke")
    state = reproduce.load_state(run)
    assert not good
    assert state is not None
    assert state.steps["crash"].reason == "invoke crash ended with exit code 86"
    assert state.steps["good"].status == "done"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_is_continued(
    place: Path, results: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    (place / "wait").touch()
    code = f"""
        from pathlib import Path
        from artifact import paths, reproduce
        paths.REPO = Path({str(place)!r})
        paths.DURATIONS = paths.REPO / "durations.json"
        reproduce.content_hash = lambda: "same"
        good = reproduce.Step("good", ("good",), measures=True)
        reproduce.STEPS = (good, reproduce.Step("slow", ("slow",)))
        reproduce.run_all("smoke")
    """
    child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], env=dict(os.environ))
    deadline = time.monotonic() + 60
    while not [r for r in Run.all() if len(r.samples()) == 2]:
        assert child.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    child.send_signal(number)
    assert child.wait() != 0
    (place / "wait").unlink()
    interrupted = Run.latest()
    assert statuses(interrupted) == {"good": "done", "slow": "started"}

    monkeypatch.setattr(reproduce, "STEPS", (GOOD, SLOW))
    run, good = reproduce.run_all("smoke")
    assert good
    assert run.id == interrupted.id
    assert [sample.value for sample in run.samples()] == [1.0, 2.0, 2.0, 3.0]


def test_fresh_and_changed_sources_begin_anew(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reproduce, "STEPS", (BROKEN,))
    first, _ = reproduce.run_all("smoke")
    assert reproduce.run_all("smoke", fresh=True)[0].id != first.id
    monkeypatch.setattr(reproduce, "content_hash", lambda: "other")
    latest = Run.latest().id
    assert reproduce.run_all("smoke")[0].id not in (first.id, latest)
    assert reproduce.resumable("quick", "same") is None


def test_estimates_become_this_machines_own(place: Path) -> None:
    step = Step("good", ("good",), measures=True, first=30)
    assert reproduce.estimate("smoke", step) == (30, "on two cores, from nothing")
    assert reproduce.estimate("paper", step)[0] is None
    ui.remember("reproduce smoke: good", 5.0)
    assert reproduce.estimate("smoke", step) == (5.0, "as last time")


def test_two_at_once_is_an_error(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reproduce, "STEPS", (BROKEN,))
    run, _ = reproduce.run_all("smoke")
    with reproduce._only_one(run), pytest.raises(ArtifactError, match="another reproduce-all"):
        reproduce.run_all("smoke")


def test_a_corrupt_state_is_one_line(place: Path) -> None:
    run = Run.create("smoke")
    reproduce.store_state(run, State(inputs="same"))
    (run.dir / "state.json").write_text("{")
    with pytest.raises(ArtifactError, match=r"state\.json: .*--fresh"):
        reproduce.run_all("smoke")


def test_the_state_survives_storing(results: Path) -> None:
    run = Run.create("smoke")
    state = State(inputs="i", steps={"a": StepState(status="done", seconds=1.5)})
    reproduce.store_state(run, state)
    assert reproduce.load_state(run) == state


def test_every_step_is_a_task_of_ours() -> None:
    source = (paths.REPO / "tasks.py").read_text()
    for step in reproduce.STEPS:
        assert f"\ndef {step.task[0].replace('-', '_')}(" in source
