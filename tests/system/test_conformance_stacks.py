# SPDX-License-Identifier: GPL-2.0-only
"""Every stack that is here, in both conditions; what killed runs leave; a run without rights."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from artifact import paths, proc
from artifact.conformance import cli, duts, expect
from artifact.conformance.duts import scratch
from artifact.records import Run

pytestmark = pytest.mark.system

ONE = """
import sys, time
from artifact.conformance import duts
from artifact.conformance.duts.conditions import DEFAULTS
dut = duts.find(sys.argv[1]).make(None, DEFAULTS)
dut.start()
print("up", flush=True)
time.sleep(60)
"""


# Real stacks in real time: minutes, and verdicts that a busy machine can change. The stacks that
# are driven in virtual time, and Linux, are in test_conformance_duts.py for every test run.
ALL_STACKS = pytest.mark.skipif(
    not os.environ.get("UK_ALL_STACKS"), reason="takes a quiet machine and minutes: UK_ALL_STACKS=1"
)


@ALL_STACKS
def test_all_stacks_in_both_conditions_are_as_expected(results: Path) -> None:
    run = cli.run("all", "all", "quick", condition="all")
    assert run is not None
    records = run.verdicts()
    assert {record.dut for record in records} == set(duts.REAL)
    assert expect.surprises(expect.load(), expect.judged(records)) == []
    absent = {skip.system for skip in run.skips("conformance")}
    assert {r.dut for r in records if r.pcap is None} == absent


def below(pid: int) -> set[int]:
    """A process and all its descendants."""
    found = {pid}
    for line in proc.run(["ps", "-eo", "pid=,ppid="]).stdout.splitlines() * 4:
        child, parent = map(int, line.split())
        if parent in found:
            found.add(child)
    return found


def alive(pids: set[int]) -> set[int]:
    there = {pid for pid in pids if Path(f"/proc/{pid}").exists()}
    return {p for p in there if "Z" not in Path(f"/proc/{p}/stat").read_text().split()[2:3]}


@ALL_STACKS
@pytest.mark.parametrize("name", [name for name in duts.REAL if name != "linux"])
def test_a_killed_run_leaves_no_process_and_the_next_sweeps_its_directory(name: str) -> None:
    if reason := duts.find(name).missing():
        pytest.skip(f"{name}: {reason}")
    argv = [sys.executable, "-c", ONE, name]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=paths.REPO) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"up\n"
        family = below(run.pid)
        assert len(family) > 1
        run.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while alive(family) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert alive(family) == set()
    scratch.sweep()
    assert not list(Path(tempfile.gettempdir()).glob(f"uk-{run.pid}-*"))


def test_the_datagram_link_needs_no_rights(results: Path) -> None:
    setpriv = proc.which("setpriv")
    if setpriv is None:
        pytest.skip("setpriv is not installed (Debian package util-linux)")
    if reason := duts.find("lkl").missing():
        pytest.skip(f"lkl: {reason}")
    console = [sys.executable, "-m", "artifact.conformance.console", "run"]
    drop = [setpriv, "--bounding-set=-all", "--inh-caps=-all"]
    words = ["--dut", "lkl,lwip", "--suite", "udp"]
    env = {**os.environ, "UK_RESULTS_DIR": str(results)}
    done = subprocess.run(
        [*drop, *console, *words], cwd=paths.REPO, env=env, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    verdicts = {(r.dut, str(r.verdict)) for r in Run.latest().verdicts()}
    assert verdicts == {("lkl", "pass"), ("lwip", "no_test")}
    assert "lwip: not run: a network namespace needs root" in done.stdout
