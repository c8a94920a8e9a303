# SPDX-License-Identifier: GPL-2.0-only
"""netperf for real: bytes move between two namespaces, and nothing stays behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from artifact import paths
from artifact.bench import netperf
from artifact.bench.tools import netperf_build
from artifact.errors import ArtifactError, Unavailable
from artifact.records import Run

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def programs() -> netperf_build.Netperf:
    try:
        return netperf_build.build()
    except Unavailable as error:
        pytest.skip(str(error))


def servers(programs: netperf_build.Netperf) -> list[int]:
    """Processes that run our netserver."""
    found = []
    for link in Path("/proc").glob("[0-9]*/exe"):
        try:
            if link.readlink() == programs.netserver:
                found.append(int(link.parent.name))
        except OSError:
            continue  # a kernel thread, or gone meanwhile
    return found


def test_a_smoke_run_has_every_test_and_leaves_nothing(
    programs: netperf_build.Netperf, results: Path
) -> None:
    before = set(servers(programs))
    links = sorted(path.name for path in Path("/sys/class/net").iterdir())
    run = netperf.run("smoke")
    measured = [s for s in run.samples("netperf") if not s.warmup]
    kinds = {(s.workload, s.metric, s.unit) for s in measured}
    assert {
        ("TCP_STREAM", "throughput", "bit/s"),
        ("TCP_MAERTS", "throughput", "bit/s"),
        ("TCP_RR", "transactions", "1/s"),
    } <= kinds
    assert all(s.value > 0 for s in measured)
    here, absent = ({s.system for s in found} for found in (measured, run.skips("netperf")))
    assert "native" in here
    for name in ("ukontainer", "ukontainer-tap"):  # without a library kernel the reason is told
        assert (name in here) != (name in absent)
    assert {s.params["size"] for s in measured if s.workload != "TCP_RR"} == {1500}
    assert set(servers(programs)) <= before
    assert sorted(path.name for path in Path("/sys/class/net").iterdir()) == links


def test_after_kill_9_no_server_stays(programs: netperf_build.Netperf, results: Path) -> None:
    before = set(servers(programs))
    code = "from artifact.bench import netperf; netperf.run('paper')"
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-c", code], cwd=paths.REPO, **silent) as child:
        limit = time.monotonic() + 60
        while not set(servers(programs)) - before:
            assert time.monotonic() < limit, "no netserver was started"
            time.sleep(0.05)
        os.kill(child.pid, signal.SIGKILL)
    limit = time.monotonic() + 10
    while set(servers(programs)) - before:
        assert time.monotonic() < limit, "a netserver survived"
        time.sleep(0.05)


def test_a_server_that_ends_at_once_is_an_error(
    programs: netperf_build.Netperf, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(netperf.tool, "server_command", lambda *_: ["/bin/false"])
    with pytest.raises(ArtifactError, match="netserver ended with exit code 1"):
        netperf.run("smoke")
    (run,) = Run.all()
    assert run.samples() == []
