# SPDX-License-Identifier: GPL-2.0-only
"""netperf's experiment: what a round holds, and when the server is ready."""

import socket
from pathlib import Path

import pytest

from artifact import profiles
from artifact.bench import netperf


def test_a_listening_socket_is_seen_in_the_kernels_table() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        assert not netperf.listens(Path("/proc/self/net/tcp").read_text(), port)
        server.listen(1)
        assert netperf.listens(Path("/proc/self/net/tcp").read_text(), port)


def test_a_round_has_both_directions_of_every_size_and_one_request_response() -> None:
    chosen = profiles.get("paper")
    subjects = netperf.subjects(chosen)
    assert len(subjects) == 2 * len(chosen.netperf_sizes) + 1
    assert [str(s) for s in subjects if s.test == "TCP_RR"] == ["native TCP_RR 1"]


def test_client_and_server_get_different_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(netperf.os, "sched_getaffinity", lambda _: {7, 3, 5})
    assert netperf.pinning() == (3, 5)
    monkeypatch.setattr(netperf.os, "sched_getaffinity", lambda _: {7})
    assert netperf.pinning() is None
