# SPDX-License-Identifier: GPL-2.0-only
"""netperf: how much TCP carries, and how fast it answers.

VEE'21 slides p.20 with the authors' sizes. The paper has two machines and a 10 GbE link; here
client and server are two network namespaces of one machine joined by a veth pair, with the
offloads (checksum, TSO) that the link has by default. The client's side is the system under
test, the server's is always native. They run on different cores where there are two.

Samples: experiment netperf, workloads TCP_STREAM and TCP_MAERTS (metric throughput, bit/s:
goodput counted by the receiver) and TCP_RR (transactions, 1/s; latency_*, s).
"""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from pydantic import JsonValue

from artifact import proc, profiles, ui
from artifact.bench import common, schedule
from artifact.bench.tools import netperf as tool
from artifact.bench.tools import netperf_build
from artifact.errors import ArtifactError
from artifact.net.interfaces import End, add_address, make_veth
from artifact.net.netns import Namespace, namespace
from artifact.records import Run, SampleRecord
from artifact.systems import registry

EXPERIMENT = registry.NETPERF
NATIVE = "native"
CLIENT_ADDRESS = "10.0.0.1"
SERVER_ADDRESS = "10.0.0.2"
PREFIX = 24
PORT = 12865
READY_LIMIT_S = 10.0
LISTENING = "0A"  # TCP_LISTEN in /proc/net/tcp


@dataclass(frozen=True)
class Subject:
    """What one turn measures: a system with a test and a size."""

    system: str
    test: str
    size: int

    def __str__(self) -> str:
        return f"{self.system} {self.test} {self.size}"


@dataclass(frozen=True)
class Bench:
    """The two sides, ready: netserver listens behind `client`."""

    run: Run
    client: Namespace
    programs: netperf_build.Netperf
    cores: tuple[int, int] | None
    profile: profiles.Profile

    def measure(self, subject: Subject) -> tuple[tool.Trial, list[tool.Measurement]]:
        """One trial from the client's side, checked."""
        rr = subject.test == tool.RR
        seconds = self.profile.netperf_rr_seconds if rr else self.profile.netperf_seconds
        trial = tool.Trial(subject.test, subject.size, seconds, SERVER_ADDRESS, PORT, self.cores)
        command = tool.client_command(self.programs.netperf, trial)
        with self.client.entered():
            done = proc.run(command, timeout=trial.timeout)
        self._keep(command, done.stdout)
        return trial, tool.parse(done.stdout, trial)

    def _keep(self, command: list[str], output: str) -> None:
        with (self.run.logs / "netperf.log").open("a") as log:
            log.write(f"$ {' '.join(command)}\n{output}\n")

    def setup(self, plan: list[schedule.Turn[Subject]]) -> dict[str, JsonValue]:
        """What holds for all trials."""
        return {
            "netperf": self.programs.version,
            "cflags": netperf_build.CFLAGS,
            "client_core": self.cores[0] if self.cores else None,
            "server_core": self.cores[1] if self.cores else None,
            "stream_seconds": self.profile.netperf_seconds,
            "rr_seconds": self.profile.netperf_rr_seconds,
            "link": "veth pair with its default offloads",
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
                    params={"size": trial.size},
                    metric=one.metric,
                    unit=one.unit,
                    value=one.value,
                    round=turn.round,
                    warmup=turn.warmup,
                )
            )


def pinning() -> tuple[int, int] | None:
    """Different cores for client and server; None on a machine that gives us only one."""
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[1]) if len(cores) > 1 else None


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
def bench(run: Run, profile: profiles.Profile, programs: netperf_build.Netperf) -> Iterator[Bench]:
    """Two namespaces, a veth pair between them, and netserver in the second."""
    with namespace() as client, namespace() as server:
        make_veth(
            End(client, "eth0", "02:00:00:00:00:01"), End(server, "eth0", "02:00:00:00:00:02")
        )
        add_address(client, "eth0", CLIENT_ADDRESS, PREFIX)
        add_address(server, "eth0", SERVER_ADDRESS, PREFIX)
        command = tool.server_command(programs.netserver, PORT)
        with ExitStack() as stack:
            # A child belongs to the namespace its parent's thread is in when it starts.
            with server.entered():
                spawned = proc.spawn(command, log=run.logs / "netserver.log")
                running = stack.enter_context(spawned)
            await_server(running, PORT)
            yield Bench(run, client, programs, pinning(), profile)


def subjects(profile: profiles.Profile) -> list[Subject]:
    """Everything that a round measures."""
    streams = [
        Subject(NATIVE, test, size)
        for test in (tool.STREAM, tool.MAERTS)
        for size in profile.netperf_sizes
    ]
    return [*streams, Subject(NATIVE, tool.RR, 1)]


def measure(ready: Bench) -> None:
    """All rounds; trials that an interrupted run has stored already are not repeated."""
    profile = ready.profile
    plan = schedule.turns(
        subjects(profile),
        rounds=profile.netperf_rounds,
        warmup=profile.warmup_rounds,
        seed=ready.run.manifest.seed,
        experiment=EXPERIMENT,
    )
    common.write_setup(ready.run, EXPERIMENT, ready.setup(plan))
    stored = {
        (Subject(s.system, s.workload, int(s.params["size"] or 0)), s.round)
        for s in ready.run.samples(EXPERIMENT)
    }
    with ui.progress("netperf", len(plan)) as bar:
        for turn in plan:
            if (turn.subject, turn.round) not in stored:
                ready.record(turn, *ready.measure(turn.subject))
            bar.advance(1, f"{turn.subject.test} {turn.subject.size} B")


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
        kinds = {(order[s.workload], s.workload, int(s.params["size"] or 0)) for s in mine}
        for _, test, size in sorted(kinds):
            chosen = [s for s in mine if s.workload == test and s.params["size"] == size]
            points = [s.value for s in chosen]
            summary = common.columns(points, chosen[0].unit)
            rows.append((row.label, *summary, f"{test} {size} B"))
    ui.table("netperf", (*common.COLUMNS, "test"), rows)


def run(profile: str) -> Run:
    """Measure netperf; Unavailable without root or the means to build netperf."""
    chosen = profiles.get(profile)
    with common.refusal_stored(EXPERIMENT, [NATIVE], profile):
        common.need_root("network namespaces need root")
        programs = netperf_build.build()
        records = Run.current(profile)
        for row in registry.of(EXPERIMENT):
            if row.why_not:
                common.note_skip(records, EXPERIMENT, row.name, row.why_not)
        with bench(records, chosen, programs) as ready:
            measure(ready)
    records.finish()
    show(records)
    return records
