# SPDX-License-Identifier: GPL-2.0-only
"""What programs get from the library kernel, beside the same binaries on the host's kernel.

In each round every subject is measured once on every system, in random order. Native is the
same file of the same root directory, by chroot(2). The goals are in artifact/goals.py.

Samples: experiment programs, systems native, ukontainer (network: a packet socket on a veth
pair) and ukontainer-tap (network only: a tap; compared with native at a veth pair), workloads:

    opbench        metric getppid, clock_gettime, pipe (1 octet written and read), pingpong
                   (between two threads and back), vfork (with exec and wait); s per operation;
                   param libc: static or dynamic
    hello, python, python-hello   wall (s, from start to exit), max_rss (B)
    redis          get, set (1/s, of redis-benchmark)
    nginx          requests (1/s, of wrk, a file of 1 KiB)
    python         image_unchanged (1: after the start the public image is what it was; 0: not)
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from pydantic import JsonValue

from artifact import proc, profiles, tables, ui
from artifact.bench import coldstart, common, launch, opbench, pinned, schedule
from artifact.errors import ArtifactError
from artifact.goals import EXPERIMENT, NATIVE, TAP, UKONTAINER
from artifact.images import catalogue, python_hello, tree
from artifact.images.recipe import Form
from artifact.programs import nginx, redis, systems, ukrun
from artifact.programs.systems import Place
from artifact.records import Param, Run, SampleRecord
from artifact.systems import leftovers

SYSTEMS = (NATIVE, UKONTAINER)
LINKS: Mapping[str, systems.LinkMaker] = {
    NATIVE: systems.native_veth,
    UKONTAINER: systems.ukrun_packet,
    TAP: systems.ukrun_tap,
}
LIMIT_S = 60.0
HELLO = "hello, world\n"
PYTHON = "/usr/bin/python3"


@dataclass(frozen=True)
class Subject:
    """What one turn measures."""

    workload: str
    system: str
    operation: str = ""
    libc: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.system, self.workload, self.operation, self.libc)))


Values = dict[str, tuple[str, float]]


@dataclass
class Bench:
    """Everything that the turns have in common."""

    run: Run
    profile: profiles.Profile
    launcher: Path
    place: Path
    ukrun: Path
    operations: Path
    roots: Mapping[str, Path]
    places: Mapping[str, Place]
    image_before: str
    starts: int = field(default=0)

    def command(self, system: str, root: Path, *argv: str) -> list[str]:
        """How a program without network is started, for proc.run."""
        if system == NATIVE:
            return [proc.need("chroot", "coreutils"), str(root), *argv]
        return [str(self.ukrun), "--no-tty", str(root), *argv]

    def start(self, system: str, root: Path, *argv: str) -> launch.Launched:
        """One timed start; ArtifactError when it fails."""
        if system == NATIVE:
            options, words = ["--chroot", str(root)], list(argv)
        else:
            options, words = [], self.command(system, root, *argv)
        done = launch.launch(self.launcher, words, self.place, options=options, timeout=LIMIT_S)
        if done.code:
            raise ArtifactError(
                f"{argv[0]} on {system} ended with exit code {done.code}: {done.stderr.strip()}"
            )
        return done


def _opbench(bench: Bench, subject: Subject) -> Values:
    words = opbench.command(subject.libc, subject.operation)
    done = proc.run(bench.command(subject.system, bench.operations, *words), timeout=LIMIT_S)
    return {subject.operation: ("s", opbench.parse(done.stdout, subject.operation))}


def _start_values(done: launch.Launched) -> Values:
    return {"wall": ("s", done.wall), "max_rss": ("B", float(done.max_rss))}


def _hello(bench: Bench, subject: Subject) -> Values:
    done = bench.start(subject.system, bench.roots["hello"], "/bin/hello")
    if done.stdout != HELLO:
        raise ArtifactError(f"hello on {subject.system} said {done.stdout[:80]!r}")
    return _start_values(done)


def _python(bench: Bench, subject: Subject) -> Values:
    root = bench.roots["python"]
    done = bench.start(subject.system, root, PYTHON, "-c", "print('hello, world')")
    if done.stdout != HELLO:
        raise ArtifactError(f"python on {subject.system} said {done.stdout[:80]!r}")
    values = _start_values(done)
    if subject.system != NATIVE:
        same = tree.digest(root) == bench.image_before
        values["image_unchanged"] = "1", float(same)
    return values


def _python_hello(bench: Bench, subject: Subject) -> Values:
    bench.starts += 1
    nonce = f"{bench.run.id}/{bench.starts}"
    source = python_hello.PROGRAM.read_text()
    root = bench.roots["python"]
    done = bench.start(subject.system, root, PYTHON, "-c", source, nonce)
    coldstart.check_hello(subject.system, done, nonce)
    return _start_values(done)


@contextmanager
def _as_client(bench: Bench, system: str, program: ModuleType) -> Iterator[str]:
    """A running server's address; meanwhile we are on the client's side and processor."""
    place = bench.places[system]
    client, server = pinned.cores(pinned.CROSS) or (None, None)
    with ExitStack() as stack:
        stack.enter_context(place.peer.entered())
        with pinned.on(server):
            started = program.running(place.launcher, Form.PUBLIC, place.address, place.where)
            stack.enter_context(started)
        stack.enter_context(pinned.on(client))
        yield place.address


def _redis(bench: Bench, subject: Subject) -> Values:
    with _as_client(bench, subject.system, redis) as address:
        rates = redis.benchmark(address, bench.profile.redis_requests)
    return {name: ("1/s", rate) for name, rate in rates.items()}


def _nginx(bench: Bench, subject: Subject) -> Values:
    with _as_client(bench, subject.system, nginx) as address:
        load = nginx.load(1, address, slice_s=bench.profile.wrk_seconds)
    if load.errors:
        told = f"{load.errors} errors in {load.requests} requests: {load.why}"
        raise ArtifactError(f"nginx on {subject.system}: {told}")
    return {"requests": ("1/s", load.rate)}


WORKLOADS: Mapping[str, Callable[[Bench, Subject], Values]] = {
    "opbench": _opbench,
    "hello": _hello,
    "python": _python,
    "python-hello": _python_hello,
    "redis": _redis,
    "nginx": _nginx,
}
SERVERS = ("redis", "nginx")


def subjects() -> list[Subject]:
    """Everything that a round measures."""
    found = [
        Subject("opbench", system, operation, libc)
        for system in SYSTEMS
        for operation in opbench.COUNTS
        for libc in opbench.FORMS
    ]
    for workload in WORKLOADS:
        if workload != "opbench":
            found += [
                Subject(workload, system) for system in (LINKS if workload in SERVERS else SYSTEMS)
            ]
    return found


def _record(run: Run, turn: schedule.Turn[Subject], values: Values) -> None:
    subject = turn.subject
    params: dict[str, Param] = {"libc": subject.libc} if subject.libc else {}
    for metric, (unit, value) in values.items():
        run.add_sample(
            SampleRecord(
                experiment=EXPERIMENT,
                system=subject.system,
                workload=subject.workload,
                params=params,
                metric=metric,
                unit=unit,
                value=value,
                round=turn.round,
                warmup=turn.warmup,
            )
        )


def _stored(run: Run) -> set[tuple[Subject, int]]:
    """Turns that an interrupted run has done already."""
    found = set()
    for sample in run.samples(EXPERIMENT):
        libc = str(sample.params.get("libc", ""))
        operation = sample.metric if sample.workload == "opbench" else ""
        found.add((Subject(sample.workload, sample.system, operation, libc), sample.round))
    return found


def measure(bench: Bench) -> None:
    """All rounds; turns that an interrupted run has stored already are not repeated."""
    plan = schedule.turns(
        subjects(),
        rounds=bench.profile.programs_rounds,
        warmup=bench.profile.warmup_rounds,
        seed=bench.run.manifest.seed,
        experiment=EXPERIMENT,
    )
    common.write_setup(bench.run, EXPERIMENT, _setup(bench, plan))
    stored = _stored(bench.run)
    with ui.progress("programs", len(plan)) as bar:
        for turn in plan:
            subject = turn.subject
            if (subject, turn.round) not in stored:
                _record(bench.run, turn, WORKLOADS[subject.workload](bench, subject))
            bar.advance(1, str(subject))


def _setup(bench: Bench, plan: list[schedule.Turn[Subject]]) -> dict[str, JsonValue]:
    cores = pinned.cores(pinned.CROSS)
    images = ("hello", "python", "redis", "nginx")
    return {
        "images": {name: catalogue.image(name).directory.name for name in images},
        "python_image_sha256": bench.image_before,
        "client_core": cores[0] if cores else None,
        "server_core": cores[1] if cores else None,
        "redis_requests": bench.profile.redis_requests,
        "wrk_seconds": bench.profile.wrk_seconds,
        "operations": {**opbench.COUNTS},
        "order": schedule.order(plan),
    }


def show(run: Run) -> None:
    """Print what is measured beside the goals."""
    table = tables.programs(run)
    ui.table("Programs", table.columns, [list(row) for row in table.cells])


def run(profile: str) -> Run:
    """Measure programs; Unavailable when the library kernel or an image cannot be had."""
    chosen = profiles.get(profile)
    with common.refusal_stored(EXPERIMENT, LINKS, profile), ExitStack() as stack:
        common.need_root("network namespaces and chroot need root")
        for tool, package in (("wrk", "wrk"), ("chroot", "coreutils")):
            proc.need(tool, package)
        roots = {name: catalogue.image(name).rootfs for name in ("hello", "python")}
        prepared = (launch.launcher(), ukrun.program(), opbench.root())
        places = {name: stack.enter_context(make()) for name, make in LINKS.items()}
        if removed := leftovers.sweep():
            ui.say(f"removed what a killed run left: {', '.join(removed)}")
        workplace = stack.enter_context(leftovers.workplace())
        records = Run.current(profile)
        launcher, program, operations = prepared
        before = tree.digest(roots["python"])
        measure(
            Bench(records, chosen, launcher, workplace, program, operations, roots, places, before)
        )
        records.finish()
        show(records)
    return records
