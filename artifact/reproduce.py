# SPDX-License-Identifier: GPL-2.0-only
"""`invoke reproduce-all`: every step in order, into one run, interruptible.

Each measuring step is a child process running the very task a reader could type, so a crash
of one (a panic of the library kernel, say) is one failed step. `state.json` in the run keeps
what is done; the same command on the same sources (content hash) continues there. A step that was
interrupted or failed runs again: what it has recorded already is not measured twice, and of a
record that is there twice the later counts.
"""

import fcntl
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from artifact import paths, profiles, report, sources, tables, ui
from artifact.errors import ArtifactError
from artifact.frontdoor import INTERRUPTED, OUTCOME_VARIABLE
from artifact.proc import spawn
from artifact.records import Run, sharing, write_atomically

DUTS = ("linux", "lwip", "lkl")
OTHERS = (
    "lkl-tap", "linux-qemu", "linux-uml", "lwipv6", "gvisor", "gvisor-runsc", "ns3", "seastar",
    "pytcp", "runu",
)  # fmt: skip
BOTH = ("--condition", "all")
SOURCES = ("artifact", "lkl_patches", "notebooks", "data/paper", "data/claims.toml",
           "pyproject.toml", "tasks.py")  # fmt: skip
CLEAN_UP_GRACE_S = 60.0

Status = Literal["started", "done", "skipped", "failed"]


@dataclass(frozen=True)
class Step:
    """A task as one would type it; `measures` tasks take the profile.

    `first` is what it takes on two cores, from nothing, with profile smoke, in seconds: the
    estimate until this machine has times of its own.
    """

    name: str
    task: tuple[str, ...]
    measures: bool = False
    first: float | None = None
    smoke: tuple[str, ...] = ()  # words for the smoke profile
    whole: tuple[str, ...] = ()  # words for the others

    def argv(self, profile: str) -> list[str]:
        """Words after `invoke`."""
        more = self.smoke if profile == "smoke" else self.whole
        return [*self.task, *more, *(("--profile", profile) if self.measures else ())]


STEPS: tuple[Step, ...] = (
    Step("fetch", ("fetch",), first=90),
    Step("build", ("build",), first=300),
    Step("bench-core", ("bench-core",), measures=True, first=35),
    *(
        Step(
            f"conformance {dut}", ("conformance", "--dut", dut), measures=True, first=30, whole=BOTH
        )
        for dut in DUTS
    ),
    Step(
        "conformance stacks",
        ("conformance", "--dut", ",".join(OTHERS)),
        measures=True,
        first=60,
        smoke=("--suite", "arp"),
        whole=BOTH,
    ),
    Step("compat", ("compat",), measures=True, first=10),
    Step("images", ("images",), first=900),
    Step("coldstart", ("coldstart",), measures=True, first=60),
    Step("memory", ("memory",), measures=True, first=40),
    Step("image-size", ("image-size",), measures=True, first=10),
    Step("netperf", ("netperf",), measures=True, first=65),
    Step("bench-programs", ("bench-programs",), measures=True, first=30),
    Step("programs", ("programs",), first=60, smoke=("--only", "sqlite")),
    Step("notebooks", ("notebooks",), first=20),
    Step("figures", ("figures",), first=8),
)
UNCHANGED = (
    "fetch",
    "build",
    "images",
    "notebooks",
    "figures",
)  # these take the same in every profile


class StepState(BaseModel):
    """What is known about one step; the reason is that of a skip or a failure."""

    model_config = ConfigDict(extra="forbid")

    status: Status
    seconds: float | None = None
    reason: str = ""


class State(BaseModel):
    """Progress of one reproduction; `inputs` is the content hash of what it runs."""

    model_config = ConfigDict(extra="forbid")

    inputs: str
    steps: dict[str, StepState] = Field(default_factory=dict)


def content_hash() -> str:
    """What a reproduction depends on; prose and tests do not count."""
    return sources.content_hash(paths.REPO, *SOURCES)


def _state_file(run: Run) -> Path:
    return run.dir / "state.json"


def load_state(run: Run) -> State | None:
    """Progress of a run; None when it was not started by `reproduce-all`."""
    file = _state_file(run)
    if not file.exists():
        return None
    try:
        return State.model_validate_json(file.read_bytes())
    except ValidationError as error:
        why = error.errors()[0]["msg"]
        raise ArtifactError(
            f"{paths.shown(file)}: {why}", "delete that run, or begin anew with --fresh"
        ) from None


def store_state(run: Run, state: State) -> None:
    """Write the progress, whole or not at all."""
    text = json.dumps(state.model_dump(exclude_defaults=True), indent=1, ensure_ascii=False)
    write_atomically(_state_file(run), text + "\n")


def resumable(profile: str, inputs: str) -> Run | None:
    """The latest unfinished reproduction with this profile of these sources."""
    for run in reversed(Run.all()):
        if run.manifest.ended is None and run.manifest.profile == profile:
            state = load_state(run)
            if state is not None and state.inputs == inputs:
                return run
    return None


@contextmanager
def _only_one(run: Run) -> Iterator[None]:
    with (run.dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ArtifactError(
                f"another reproduce-all works on {paths.shown(run.dir)}",
                "wait for it, or use --fresh",
            ) from None
        yield


def _wait(child: "subprocess.Popen[bytes]") -> int:
    """Wait; on Ctrl-C let the step clean up after itself before the interrupt goes on."""
    try:
        return child.wait()
    except KeyboardInterrupt:
        child.send_signal(signal.SIGINT)
        try:
            child.wait(CLEAN_UP_GRACE_S)
        except subprocess.TimeoutExpired:
            ui.say("the step does not stop by itself and is killed")
        raise


def execute(argv: Sequence[str]) -> tuple[Status, str]:
    """Run `invoke ARGV` as a child on our terminal; its status and, if not done, the reason."""
    with tempfile.TemporaryDirectory(prefix="uk-step-") as directory:
        outcome = Path(directory) / "outcome.json"
        command = [sys.executable, "-m", "invoke", *argv]
        env = {OUTCOME_VARIABLE: str(outcome)}
        sys.stdout.flush()
        with spawn(command, cwd=paths.REPO, env=env, stdout=1, stderr=2) as child:
            code = _wait(child)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        if code == 0:
            return "done", ""
        if outcome.exists():
            told = json.loads(outcome.read_text())
            return told["status"], told["reason"]
    return "failed", f"invoke {' '.join(argv)} ended with exit code {code}"


def _duration_key(profile: str, step: Step) -> str:
    return f"reproduce {profile}: {step.name}"


def estimate(profile: str, step: Step) -> tuple[float | None, str]:
    """Seconds a step will take, if that can be said, and where the number comes from."""
    last = ui.durations().get(_duration_key(profile, step))
    if last is not None:
        return last, "as last time"
    if profile == "smoke" or step.name in UNCHANGED:
        return step.first, "on two cores, from nothing"
    return None, "not known before the first time"


def _plan(state: State, profile: str) -> None:
    """Say what is left and how long it will take."""
    cells = []
    total, unknown = 0.0, 0
    for step in STEPS:
        if step.name in state.steps and state.steps[step.name].status == "done":
            cells.append([step.name, "", "done"])
            continue
        seconds, source = estimate(profile, step)
        total += seconds or 0
        unknown += seconds is None
        cells.append([step.name, "" if seconds is None else ui.duration(seconds), source])
    ui.table("", ["step", "time", ""], cells)
    also = f" and {unknown} steps whose time is not known yet" if unknown else ""
    ui.say(f"estimate: {ui.duration(total)}{also}; Ctrl-C interrupts, the same command continues")


def _run_step(run: Run, state: State, step: Step, number: int) -> None:
    before = state.steps.get(step.name)
    if before is not None and before.status == "done":
        return
    argv = step.argv(run.manifest.profile)
    ui.say(f"\n[{number}/{len(STEPS)}] invoke {' '.join(argv)}")
    entry = StepState(status="started")
    state.steps[step.name] = entry
    store_state(run, state)
    started = time.monotonic()
    entry.status, entry.reason = execute(argv)
    entry.seconds = round(time.monotonic() - started, 1)
    store_state(run, state)
    if entry.status == "done":
        ui.remember(_duration_key(run.manifest.profile, step), entry.seconds)
    ui.say(f"[{number}/{len(STEPS)}] {step.name}: {entry.status} in {ui.duration(entry.seconds)}")


def step_table(run: Run, state: State) -> tables.Table:
    """How each step ended."""
    cells = []
    for step in STEPS:
        entry = state.steps.get(step.name, StepState(status="skipped", reason="not reached"))
        seconds = "" if entry.seconds is None else ui.duration(entry.seconds)
        cells.append([step.name, entry.status, seconds, entry.reason])
    caption = f"Steps of run {run.id}, profile {run.manifest.profile}."
    return tables.Table("steps", caption, ["step", "status", "time", "reason"], cells)


def _choose(profile: str, fresh: bool) -> tuple[Run, State]:
    inputs = content_hash()
    run = None if fresh else resumable(profile, inputs)
    if run is not None:
        ui.say(f"continuing {paths.shown(run.dir)}")
        return run, load_state(run) or State(inputs=inputs)
    run = Run.create(profile)
    state = State(inputs=inputs)
    store_state(run, state)
    return run, state


def run_all(profile: str, fresh: bool = False) -> tuple[Run, bool]:
    """Reproduce everything; the run and whether no step failed (skipped ones do not count)."""
    profiles.get(profile)
    run, state = _choose(profile, fresh)
    with _only_one(run), sharing(run):
        _plan(state, profile)
        for number, step in enumerate(STEPS, start=1):
            _run_step(run, state, step, number)
            if step.name == "build":
                run.refresh_provenance()  # now it is known which kernel is measured
        steps = step_table(run, state)
        page = report.write(run, steps)
    good = all(entry.status in ("done", "skipped") for entry in state.steps.values())
    if good:
        run.finish()
    ui.say("")
    ui.table("steps", steps.columns, steps.cells)
    ui.say("")
    claims = tables.claim_table(run)
    ui.table("claims", claims.columns, claims.cells)
    ui.say(f"\nreport: {paths.shown(page)}")
    return run, good
