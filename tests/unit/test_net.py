# SPDX-License-Identifier: GPL-2.0-only
"""Links over datagram sockets, captures, and the sweep. None of it needs root."""

import os
import subprocess
import time
from pathlib import Path

import pytest
from scapy.utils import RawPcapReader

from artifact.net import sweep
from artifact.net.link import LinkDown, datagram_pair
from artifact.net.pcap import Capture

FRAME = bytes(range(60))


def test_frames_arrive_whole_and_in_order() -> None:
    link, other = datagram_pair()
    with other:
        link.send(FRAME)
        assert other.recv(100) == FRAME
        other.send(b"first" * 300)
        other.send(b"second")
        deadline = time.monotonic() + 1
        assert link.recv(deadline) == b"first" * 300
        assert link.recv(deadline) == b"second"
        assert link.recv(time.monotonic()) is None
        link.close()


def test_two_busy_ends_do_not_wait_for_each_other() -> None:
    link, other = datagram_pair()
    other.setblocking(False)
    with other:
        sent = 0
        try:
            while True:
                other.send(FRAME)
                sent += 1
        except BlockingIOError:
            pass  # the queue towards us is full, as wanted
        for _ in range(5):
            link.send(FRAME)
        got = 0
        while link.recv(time.monotonic() + 0.05):
            got += 1
        assert got == sent
        link.close()


def test_a_link_whose_far_end_is_gone_is_down() -> None:
    link, other = datagram_pair()
    other.close()
    with pytest.raises(LinkDown, match="the datagram link is down"):
        link.send(FRAME)
    link.close()


def test_scapy_reads_a_capture(tmp_path: Path) -> None:
    with Capture(tmp_path / "deep" / "a.pcap") as capture:
        capture.add(FRAME, 1_500_000_000_123_456_789)
        capture.add(FRAME * 2, 1_500_000_001_000_000_000)
    with RawPcapReader(str(capture.path)) as reader:
        frames = list(reader)
    assert [data for data, _ in frames] == [FRAME, FRAME * 2]
    assert (frames[0][1].sec, frames[0][1].usec) == (1_500_000_000, 123_456_789)


def test_only_namespaces_of_dead_owners_are_leftovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    for name in (f"uk-{os.getpid()}-a", f"uk-{gone.pid}-b", "uk-x", "other"):
        (tmp_path / name).touch()
    monkeypatch.setattr(sweep, "NAMED", tmp_path)
    assert sweep.leftovers() == [f"uk-{gone.pid}-b"]
    monkeypatch.setattr(sweep, "NAMED", tmp_path / "absent")
    assert sweep.sweep() == []
