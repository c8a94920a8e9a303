# SPDX-License-Identifier: GPL-2.0-only
"""netperf's experiment: what a round holds, and when the server is ready."""

import os
import socket
from pathlib import Path

import pytest

from artifact import profiles
from artifact.bench import netperf, pinned


def test_a_listening_socket_is_seen_in_the_kernels_table() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        assert not netperf.listens(Path("/proc/self/net/tcp").read_text(), port)
        server.listen(1)
        assert netperf.listens(Path("/proc/self/net/tcp").read_text(), port)


def test_a_round_has_both_directions_of_every_size_and_one_request_response(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pinned.os, "sched_getaffinity", lambda _: {0, 1})
    chosen = profiles.get("paper")
    subjects = netperf.subjects(chosen, ["native", "ukontainer"])
    assert len(subjects) == len(set(subjects)) == 2 * (2 * len(chosen.netperf_sizes) + 1 + 3)
    assert [str(s) for s in subjects if s.test == "TCP_RR" and s.system == "native"] == [
        "native TCP_RR 1 cross", "native TCP_RR 1 same",
    ]  # fmt: skip
    same = {(s.test, s.size) for s in subjects if s.pinning == "same"}
    assert same == {("TCP_STREAM", 1500), ("TCP_MAERTS", 1500), ("TCP_RR", 1)}


def test_one_core_leaves_no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinned.os, "sched_getaffinity", lambda _: {7})
    assert {s.pinning for s in netperf.subjects(profiles.get("smoke"))} == {"none"}


def test_client_and_server_get_different_cores_or_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinned.os, "sched_getaffinity", lambda _: {7, 3, 5})
    assert pinned.cores("cross") == (3, 5)
    assert pinned.cores("same") == (3, 3)
    monkeypatch.setattr(pinned.os, "sched_getaffinity", lambda _: {7})
    assert pinned.cores("cross") is None


def test_a_core_is_left_again() -> None:
    before = os.sched_getaffinity(0)
    core = min(before)
    with pinned.on(core):
        assert os.sched_getaffinity(0) == {core}
    with pytest.raises(OSError, match="nothing"), pinned.on(core):
        raise OSError("nothing")
    assert os.sched_getaffinity(0) == before
