# SPDX-License-Identifier: GPL-2.0-only
"""What the library kernel itself costs, beside the host's kernel.

Every sample comes from a fresh process of lkl-bench. In each round every (metric, system) is
measured once, in random order. The goals below are this project's own, not the paper's.

Samples: experiment core, systems lkl and host, workload lkl-bench; metrics boot (s, with 64
MiB, to the first system call's return), syscall_getppid (s), pipe_pingpong (s per round trip
between two tasks), syscall_rate (1/s, all threads together; param threads), rss (B, after
boot; of the process).
"""

from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from artifact import paths, proc, profiles, stats, styles, ui
from artifact.bench import common, schedule
from artifact.bench.tools import lkl_bench as tool
from artifact.bench.tools.lkl_bench import HOST, LKL, Bench
from artifact.errors import Unavailable
from artifact.records import Param, Run, SampleRecord

EXPERIMENT = "core"
WORKLOAD = "lkl-bench"
MEMORY = "64M"
ONE_THREAD = 1
MANY_THREADS = 4
SAMPLE_LIMIT_S = 60.0

SUBJECTS = (
    Bench("boot", LKL),
    Bench("syscall_getppid", LKL),
    Bench("syscall_getppid", HOST),
    Bench("pipe_pingpong", LKL),
    Bench("pipe_pingpong", HOST),
    Bench("syscall_rate", LKL, ONE_THREAD),
    Bench("syscall_rate", HOST, ONE_THREAD),
    Bench("syscall_rate", LKL, MANY_THREADS),
    Bench("syscall_rate", HOST, MANY_THREADS),
    Bench("rss", LKL),
)


@dataclass(frozen=True)
class Goal:
    """An upper limit for the library's median, in the metric's unit."""

    metric: str
    limit: float


GOALS = (
    Goal("boot", 15e-3),
    Goal("syscall_getppid", 60e-9),
    Goal("pipe_pingpong", 2e-6),
    Goal("rss", 12e6),
)
# Of the rate of one thread: what four that call at the same time must reach together.
RATE_GOAL = 0.5


def program(prefix: Path) -> Path:
    """lkl-bench under an install prefix; Unavailable when it is not there."""
    found = prefix / "bin" / "lkl-bench"
    if not found.is_file():
        raise Unavailable(f"{found} is missing", "run: invoke build")
    return found


def measure(run: Run, bench_program: Path, profile: profiles.Profile) -> None:
    """All rounds; samples that an interrupted run has stored already are not repeated."""
    plan = schedule.turns(
        SUBJECTS,
        rounds=profile.core_samples,
        warmup=profile.warmup_rounds,
        seed=run.manifest.seed,
        experiment=EXPERIMENT,
    )
    order = schedule.order(plan)
    setup: dict[str, JsonValue] = {"memory": MEMORY, "order": order}
    common.write_setup(run, EXPERIMENT, setup)
    stored = {(Bench(s.metric, s.system, _threads(s)), s.round) for s in run.samples(EXPERIMENT)}
    with ui.progress("library kernel", len(plan)) as bar:
        for turn in plan:
            if (turn.subject, turn.round) not in stored:
                argv = tool.command(bench_program, turn.subject, MEMORY)
                done = proc.run(argv, timeout=SAMPLE_LIMIT_S)
                run.add_sample(_record(turn, tool.parse(done.stdout, turn.subject)))
            bar.advance(1, str(turn.subject))


def _threads(sample: SampleRecord) -> int | None:
    threads = sample.params.get("threads")
    return None if threads is None else int(threads)


def _record(turn: schedule.Turn[Bench], sample: tool.Sample) -> SampleRecord:
    threads = turn.subject.threads
    params: dict[str, Param] = {} if threads is None else {"threads": threads}
    return SampleRecord(
        experiment=EXPERIMENT,
        system=sample.system,
        workload=WORKLOAD,
        params=params,
        metric=sample.metric,
        unit=sample.unit,
        value=sample.value,
        round=turn.round,
        warmup=turn.warmup,
    )


def _series(samples: list[SampleRecord], bench: Bench) -> dict[int, float]:
    """Values by round of one subject, without the warm-up."""
    wanted = (bench.metric, bench.system, bench.threads)
    mine = [s for s in samples if (s.metric, s.system, _threads(s)) == wanted and not s.warmup]
    return {sample.round: sample.value for sample in mine}


def thread_ratios(samples: list[SampleRecord], system: str) -> list[float]:
    """Rate of many threads over that of one, round by round."""
    many, one = (Bench("syscall_rate", system, n) for n in (MANY_THREADS, ONE_THREAD))
    return stats.round_ratios(_series(samples, many), _series(samples, one))


def verdict(bench: Bench, points: list[float]) -> str:
    """What the goal says about a median; empty where there is none."""
    for goal in GOALS:
        if (bench.metric, bench.system) == (goal.metric, LKL):
            reached = stats.summarise(points).median < goal.limit
            limit = styles.quantity(goal.limit, tool.UNITS[goal.metric])
            return f"under {limit}: {'reached' if reached else 'MISSED'}"
    return ""


def show(run: Run) -> None:
    """Print medians with their interval beside the goals."""
    samples = run.samples(EXPERIMENT)
    rows: list[tuple[str, ...]] = []
    for bench in SUBJECTS:
        points = [*_series(samples, bench).values()]
        if points:
            summary = common.columns(points, tool.UNITS[bench.metric])
            rows.append((str(bench), *summary, verdict(bench, points)))
    ratios = thread_ratios(samples, LKL)
    if ratios:
        ratio = stats.summarise(ratios).median
        said = "reached" if ratio >= RATE_GOAL else "MISSED"
        goal = f"at least {RATE_GOAL:g}: {said}"
        rows.append((f"{MANY_THREADS} threads / 1", f"{ratio:.2f}", "", str(len(ratios)), goal))
    ui.table("Library kernel", (*common.COLUMNS, "goal"), rows)


def run(profile: str) -> Run:
    """Measure the library kernel and the host; Unavailable when it is not built."""
    chosen = profiles.get(profile)
    with common.refusal_stored(EXPERIMENT, (LKL, HOST), profile):
        found = program(paths.lkl_prefix())
    records = Run.current(profile)
    measure(records, found, chosen)
    records.finish()
    show(records)
    return records
