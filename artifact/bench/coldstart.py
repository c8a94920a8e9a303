# SPDX-License-Identifier: GPL-2.0-only
"""Cold start: how long until the python-hello program has started, listened and exited.

VEE'21 slides p.19, in two series: the runtime starts a bundle directly, and `docker run
--runtime=X` by a docker of our own. A sample is one fresh start of the system, from just before
its process is made until it has ended; the page cache is warm (the warm-up rounds see to that),
as in the paper. A start whose output does not prove the work is an error, never a sample.

Samples: experiment coldstart, workload python-hello, metrics `wall` and `cpu` (without what
docker's daemon does: there is none for the docker series), unit s, params `image`: the same
program in Debian's root (debian), in ours with musl (public), linked statically (private); a
ratio of two systems is taken for the same image. System `null`, workload true: the harness's
own share, /bin/true started the same way. Workload phases: further starts of our runtime, with
the time from each of its phases to the next, and in metric `process` what lies outside them.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from artifact import profiles, ui
from artifact.bench import common, launch, schedule
from artifact.errors import ArtifactError, Unavailable
from artifact.images import python_hello
from artifact.images.recipe import Form
from artifact.records import Run, SampleRecord
from artifact.systems import crun, leftovers, machine, registry, runc, runsc, runu
from artifact.systems.base import ContainerSystem, Facts, Image, Start
from artifact.systems.docker import DockerRun, SharedDocker
from artifact.systems.native import Native

EXPERIMENT = registry.COLDSTART
WORKLOAD = python_hello.NAME
PHASES = "phases"
NULL = "null"
NULL_ARGV = ("/bin/true",)
DEBIAN, PUBLIC, PRIVATE, PACKED = "debian", "public", "private", "packed"
SLOW_START_S = 300.0

IMAGES: dict[str, Callable[[], Image]] = {
    DEBIAN: python_hello.image,
    PUBLIC: partial(python_hello.musl, Form.PUBLIC),
    PRIVATE: partial(python_hello.musl, Form.PRIVATE),
    PACKED: python_hello.packed,
}


@dataclass(frozen=True)
class Entry:
    """How a system is made and which images it starts.

    packed: of the private image it starts the one file. slow: takes part in some rounds only.
    phases: tells what it spends its time on. daemon: its work is done by processes that are not
    our descendants, so that their time is not known.
    """

    make: Callable[[SharedDocker], ContainerSystem]
    images: tuple[str, ...]
    packed: bool = False
    slow: bool = False
    phases: bool = False
    daemon: bool = False

    def files(self, image: str) -> str:
        """Which of IMAGES stands for this image."""
        return PACKED if self.packed and image == PRIVATE else image


def _own(make: Callable[[], ContainerSystem], *images: str, **more: bool) -> Entry:
    return Entry(lambda _: make(), images, **more)


def _docker(name: str, runtime: str, *images: str, **more: bool) -> Entry:
    return Entry(partial(DockerRun, name, runtime), images, daemon=True, **more)


IMPLEMENTED: dict[str, Entry] = {
    "native": _own(Native, DEBIAN, PUBLIC, PRIVATE),
    "runu-private": _own(lambda: runu.system("runu-private"), PRIVATE, packed=True, phases=True),
    "runu-public": _own(lambda: runu.system("runu-public"), PUBLIC, phases=True),
    "runu-debian": _own(lambda: runu.system("runu-debian"), DEBIAN),
    "crun": _own(crun.system, DEBIAN, PUBLIC, PRIVATE),
    "runc": _own(runc.system, DEBIAN, PUBLIC, PRIVATE),
    "runsc": _own(lambda: runsc.system("runsc", "systrap"), DEBIAN, PUBLIC),
    "runsc-ptrace": _own(lambda: runsc.system("runsc-ptrace", "ptrace"), PUBLIC),
    "docker-runu-private": _docker("docker-runu-private", "runu", PRIVATE, packed=True),
    "docker-runu-public": _docker("docker-runu-public", "runu", PUBLIC),
    "docker-crun": _docker("docker-crun", "crun", PUBLIC),
    "docker-runc": _docker("docker-runc", "runc", PUBLIC, PRIVATE),
    "docker-runsc": _docker("docker-runsc", "runsc-systrap", PUBLIC),
    "uml": _own(machine.Uml, PUBLIC, slow=True),
    "qemu-tcg": _own(machine.Qemu, PUBLIC, slow=True),
}


@dataclass(frozen=True)
class Subject:
    """What is started in one turn; `image` is empty for the harness alone."""

    system: str
    image: str = ""
    workload: str = WORKLOAD

    def __str__(self) -> str:
        words = (self.system, self.image, "" if self.workload == WORKLOAD else self.workload)
        return " ".join(filter(None, words))


HARNESS = Subject(NULL, workload="true")


def check_hello(system: str, done: launch.Launched, nonce: str) -> None:
    """ArtifactError unless the output proves that this start did all of the program's work."""
    problem = ""
    # A machine's console may have more lines; the program writes one, its last.
    lines = [line for line in done.stdout.splitlines() if line.lstrip().startswith("{")]
    try:
        said = json.loads(lines[-1]) if lines else {}
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


class Phase(BaseModel):
    """A line that runu writes when a phase begins; `at` in ns, of any one clock."""

    model_config = ConfigDict(extra="forbid", strict=True)

    phase: str
    at: int


def parse_phases(text: str) -> dict[str, float]:
    """Seconds from the beginning of each phase to that of the next; ArtifactError if cut off."""
    try:
        seen = [Phase.model_validate_json(line) for line in text.splitlines()]
    except ValidationError as error:
        why = error.errors()[0]["msg"]
        raise ArtifactError(f"runu's phases: {why} in {text[:80]!r}") from None
    if len(seen) < 2 or seen[0].phase != "start" or seen[-1].phase != "end":
        raise ArtifactError(f"runu's phases go from start to end, not {text[:80]!r}")
    taken: dict[str, float] = defaultdict(float)
    for one, after in pairwise(seen):
        if after.at < one.at:
            raise ArtifactError(f"runu's phases: {after.phase} begins before {one.phase}")
        taken[one.phase] += (after.at - one.at) / 1e9
    return dict(taken)


@dataclass
class Bench:
    """Everything that one experiment's starts have in common."""

    run: Run
    launcher: Path
    images: dict[str, Image]
    place: Path
    docker: SharedDocker
    facts: dict[str, Facts]
    count: int = 0

    def ident(self) -> str:
        """A fresh name for a container; its prefix lets a later run find what we leave."""
        self.count += 1
        return f"{leftovers.prefix()}{self.count}"

    def start(self, system: ContainerSystem, image: Image, env: str = "") -> launch.Launched:
        """One verified start."""
        ident = self.ident()
        nonce = f"{self.run.id}/{ident}"
        try:
            prepared: Start = replace(system.prepare(image, self.place, ident, nonce), env=env)
            done = launch.launch(
                self.launcher,
                prepared.argv,
                self.place,
                options=prepared.launcher_options(),
                around=prepared.around,
                timeout=SLOW_START_S,
            )
        finally:
            system.clean(self.place, ident)
        check_hello(system.name, done, nonce)
        return done

    def turn(self, system: ContainerSystem, subject: Subject) -> dict[str, float]:
        """One start of a subject: its metrics, in seconds."""
        entry = IMPLEMENTED[subject.system]
        image = self.images[entry.files(subject.image)]
        if subject.workload == PHASES:
            return self._phases(system, image)
        done = self.start(system, image)
        return {"wall": done.wall} if entry.daemon else {"cpu": done.cpu, "wall": done.wall}

    def _phases(self, system: ContainerSystem, image: Image) -> dict[str, float]:
        file = self.place / "phases.jsonl"
        file.unlink(missing_ok=True)
        done = self.start(system, image, f"{runu.PHASES_VARIABLE}={file}")
        if not file.exists():
            raise ArtifactError("runu wrote no phases")
        taken = parse_phases(file.read_text())
        return {**taken, "process": max(0.0, done.wall - sum(taken.values()))}

    def record(self, turn: schedule.Turn[Subject], metrics: Mapping[str, float]) -> None:
        """Store what one turn gave."""
        subject = turn.subject
        for metric, value in metrics.items():
            self.run.add_sample(
                SampleRecord(
                    experiment=EXPERIMENT,
                    system=subject.system,
                    workload=subject.workload,
                    params={"image": subject.image} if subject.image else {},
                    metric=metric,
                    unit="s",
                    value=value,
                    round=turn.round,
                    warmup=turn.warmup,
                )
            )


@contextmanager
def bench(run: Run, launcher: Path) -> Iterator[Bench]:
    """A workplace; what dead processes left is removed first."""
    removed = leftovers.sweep()
    if removed:
        ui.say(f"removed what a killed run left: {', '.join(removed)}")
    with leftovers.workplace() as place, ExitStack() as held:
        yield Bench(run, launcher, {}, place, SharedDocker(held), {})


def _tried(tool: Bench, name: str, entry: Entry) -> tuple[ContainerSystem | None, list[Subject]]:
    """A system and those of its subjects that start here; why not is stored."""
    try:
        system = entry.make(tool.docker)
        tool.facts[name] = system.check()
    except ArtifactError as error:
        common.note_skip(tool.run, EXPERIMENT, name, str(error))
        return None, []
    wanted = [Subject(name, image) for image in entry.images]
    if entry.phases:
        wanted += [Subject(name, image, PHASES) for image in entry.images]
    good = []
    for subject in wanted:
        try:
            kind = entry.files(subject.image)
            if kind not in tool.images:
                tool.images[kind] = IMAGES[kind]()
            tool.turn(system, subject)
            good.append(subject)
        except ArtifactError as error:
            common.note_skip(tool.run, EXPERIMENT, name, f"{subject}: {error}")
    return system, good


def usable(tool: Bench) -> tuple[dict[str, ContainerSystem], list[Subject]]:
    """What starts here; the others are stored as skipped, with the reason."""
    systems: dict[str, ContainerSystem] = {}
    subjects: list[Subject] = []
    for row in registry.of(EXPERIMENT):
        if row.why_not:
            common.note_skip(tool.run, EXPERIMENT, row.name, row.why_not)
            continue
        system, good = _tried(tool, row.name, IMPLEMENTED[row.name])
        if system is not None and good:
            systems[row.name] = system
            subjects += good
    return systems, subjects


def plan(
    subjects: Sequence[Subject], profile: profiles.Profile, seed: int
) -> list[schedule.Turn[Subject]]:
    """All turns in order; slow systems have fewer rounds."""
    every = schedule.turns(
        [*subjects, HARNESS],
        rounds=profile.coldstart_rounds,
        warmup=profile.warmup_rounds,
        seed=seed,
        experiment=EXPERIMENT,
    )
    last = profile.warmup_rounds + profile.coldstart_slow_rounds
    slow = {name for name, entry in IMPLEMENTED.items() if entry.slow}
    return [turn for turn in every if turn.subject.system not in slow or turn.round < last]


def measure(
    tool: Bench,
    systems: dict[str, ContainerSystem],
    subjects: Sequence[Subject],
    profile: profiles.Profile,
) -> None:
    """All rounds; those that an interrupted run has stored already are not repeated."""
    turns = plan(subjects, profile, tool.run.manifest.seed)
    images: Facts = {name: {**image.provenance} for name, image in tool.images.items()}
    facts: Facts = {**tool.facts, "images": images, "order": schedule.order(turns)}
    common.write_setup(tool.run, EXPERIMENT, facts)
    stored = {
        (Subject(s.system, str(s.params.get("image", "")), s.workload), s.round)
        for s in tool.run.samples(EXPERIMENT)
        if s.metric in ("wall", "process")  # the last one of a turn
    }
    with ui.progress("cold start", len(turns)) as bar:
        for turn in turns:
            subject = turn.subject
            if (subject, turn.round) not in stored:
                if subject == HARNESS:
                    done = launch.launch(tool.launcher, NULL_ARGV, tool.place)
                    metrics = {"cpu": done.cpu, "wall": done.wall}
                else:
                    metrics = tool.turn(systems[subject.system], subject)
                tool.record(turn, metrics)
            bar.advance(1, str(subject))


def show(run: Run) -> None:
    """Print medians with their interval, the harness's share and what was not run."""
    samples = [s for s in run.samples(EXPERIMENT) if s.metric == "wall" and not s.warmup]
    reasons = common.reasons(run, EXPERIMENT)
    rows: list[tuple[str, ...]] = []
    for name in [*(row.name for row in registry.of(EXPERIMENT)), NULL]:
        label = "harness alone" if name == NULL else registry.row(EXPERIMENT, name).label
        found: dict[str, list[float]] = {}
        for sample in samples:
            if sample.system == name:
                found.setdefault(str(sample.params.get("image", "")), []).append(sample.value)
        for image, points in found.items():
            rows.append((label, image, *common.columns(points, "s"), ""))
        if not found:
            rows.append((label, "", "", "", "", f"not run: {reasons.get(name, 'no sample')}"))
    first, *others = common.COLUMNS
    ui.table("Cold start of python-hello", (first, "image", *others, ""), rows)


def run(profile: str) -> Run:
    """Measure cold start; Unavailable when not one system can be run here."""
    chosen = profiles.get(profile)
    with common.refusal_stored(EXPERIMENT, IMPLEMENTED, profile):
        common.need_root("starting containers needs root")
        launcher = launch.launcher()
    records = Run.current(profile)
    with bench(records, launcher) as tool:
        systems, subjects = usable(tool)
        if not systems:
            why = "; ".join(common.reasons(records, EXPERIMENT)[name] for name in IMPLEMENTED)
            raise Unavailable(f"no container system can be started here: {why}")
        measure(tool, systems, subjects, chosen)
    records.finish()
    show(records)
    return records
