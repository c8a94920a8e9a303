# SPDX-License-Identifier: GPL-2.0-only
"""Verdicts of several runs, compared; and the hog leaves nothing behind."""

import os
from pathlib import Path

from artifact.conformance.stability import BUSY_LOOP, hog, unstable
from artifact.records import Verdict, VerdictRecord


def record(case: str, verdict: Verdict, reason: str = "") -> VerdictRecord:
    return VerdictRecord(suite="arp", case=case, dut="lkl", mode="defaults", verdict=verdict,
                         reason=reason, seconds=0)  # fmt: skip


def test_equal_runs_are_stable() -> None:
    one = [record("ARP-1.1", Verdict.PASS), record("ARP-1.2", Verdict.FAIL, "x")]
    assert unstable([one, one, one]) == []


def test_another_verdict_and_a_missing_one_are_found() -> None:
    first = [record("ARP-1.1", Verdict.PASS), record("ARP-1.2", Verdict.PASS)]
    second = [record("ARP-1.1", Verdict.FAIL, "too late")]
    assert unstable([first, second]) == [
        "lkl ARP-1.1 (defaults): pass, fail: too late",
        "lkl ARP-1.2 (defaults): pass, missing: ",
    ]


def busy() -> int:
    """Children of ours that are hogs."""
    found = 0
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(entry.read_text().rsplit(")", 1)[1].split()[1])
            words = entry.with_name("cmdline").read_bytes()
        except (OSError, IndexError):
            continue  # it ended while we looked
        found += parent == os.getpid() and BUSY_LOOP.encode() in words
    return found


def test_the_hog_is_there_and_goes() -> None:
    with hog():
        assert busy() == len(os.sched_getaffinity(0))
    assert busy() == 0
    with hog(wanted=False):
        assert busy() == 0
