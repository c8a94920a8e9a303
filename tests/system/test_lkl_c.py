# SPDX-License-Identifier: GPL-2.0-only
"""The C test program against the library kernel and against the host's, read as TAP."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from artifact import paths, proc
from artifact.errors import Unavailable

pytestmark = pytest.mark.system

GROUPS = (
    "boot", "life", "panic", "time", "vtime", "kernel", "tasks", "ipc", "sock", "fs", "blk",
    "hostdir", "hostdir_write", "hostdir_mount",
    "dgram", "tap", "packet", "console", "threads", "fault", "program", "signal", "kunit",
)  # fmt: skip
LINE = re.compile(r"(not )?ok (\d+) - (\S+)(?: # SKIP (.*))?")


@dataclass(frozen=True)
class Result:
    name: str
    ok: bool
    skipped: str | None


def parse_tap(text: str) -> list[Result]:
    """The results of TAP 13; an error when the plan and the lines do not agree."""
    lines = text.splitlines()
    assert lines[0] == "TAP version 13"
    matches = [match for line in lines if (match := LINE.fullmatch(line))]
    assert [int(match[2]) for match in matches] == list(range(1, len(matches) + 1))
    assert f"1..{len(matches)}" in lines
    return [Result(match[3], match[1] is None, match[4]) for match in matches]


@pytest.fixture(scope="module")
def bin_dir() -> Path:
    try:
        return paths.lkl_prefix() / "bin"
    except Unavailable as reason:
        pytest.skip(str(reason))


def test_every_group_is_run(bin_dir: Path) -> None:
    names = proc.run([bin_dir / "lkl-test", "--list"]).stdout.split()
    assert {name.split(".")[0] for name in names} == set(GROUPS)


@pytest.mark.parametrize("group", [group for group in GROUPS if group != "kunit"])
def test_library(bin_dir: Path, group: str) -> None:
    run_group(bin_dir, group)


def test_kernel_unit_tests() -> None:
    """The kernel's own suites, in the configuration that carries them (build --config kunit)."""
    kunit = paths.KERNEL / "current-kunit" / "bin"
    if not kunit.is_dir():
        pytest.skip("no KUnit build: invoke build --config kunit")
    run_group(kunit, "kunit")


def run_group(bin_dir: Path, group: str) -> None:
    argv = [bin_dir / "lkl-test", "--only", f"{group}.*"]
    done = proc.run(argv, check=False, timeout=600)
    results = parse_tap(done.stdout)
    assert results
    assert [result.name for result in results if not result.ok] == [], done.stdout
    assert done.returncode == 0
    skipped = [result for result in results if result.skipped is not None]
    if len(skipped) == len(results):
        pytest.skip(str(skipped[0].skipped))


def test_the_tests_hold_on_the_host(bin_dir: Path) -> None:
    done = proc.run([bin_dir / "lkl-test", "--host"], check=False, timeout=600)
    results = parse_tap(done.stdout)
    assert [result.name for result in results if not result.ok] == [], done.stdout
    assert len(results) > 100


def test_options(bin_dir: Path) -> None:
    nothing = proc.run([bin_dir / "lkl-test", "--only", "no.such"], check=False)
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert "no test matches" in nothing.stderr
    assert proc.run([bin_dir / "lkl-test", "--odd"], check=False).returncode == 2


BENCHES = {
    "boot": ("s", ["lkl"]),
    "syscall_getppid": ("s", ["lkl", "host"]),
    "pipe_pingpong": ("s", ["lkl", "host"]),
    "syscall_rate": ("1/s", ["lkl", "host"]),
    "rss": ("B", ["lkl"]),
}


@pytest.mark.parametrize("bench", BENCHES)
def test_benchmarks_give_samples(bin_dir: Path, bench: str) -> None:
    unit, systems = BENCHES[bench]
    for system in ("lkl", "host"):
        argv = [bin_dir / "lkl-bench", bench, "--system", system, "--samples", "2"]
        rows = [json.loads(line) for line in proc.run(argv, timeout=120).stdout.splitlines()]
        assert len(rows) == (2 if system in systems else 0)
        for row in rows:
            assert (row["metric"], row["system"], row["unit"]) == (bench, system, unit)
            assert row["value"] > 0
            assert row["params"].get("mem") == (64 << 20 if system == "lkl" else None)


def test_benchmark_mistakes(bin_dir: Path) -> None:
    for argv in (["nothing"], [], ["boot", "--mem", "3X"], ["boot", "--samples", "0"]):
        done = proc.run([bin_dir / "lkl-bench", *argv], check=False)
        assert done.returncode in (1, 2)
        assert "lkl-bench" in done.stderr
        assert done.stdout == ""
