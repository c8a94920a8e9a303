# SPDX-License-Identifier: GPL-2.0-only
"""Memory of containers that wait: hello, Python, nginx, and what the n-th container costs.

The authors' bench repository measures the resident set of the same three. Containers are
started detached, as engines start them, in namespaces of their own (artifact/engines), so that
whatever runs there beside the namespaces' own process 1 is the container's: its program, and
what of the runtime remains (gVisor's sandbox and gofer; runu's process is the kernel's and the
program's; nothing of runc and crun, whose engine would keep a shim). Memory of the host's kernel
is not in it.

Samples: experiment memory, workload hello, python, nginx; params `image` (public, private: as
in coldstart) and `containers`, how many of the same run at once; metrics `rss` and `pss`, unit
B, the sums over all processes (proc_pid_smaps(5): pss divides a shared page among those that
have it), and `processes`, unit 1.
"""

import json
import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from artifact import proc, profiles, ui
from artifact.bench import common, schedule
from artifact.engines import runtimes
from artifact.engines.enclosure import Enclosure, enclosure
from artifact.engines.runtimes import Runtime
from artifact.errors import ArtifactError, Unavailable
from artifact.images import catalogue, native, tree
from artifact.images.recipe import Form
from artifact.records import Run, SampleRecord
from artifact.systems import oci, registry
from artifact.systems.base import Facts, Image

EXPERIMENT = registry.MEMORY
READY_S = 60.0
END_S = 20.0
LOOK_EVERY_S = 0.02
SETTLE_S = 0.3
METRICS = {"rss": "B", "pss": "B", "processes": "1"}
PUBLIC, PRIVATE = str(Form.PUBLIC), str(Form.PRIVATE)
# What docker gives by default, as far as servers need it: nginx changes owners of its directories.
CAPABILITIES = tuple(
    f"CAP_{name}"
    for name in ("CHOWN", "DAC_OVERRIDE", "FOWNER", "NET_BIND_SERVICE", "SETGID", "SETUID")
)
TMP = ("/tmp", "tmpfs", ("nosuid", "nodev", "mode=1777"))


@dataclass(frozen=True)
class Workload:
    """A program that waits: its recipe, arguments, and what it writes when it has begun to."""

    recipe: str
    arguments: tuple[str, ...]
    ready: str
    many: bool = False


WORKLOADS: dict[str, Workload] = {
    "hello": Workload("hello", ("world", "wait"), "hello, world", many=True),
    "python": Workload(
        "python", ("-c", "import signal; print('ready', flush=True); signal.pause()"), "ready"
    ),
    "nginx": Workload("nginx", (), "event method"),
}


def image(workload: Workload, form: Form) -> Image:
    """The image of a workload with its command."""
    built = catalogue.image(workload.recipe, form)
    return Image(workload.recipe, built.rootfs, (*built.argv, *workload.arguments))


def packed(workload: Workload, place: Path) -> Image:
    """The private image as one file, alone in a root directory below `place`."""
    file = catalogue.packed(workload.recipe)
    root = place / f"packed-{workload.recipe}"
    if not root.is_dir():
        tree.lay_out(root)
        proc.run(["cp", "--reflink=auto", file, root / file.name])
    arguments = catalogue.image(workload.recipe, Form.PRIVATE).argv[1:] + workload.arguments
    return Image(workload.recipe, root, (f"/{file.name}", *arguments))


class Detached:
    """A runtime with runc's command line; a container goes on when the runtime has ended."""

    def __init__(self, runtime: Runtime, words: Sequence[str] = ()) -> None:
        """`words`: options beside those that the runtime always has."""
        self._runtime = runtime
        self._words = words

    def _argv(self, state: Path, *words: str | Path) -> list[str | Path]:
        known = (*self._runtime.words, *self._words)
        return [*self._runtime.around, self._runtime.program, "--root", state, *known, *words]

    def start(self, image: Image, place: Path, ident: str) -> list[str | Path]:
        """A command that starts one container and ends."""
        bundle = place / ident
        bundle.mkdir()
        config = oci.config(image, ident, image.argv)
        where, kind, options = TMP
        config["mounts"].append(
            {"destination": where, "type": kind, "source": kind, "options": list(options)}
        )
        for kind_of_set in ("bounding", "effective", "permitted"):
            config["process"]["capabilities"][kind_of_set] = list(CAPABILITIES)
        (bundle / "config.json").write_text(json.dumps(config))
        return self._argv(place / "state", "run", "--detach", "--bundle", bundle, ident)

    def remove(self, place: Path, ident: str) -> list[str | Path]:
        """A command that removes it."""
        return self._argv(place / "state", "delete", "--force", ident)


class Bare:
    """The program on the host's kernel, in a root and a network of its own."""

    def start(self, image: Image, place: Path, ident: str) -> list[str | Path]:
        """A command that becomes the program."""
        del place, ident
        return ["unshare", "--net", *native.prefix(image.root), *image.argv]

    def remove(self, place: Path, ident: str) -> list[str | Path]:
        """Nothing to remove."""
        del place, ident
        return ["true"]


Way = Detached | Bare


def _found(name: str, *words: str) -> Detached:
    return Detached(runtimes.find(name), words)


# How each system starts a container, and which images.
SYSTEMS: dict[str, tuple[Callable[[], Way], tuple[str, ...]]] = {
    "native": (Bare, (PUBLIC, PRIVATE)),
    "runu-private": (partial(_found, "runu"), (PRIVATE,)),
    "runu-public": (partial(_found, "runu"), (PUBLIC,)),
    "crun": (partial(_found, "crun"), (PUBLIC,)),
    "runc": (partial(_found, "runc"), (PUBLIC,)),
    "runsc": (partial(_found, "runsc-systrap", "--network=none"), (PUBLIC,)),
}


@dataclass(frozen=True)
class Memory:
    """Sums over processes: octets, and how many processes there are."""

    rss: int
    pss: int
    processes: int

    def value(self, metric: str) -> float:
        """One of METRICS."""
        return float(getattr(self, metric))


def parse_rollup(text: str) -> tuple[int, int]:
    """Rss and Pss in octets from a smaps_rollup file; ArtifactError if it has none."""
    found = {name: int(kib) for name, kib in re.findall(r"^(Rss|Pss): +(\d+) kB$", text, re.M)}
    if found.keys() != {"Rss", "Pss"}:
        raise ArtifactError(f"smaps_rollup has no Rss and Pss: {text[:60]!r}")
    return found["Rss"] * 1024, found["Pss"] * 1024


def measure(pids: set[int]) -> Memory:
    """Memory of these processes; one that has ended, and a zombie, counts nothing."""
    sums = [0, 0]
    number = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except (ProcessLookupError, FileNotFoundError):
            continue
        if text:
            number += 1
            for index, octets in enumerate(parse_rollup(text)):
                sums[index] += octets
    return Memory(sums[0], sums[1], number)


@dataclass
class Crowd:
    """Containers of one system that run at once; `before` was in the namespaces already."""

    inside: Enclosure
    way: Way
    image: Image
    ready: str
    place: Path
    held: ExitStack
    before: set[int]
    names: list[str] = field(default_factory=list)

    def add(self) -> None:
        """Start one more and wait until it says that it has begun to wait."""
        ident = f"c{len(self.names)}"
        self.names.append(ident)
        output = self.place / f"{ident}.out"
        argv = self.inside.argv(*self.way.start(self.image, self.place, ident))
        with output.open("wb") as sink:
            child = self.held.enter_context(proc.spawn(argv, stdout=sink, stderr=sink))
        limit = time.monotonic() + READY_S
        while self.ready not in (said := output.read_text(errors="replace")):
            # A starter that is done leaves somebody; a program that ended at once has not waited.
            nobody = child.poll() is not None and not self.inside.pids() - self.before
            if nobody or child.poll() not in (None, 0) or time.monotonic() > limit:
                last = " | ".join(said.splitlines()[-3:]) or "no output"
                raise ArtifactError(f"the container did not begin to wait: {last}")
            time.sleep(LOOK_EVERY_S)

    def memory(self) -> Memory:
        """What they have, once they are quiet."""
        time.sleep(SETTLE_S)
        return measure(self.inside.pids() - self.before)

    def end(self) -> None:
        """Kill everything that was not there before, then have the runtime forget it."""
        limit = time.monotonic() + END_S
        while rest := self.inside.pids() - self.before:
            for pid in rest:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if time.monotonic() > limit:
                raise ArtifactError(f"{len(rest)} processes of containers do not end")
            time.sleep(LOOK_EVERY_S)
        for ident in self.names:
            self.inside.run(*self.way.remove(self.place, ident), check=False)


@contextmanager
def crowd(inside: Enclosure, way: Way, image: Image, ready: str) -> Iterator[Crowd]:
    """No container yet; on leaving there is none any more."""
    place = inside.place / "crowd"
    place.mkdir()
    with ExitStack() as held:
        held.callback(shutil.rmtree, place, ignore_errors=True)
        here = Crowd(inside, way, image, ready, place, held, inside.pids())
        try:
            yield here
        finally:
            here.end()  # before those who started them, which wait for them


@dataclass(frozen=True)
class Subject:
    """What is measured in one turn."""

    system: str
    image: str
    workload: str

    def __str__(self) -> str:
        return f"{self.system} {self.image} {self.workload}"


@dataclass
class Bench:
    """What all turns have in common."""

    run: Run
    inside: Enclosure
    counts: tuple[int, ...]
    ways: dict[str, Way]

    def image(self, subject: Subject) -> Image:
        """The files of a subject: of our runtime's private image one file."""
        workload = WORKLOADS[subject.workload]
        if subject.system == "runu-private":
            return packed(workload, self.inside.place)
        return image(workload, Form(subject.image))

    def turn(self, subject: Subject, counts: Sequence[int]) -> dict[int, Memory]:
        """Memory of as many containers as are asked for, one number after the other."""
        workload = WORKLOADS[subject.workload]
        found = {}
        with crowd(
            self.inside, self.ways[subject.system], self.image(subject), workload.ready
        ) as containers:
            for number in range(1, max(counts) + 1):
                containers.add()
                if number in counts:
                    found[number] = containers.memory()
        return found

    def wanted(self, subject: Subject) -> tuple[int, ...]:
        """Numbers of containers at which a subject is measured."""
        return self.counts if WORKLOADS[subject.workload].many else self.counts[:1]

    def record(self, turn: schedule.Turn[Subject], found: dict[int, Memory]) -> None:
        """Store one turn."""
        subject = turn.subject
        for number, memory in found.items():
            for metric, unit in METRICS.items():
                self.run.add_sample(
                    SampleRecord(
                        experiment=EXPERIMENT,
                        system=subject.system,
                        workload=subject.workload,
                        params={"image": subject.image, "containers": number},
                        metric=metric,
                        unit=unit,
                        value=memory.value(metric),
                        round=turn.round,
                        warmup=turn.warmup,
                    )
                )


def usable(tool: Bench) -> list[Subject]:
    """What starts here; for the others it is stored why not."""
    good = []
    for row in registry.of(EXPERIMENT):
        make, images = SYSTEMS[row.name]
        try:
            tool.ways[row.name] = make()
        except Unavailable as reason:
            common.note_skip(tool.run, EXPERIMENT, row.name, str(reason))
            continue
        for which in images:
            for workload in WORKLOADS:
                subject = Subject(row.name, which, workload)
                try:
                    tool.turn(subject, (1,))
                    good.append(subject)
                except ArtifactError as error:
                    common.note_skip(tool.run, EXPERIMENT, row.name, f"{subject}: {error}")
    return good


def take(tool: Bench, subjects: Sequence[Subject], profile: profiles.Profile) -> None:
    """All rounds; those that an interrupted run has stored already are not repeated."""
    turns = schedule.turns(
        subjects,
        rounds=profile.memory_rounds,
        warmup=0,
        seed=tool.run.manifest.seed,
        experiment=EXPERIMENT,
    )
    facts: Facts = {"containers": [*tool.counts], "order": schedule.order(turns)}
    common.write_setup(tool.run, EXPERIMENT, facts)
    stored = {
        (Subject(s.system, str(s.params["image"]), s.workload), s.round)
        for s in tool.run.samples(EXPERIMENT)
        if s.metric == "processes"
        and s.params["containers"] == (tool.counts[-1] if WORKLOADS[s.workload].many else 1)
    }
    with ui.progress("memory", len(turns)) as bar:
        for turn in turns:
            if (turn.subject, turn.round) not in stored:
                tool.record(turn, tool.turn(turn.subject, tool.wanted(turn.subject)))
            bar.advance(1, str(turn.subject))


def show(run: Run) -> None:
    """Print medians for one container, and what is not run."""
    samples = [
        s for s in run.samples(EXPERIMENT) if s.metric == "pss" and s.params["containers"] == 1
    ]
    reasons = common.reasons(run, EXPERIMENT)
    rows: list[tuple[str, ...]] = []
    for row in registry.of(EXPERIMENT):
        mine = [s for s in samples if s.system == row.name]
        for image_name, workload in sorted({(str(s.params["image"]), s.workload) for s in mine}):
            points = [
                s.value for s in mine if (s.params["image"], s.workload) == (image_name, workload)
            ]
            rows.append((row.label, image_name, workload, *common.columns(points, "B"), ""))
        if not mine:
            reason = f"not run: {reasons.get(row.name, 'no sample')}"
            rows.append((row.label, "", "", "", "", "", reason))
    first, *others = common.COLUMNS
    ui.table("Proportional set size of one container", (first, "image", "", *others, ""), rows)


def run(profile: str) -> Run:
    """Measure; Unavailable when nothing can be started here."""
    chosen = profiles.get(profile)
    with common.refusal_stored(EXPERIMENT, SYSTEMS, profile):
        common.need_root("starting containers needs root")
    records = Run.current(profile)
    with enclosure() as inside:
        tool = Bench(records, inside, chosen.memory_containers, {})
        subjects = usable(tool)
        if not subjects:
            why = "; ".join(common.reasons(records, EXPERIMENT)[name] for name in SYSTEMS)
            raise Unavailable(f"no container system can be started here: {why}")
        take(tool, subjects, chosen)
    records.finish()
    show(records)
    return records
