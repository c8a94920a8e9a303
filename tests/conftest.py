# SPDX-License-Identifier: GPL-2.0-only
"""Fixtures for all tests, and the rule for those that need root."""

import itertools
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from artifact import paths
from artifact.records import Param, Run, SampleRecord, Verdict, VerdictRecord


def pytest_configure() -> None:
    """A shell ignores SIGINT for what it starts with `&`; tests send it to their children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.geteuid() == 0:
        return
    reason = pytest.mark.skip(reason="needs root: network namespaces and mounts")
    for item in items:
        if item.get_closest_marker("system"):
            item.add_marker(reason)


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty results directory, for this process and its children."""
    directory = tmp_path / "results"
    directory.mkdir()
    monkeypatch.setattr(paths, "RESULTS", directory)
    monkeypatch.setenv("UK_RESULTS_DIR", str(directory))
    monkeypatch.delenv("UK_RUN_DIR", raising=False)
    return directory


CASES = {"arp": 12, "ipv4": 12, "icmpv4": 8}
CORE = {"lkl": 30e-9, "host": 200e-9}
COLDSTART = {"native": 0.010, "crun": 0.030, "runc": 0.050}
PHASES = {"process": 1e-3, "parse": 0.1e-3, "boot": 6e-3, "program": 12e-3}
PROGRAMS = {  # workload, metric, unit, native and µKontainer
    ("hello", "wall", "s"): (2e-3, 5e-3),
    ("python", "wall", "s"): (15e-3, 17e-3),
    ("python", "max_rss", "B"): (7e6, 20e6),
    ("python", "image_unchanged", "1"): (None, 1.0),
    ("redis", "get", "1/s"): (40e3, 44e3),
    ("cpython", "cases_passed", "1"): (None, 0.97),
}
MEMORY = {"native": 1e6, "runc": 1.1e6, "runu-public": 9e6}
NETPERF = {
    "TCP_STREAM": ("throughput", "bit/s", 10e9),
    "TCP_MAERTS": ("throughput", "bit/s", 9e9),
    "TCP_RR": ("transactions", "1/s", 55e3),
}


PARAMS: dict[str, dict[str, Param]] = {
    "netperf": {"pinning": "cross"},
    "memory": {"image": "public", "containers": 1},
}


def _size(experiment: str, size: int) -> dict[str, Param]:
    return {"size": size} if experiment == "netperf" else {}


def _measure(run: Run, rounds: int) -> None:
    noise = random.Random(1)
    rows = [("coldstart", name, "python-hello", "wall", "s", v) for name, v in COLDSTART.items()]
    rows += [
        ("coldstart", "runu-public", "phases", name, "s", value) for name, value in PHASES.items()
    ]
    rows += [("core", name, "w", "syscall_getppid", "s", value) for name, value in CORE.items()]
    rows += [("netperf", "native", name, *what) for name, what in NETPERF.items()]
    rows += [
        ("programs", system, *what, value)
        for what, pair in PROGRAMS.items()
        for system, value in zip(("native", "ukontainer"), pair, strict=True)
        if value is not None
    ]
    rows += [
        ("memory", name, "hello", metric, "B", v) for name, v in MEMORY.items()
        for metric in ("rss", "pss")
    ]  # fmt: skip
    rows += [("image_size", "runc", "hello", metric, "B", 1e6) for metric in ("unpacked", "gzip")]
    for experiment, system, workload, metric, unit, value in rows:
        sizes = (64, 1500) if metric == "throughput" else (1,)
        for size, number in itertools.product(sizes, range(rounds)):
            run.add_sample(
                SampleRecord(
                    experiment=experiment,
                    system=system,
                    workload=workload,
                    params=PARAMS.get(experiment, {}) | _size(experiment, size),
                    metric=metric,
                    unit=unit,
                    value=value if unit == "1" else value * noise.uniform(0.95, 1.05),
                    round=number,
                    warmup=False,
                )
            )


def _test(run: Run) -> None:
    for dut, (suite, cases) in itertools.product(("linux", "lkl", "lwip"), CASES.items()):
        for case in range(cases):
            bad = dut == "lwip" and case % 3 == 0
            run.add_verdict(
                VerdictRecord(
                    suite=suite,
                    case=f"{suite}-{case}",
                    dut=dut,
                    mode="defaults",
                    verdict=Verdict.FAIL if bad else Verdict.PASS,
                    reason="",
                    seconds=0.1,
                )
            )


@pytest.fixture
def synthetic_run(results: Path) -> Callable[..., Run]:
    """A run with invented records, for tests of what reads records. Lives in tmp_path only."""

    def make(rounds: int = 8, profile: str = "quick") -> Run:
        run = Run.create(profile, argv=["synthetic, for a test"], seed=1)
        _measure(run, rounds)
        _test(run)
        run.add_skip("netperf", "ukontainer", "a reason <of> its own")
        run.finish()
        return run

    return make
