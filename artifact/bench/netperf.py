# SPDX-License-Identifier: GPL-2.0-only
"""netperf: how much TCP carries, and how fast it answers.

VEE'21 slides p.20 with the authors' sizes. The paper has two machines and a 10 GbE link; here
client and server are on one machine, in network namespaces of their own, joined by a veth pair
with the offloads (checksum, TSO) that the link has by default. The client's side is the system
under test, the server's is always native.

Systems: native; ukontainer, netperf of the public image on the library kernel, whose network is
a packet socket at the client's end of the veth pair; ukontainer-tap, the same with a tap
interface of the server's namespace in place of the pair.

Param pinning: "cross", client and server on different cores, or "same"; "none" where there is
one core only. All sizes are measured with the first, MIDDLE_SIZE and TCP_RR with both.

Samples: experiment netperf, workloads TCP_STREAM and TCP_MAERTS (metric throughput, bit/s:
goodput counted by the receiver) and TCP_RR (transactions, 1/s; latency_*, s).
"""

import errno
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from pydantic import JsonValue

from artifact import proc, profiles, ui
from artifact.bench import common, pinned, schedule
from artifact.bench.tools import netperf as tool
from artifact.bench.tools import netperf_build
from artifact.errors import ArtifactError, Unavailable
from artifact.images import catalogue
from artifact.programs import systems, ukrun
from artifact.programs.systems import Place
from artifact.records import Run, SampleRecord
from artifact.systems import registry

EXPERIMENT = registry.NETPERF
NATIVE = "native"
UKONTAINER = "ukontainer"
LINKS: Mapping[str, systems.LinkMaker] = {
    NATIVE: systems.native_veth,
    UKONTAINER: systems.ukrun_packet,
    "ukontainer-tap": systems.ukrun_tap,
}
INSIDE = "/bin/netperf"
NO_CHOICE = "none"
MIDDLE_SIZE = 1500
PORT = 12865
READY_LIMIT_S = 10.0
LISTENING = "0A"  # TCP_LISTEN in /proc/net/tcp


@dataclass(frozen=True)
class Subject:
    """What one turn measures: a system with a test and a size, on one core or two."""

    system: str
    test: str
    size: int
    pinning: str

    def __str__(self) -> str:
        return f"{self.system} {self.test} {self.size} {self.pinning}"


@dataclass(frozen=True)
class Bench:
    """The two sides of every system, ready: netserver listens at each place's peer."""

    run: Run
    places: Mapping[str, Place]
    programs: netperf_build.Netperf
    image: Path | None
    profile: profiles.Profile

    def measure(self, subject: Subject) -> tuple[tool.Trial, list[tool.Measurement]]:
        """One trial from the client's side, checked."""
        rr = subject.test == tool.RR
        seconds = self.profile.netperf_rr_seconds if rr else self.profile.netperf_seconds
        place = self.places[subject.system]
        client, server = pinned.cores(subject.pinning) or (None, None)
        cores = None if server is None else (client, server)
        if subject.system != NATIVE and server is not None:
            cores = None, server  # the library kernel's processor is not one of the host's
        trial = tool.Trial(subject.test, subject.size, seconds, place.peer_address, PORT, cores)
        command = self._command(place, subject.system, trial)
        with place.where.entered(), pinned.on(client):
            done = proc.run(command, timeout=trial.timeout)
        self._keep(command, done.stdout)
        return trial, tool.parse(done.stdout, trial)

    def _command(self, place: Place, system: str, trial: tool.Trial) -> list[str]:
        if system == NATIVE:
            return tool.client_command(self.programs.netperf, trial)
        assert self.image is not None
        return [*place.launcher(self.image), *tool.client_command(Path(INSIDE), trial)]

    def _keep(self, command: list[str], output: str) -> None:
        with (self.run.logs / "netperf.log").open("a") as log:
            log.write(f"$ {' '.join(command)}\n{output}\n")

    def setup(self, plan: list[schedule.Turn[Subject]]) -> dict[str, JsonValue]:
        """What holds for all trials."""
        cores = pinned.cores(pinned.CROSS)
        return {
            "netperf": self.programs.version,
            "cflags": netperf_build.CFLAGS,
            "image": self.image.parent.name if self.image else None,
            "client_core": cores[0] if cores else None,
            "server_core": cores[1] if cores else None,
            "stream_seconds": self.profile.netperf_seconds,
            "rr_seconds": self.profile.netperf_rr_seconds,
            "link": "veth pair (or tap) with its default offloads",
            "order": schedule.order(plan),
        }

    def record(
        self,
        turn: schedule.Turn[Subject],
        trial: tool.Trial,
        measured: list[tool.Measurement],
    ) -> None:
        """Store every metric of one trial."""
        for one in measured:
            self.run.add_sample(
                SampleRecord(
                    experiment=EXPERIMENT,
                    system=turn.subject.system,
                    workload=trial.test,
                    params={"size": trial.size, "pinning": turn.subject.pinning},
                    metric=one.metric,
                    unit=one.unit,
                    value=one.value,
                    round=turn.round,
                    warmup=turn.warmup,
                )
            )


def listens(table: str, port: int) -> bool:
    """Whether a /proc/<pid>/net/tcp table has a listening socket on that port."""
    rows = (line.split() for line in table.splitlines()[1:])
    return any(row[1].endswith(f":{port:04X}") and row[3] == LISTENING for row in rows)


def _sockets(pid: int) -> str:
    """The process's /proc/<pid>/net/tcp; empty when it ends while we look."""
    try:
        return Path("/proc", str(pid), "net/tcp").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    except OSError as error:
        if error.errno == errno.EINVAL:  # a zombie has no network namespace any more
            return ""
        raise


def await_server(server: Popen[bytes], port: int) -> None:
    """Return when the server listens; ArtifactError if it ends or takes too long."""
    limit = time.monotonic() + READY_LIMIT_S
    while time.monotonic() < limit:
        if server.poll() is not None:
            raise ArtifactError(f"netserver ended with exit code {server.returncode}")
        if listens(_sockets(server.pid), port):
            return
        time.sleep(0.01)
    raise ArtifactError(f"netserver did not listen on port {port} within {READY_LIMIT_S:g} s")


@contextmanager
def bench(
    run: Run,
    profile: profiles.Profile,
    programs: netperf_build.Netperf,
    names: Sequence[str],
    image: Path | None,
) -> Iterator[Bench]:
    """The places of the named systems, with netserver at the peer of each."""
    # It forks for each connection, and one from a machine that is gone never ends.
    command = proc.family(tool.server_command(programs.netserver, PORT))
    with ExitStack() as stack:
        places = {name: stack.enter_context(LINKS[name]()) for name in names}
        for place in places.values():
            # A child belongs to the namespace its parent's thread is in when it starts.
            with place.peer.entered():
                spawned = proc.spawn(command, log=run.logs / "netserver.log")
                running = stack.enter_context(spawned)
            await_server(running, PORT)
        yield Bench(run, places, programs, image, profile)


def subjects(profile: profiles.Profile, names: Sequence[str] = (NATIVE,)) -> list[Subject]:
    """Everything that a round measures."""
    streams = [
        (test, size) for test in (tool.STREAM, tool.MAERTS) for size in profile.netperf_sizes
    ]
    trials = [*streams, (tool.RR, 1)]
    if pinned.cores(pinned.CROSS) is None:
        return [Subject(name, *trial, NO_CHOICE) for name in names for trial in trials]
    same = [trial for trial in trials if trial[1] in (1, MIDDLE_SIZE)]
    return [
        Subject(name, *trial, pinning)
        for name in names
        for pinning, chosen in ((pinned.CROSS, trials), (pinned.SAME, same))
        for trial in chosen
    ]


def measure(ready: Bench) -> None:
    """All rounds; trials that an interrupted run has stored already are not repeated."""
    profile = ready.profile
    plan = schedule.turns(
        subjects(profile, [*ready.places]),
        rounds=profile.netperf_rounds,
        warmup=profile.warmup_rounds,
        seed=ready.run.manifest.seed,
        experiment=EXPERIMENT,
    )
    common.write_setup(ready.run, EXPERIMENT, ready.setup(plan))
    stored = {(_subject(sample), sample.round) for sample in ready.run.samples(EXPERIMENT)}
    with ui.progress("netperf", len(plan)) as bar:
        for turn in plan:
            if (turn.subject, turn.round) not in stored:
                ready.record(turn, *ready.measure(turn.subject))
            bar.advance(1, str(turn.subject))


def _subject(sample: SampleRecord) -> Subject:
    pinning = str(sample.params.get("pinning", ""))
    return Subject(sample.system, sample.workload, int(sample.params["size"] or 0), pinning)


def show(run: Run) -> None:
    """Print medians with their interval, and what was not run."""
    samples = [
        s
        for s in run.samples(EXPERIMENT)
        if not s.warmup and s.metric in ("throughput", "transactions")
    ]
    reasons = common.reasons(run, EXPERIMENT)
    rows: list[tuple[str, ...]] = []
    for row in registry.of(EXPERIMENT):
        mine = [s for s in samples if s.system == row.name]
        if not mine:
            why = f"not run: {reasons.get(row.name, 'no sample')}"
            rows.append((row.label, "", "", "", why))
        order = {name: place for place, name in enumerate(tool.TESTS)}
        for kind in sorted(
            {_subject(s) for s in mine}, key=lambda k: (k.pinning, order[k.test], k.size)
        ):
            chosen = [s for s in mine if _subject(s) == kind]
            summary = common.columns([s.value for s in chosen], chosen[0].unit)
            rows.append((row.label, *summary, f"{kind.test} {kind.size} B, {kind.pinning}"))
    ui.table("netperf", (*common.COLUMNS, "test"), rows)


def _image(run: Run) -> Path | None:
    """The image that the library kernel runs netperf from; None, with the reason stored."""
    try:
        ukrun.program()
        return catalogue.image("netperf").rootfs
    except Unavailable as error:
        for name in LINKS:
            if name != NATIVE:
                common.note_skip(run, EXPERIMENT, name, str(error))
        return None


def run(profile: str) -> Run:
    """Measure netperf; Unavailable without root or the means to build netperf."""
    chosen = profiles.get(profile)
    with common.refusal_stored(EXPERIMENT, LINKS, profile):
        common.need_root("network namespaces need root")
        programs = netperf_build.build()
        records = Run.current(profile)
        for row in registry.of(EXPERIMENT):
            if row.why_not:
                common.note_skip(records, EXPERIMENT, row.name, row.why_not)
        image = _image(records)
        names = [*LINKS] if image else [NATIVE]
        with bench(records, chosen, programs, names, image) as ready:
            measure(ready)
    records.finish()
    show(records)
    return records
