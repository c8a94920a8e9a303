# SPDX-License-Identifier: GPL-2.0-only
"""Cold start: how long until the python-hello program has started, listened and exited.

VEE'21 slides p.19, as the authors' direct series: the runtime starts a bundle, without an
engine. A sample is one fresh start of the system, from just before its process is made until
it has ended; the page cache is warm (the warm-up rounds see to that), as in the paper. A
start whose output does not prove the work is an error, never a sample.

Samples: experiment coldstart, workload python-hello, metrics `wall` and `cpu`, unit s; and
system `null`, workload true: the harness's own share, /bin/true started the same way.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from artifact import profiles, ui
from artifact.bench import common, launch, schedule
from artifact.errors import ArtifactError, Unavailable
from artifact.images import python_hello
from artifact.records import Run, SampleRecord
from artifact.systems import crun, leftovers, registry, runc
from artifact.systems.base import ContainerSystem, Facts, Image, Start
from artifact.systems.native import Native

EXPERIMENT = registry.COLDSTART
WORKLOAD = python_hello.NAME
NULL = "null"
NULL_ARGV = ("/bin/true",)

IMPLEMENTED: dict[str, Callable[[], ContainerSystem]] = {
    "native": Native,
    "runc": runc.system,
    "crun": crun.system,
}


def check_hello(system: str, done: launch.Launched, nonce: str) -> None:
    """ArtifactError unless the output proves that this start did all of the program's work."""
    problem = ""
    try:
        said = json.loads(done.stdout)
    except ValueError:
        said = {}
    if done.code != 0:
        problem = f"exit code {done.code}"
    elif not isinstance(said, dict) or said.get("hello") != nonce:
        problem = "its greeting did not come back"
    elif said.get("listening") != 1 or not said.get("port"):
        problem = "it did not listen"
    elif not all(said.get(module) for module in ("ssl", "sqlite3", "csv")):
        problem = "a module was not loaded"
    if problem:
        output = " | ".join((done.stdout + done.stderr).strip().splitlines()[-3:]) or "no output"
        raise ArtifactError(f"{system}: the start failed: {problem}: {output}")


@dataclass
class Bench:
    """Everything that one experiment's starts have in common."""

    run: Run
    launcher: Path
    image: Image
    place: Path
    facts: dict[str, Facts]
    count: int = 0

    def ident(self) -> str:
        """A fresh name for a container; its prefix lets a later run find what we leave."""
        self.count += 1
        return f"{leftovers.prefix()}{self.count}"

    def start(self, system: ContainerSystem) -> launch.Launched:
        """One verified start."""
        ident = self.ident()
        nonce = f"{self.run.id}/{ident}"
        try:
            prepared: Start = system.prepare(self.image, self.place, ident, nonce)
            done = launch.launch(
                self.launcher, prepared.argv, self.place, options=prepared.launcher_options()
            )
        finally:
            system.clean(self.place, ident)
        check_hello(system.name, done, nonce)
        return done

    def record(self, name: str, turn: schedule.Turn[str], done: launch.Launched) -> None:
        """Store both metrics of one start."""
        workload = WORKLOAD if name != NULL else "true"
        for metric, value in (("wall", done.wall), ("cpu", done.cpu)):
            self.run.add_sample(
                SampleRecord(
                    experiment=EXPERIMENT,
                    system=name,
                    workload=workload,
                    metric=metric,
                    unit="s",
                    value=value,
                    round=turn.round,
                    warmup=turn.warmup,
                )
            )


@contextmanager
def bench(run: Run, image: Image, launcher: Path) -> Iterator[Bench]:
    """A workplace; what dead processes left is removed first."""
    removed = leftovers.sweep()
    if removed:
        ui.say(f"removed what a killed run left: {', '.join(removed)}")
    with leftovers.workplace() as place:
        yield Bench(run, launcher, image, place, {"image": dict(image.provenance)})


def usable(tool: Bench) -> dict[str, ContainerSystem]:
    """The systems that start here; the others are stored as skipped, with the reason."""
    found: dict[str, ContainerSystem] = {}
    for row in registry.of(EXPERIMENT):
        reason = row.why_not
        if not reason:
            system = IMPLEMENTED[row.name]()
            try:
                tool.facts[row.name] = system.check()
                tool.start(system)
                found[row.name] = system
                continue
            except ArtifactError as error:
                reason = str(error)
        common.note_skip(tool.run, EXPERIMENT, row.name, reason)
    return found


def measure(tool: Bench, systems: dict[str, ContainerSystem], profile: profiles.Profile) -> None:
    """All rounds; those that an interrupted run has stored already are not repeated."""
    plan = schedule.turns(
        [*systems, NULL],
        rounds=profile.coldstart_rounds,
        warmup=profile.warmup_rounds,
        seed=tool.run.manifest.seed,
        experiment=EXPERIMENT,
    )
    facts: Facts = {**tool.facts, "order": schedule.order(plan)}
    common.write_setup(tool.run, EXPERIMENT, facts)
    stored = {(s.system, s.round) for s in tool.run.samples(EXPERIMENT) if s.metric == "cpu"}
    with ui.progress("cold start", len(plan)) as bar:
        for turn in plan:
            name = turn.subject
            if (name, turn.round) not in stored:
                if name == NULL:
                    done = launch.launch(tool.launcher, NULL_ARGV, tool.place)
                else:
                    done = tool.start(systems[name])
                tool.record(name, turn, done)
            bar.advance(1, name)


def show(run: Run) -> None:
    """Print medians with their interval, the harness's share and what was not run."""
    samples = [s for s in run.samples(EXPERIMENT) if s.metric == "wall" and not s.warmup]
    reasons = common.reasons(run, EXPERIMENT)
    rows: list[tuple[str, ...]] = []
    for name in [*(row.name for row in registry.of(EXPERIMENT)), NULL]:
        points = [sample.value for sample in samples if sample.system == name]
        label = "harness alone" if name == NULL else registry.row(EXPERIMENT, name).label
        if points:
            rows.append((label, *common.columns(points, "s"), ""))
        else:
            rows.append((label, "", "", "", f"not run: {reasons.get(name, 'no sample')}"))
    ui.table("Cold start of python-hello", (*common.COLUMNS, ""), rows)


def run(profile: str) -> Run:
    """Measure cold start; Unavailable when not one system can be run here."""
    chosen = profiles.get(profile)
    with common.refusal_stored(EXPERIMENT, IMPLEMENTED, profile):
        common.need_root("starting containers needs root")
        image, launcher = python_hello.image(), launch.launcher()
    records = Run.current(profile)
    with bench(records, image, launcher) as tool:
        systems = usable(tool)
        if not systems:
            why = "; ".join(common.reasons(records, EXPERIMENT)[name] for name in IMPLEMENTED)
            raise Unavailable(f"no container system can be started here: {why}")
        measure(tool, systems, chosen)
    records.finish()
    show(records)
    return records
