# SPDX-License-Identifier: GPL-2.0-only
"""kill -9 of a running conformance task leaves nothing behind, and the next run is clean."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from artifact import paths
from artifact.conformance import duts
from artifact.records import Run, Verdict

pytestmark = pytest.mark.system

PROGRAM = """
from artifact.conformance import cli
cli.run("linux,lwip", "ipv4", "smoke"{case})
"""


def start(case: str = "") -> subprocess.Popen[bytes]:
    chosen = f", case={case!r}" if case else ""
    argv = [sys.executable, "-c", PROGRAM.format(case=chosen)]
    return subprocess.Popen(argv, cwd=paths.REPO, stdout=subprocess.DEVNULL)


def until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def links() -> str:
    return subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout


def named_namespaces() -> str:
    return subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout


def stacks() -> list[str]:
    """Processes that are a packaged stack of ours."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue  # it ended while we looked
        if b"/duts/lwip-" in words[0]:
            found.append(entry.parent.name)
    return found


def namespaces(pid: str = "[0-9]*") -> set[str]:
    """Network namespaces, other than ours, that this process (or any) is in or holds open."""
    own = os.readlink("/proc/self/ns/net")
    found = set()
    for place in [*Path("/proc").glob(f"{pid}/fd/*"), *Path("/proc").glob(f"{pid}/ns/net")]:
        try:
            target = os.readlink(place)
        except OSError:
            continue  # closed while we looked
        if target.startswith("net:[") and target != own:
            found.add(target)
    return found


@pytest.mark.parametrize("stack", ["linux", "lwip"])
def test_kill_9_leaves_nothing(results: Path, stack: str) -> None:
    if reason := duts.find("lwip").missing():
        pytest.skip(reason)
    before = (links(), named_namespaces(), stacks())
    with start() as task:
        running = until(lambda: len([*results.glob(f"*/pcap/{stack}/*.pcap")]) > 8, 60)
        assert running, "the task never got to its cases"
        made = namespaces(str(task.pid))
        assert made
        assert stack != "lwip" or stacks()
        task.send_signal(signal.SIGKILL)
    assert until(lambda: stacks() == before[2], 5)
    assert until(lambda: not made & namespaces(), 5)
    assert (links(), named_namespaces()) == before[:2]

    with start("IP-1.1") as second:
        assert second.wait(60) == 0
    latest = max(results.iterdir(), key=lambda directory: directory.stat().st_mtime)
    verdicts = Run.open(latest).verdicts()
    # Devices run side by side: whichever is through first stands first.
    assert sorted((r.dut, r.verdict) for r in verdicts) == [
        ("linux", Verdict.PASS),
        ("lwip", Verdict.PASS),
    ]
    assert (links(), named_namespaces(), stacks()) == before


def test_ctrl_c_ends_soon_and_leaves_nothing(results: Path) -> None:
    before = (links(), stacks())
    with start() as task:
        assert until(lambda: len([*results.glob("*/pcap/linux/*.pcap")]) > 8, 60)
        made = namespaces(str(task.pid))
        task.send_signal(signal.SIGINT)
        assert task.wait(60) != 0
    assert not made & namespaces()
    assert (links(), stacks()) == before
    run = Run.open(next(results.iterdir()))
    assert run.verdicts()
