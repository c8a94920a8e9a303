# SPDX-License-Identifier: GPL-2.0-only
"""netperf: captured outputs are understood; anything that is not the trial is refused."""

from pathlib import Path

import pytest

from artifact.bench.tools import netperf
from artifact.bench.tools.netperf import Trial, parse
from artifact.errors import ArtifactError

GOLDEN = Path(__file__).parents[1] / "golden" / "netperf"


def trial(test: str) -> Trial:
    size = 1 if test == netperf.RR else 1500
    return Trial(test, size, 1, "10.0.0.2", 12865, (0, 1))


def captured(test: str) -> str:
    return (GOLDEN / f"{test}.txt").read_text()


def altered(test: str, key: str, value: str) -> str:
    lines = captured(test).splitlines()
    changed = [f"{key}={value}" if line.startswith(f"{key}=") else line for line in lines]
    assert changed != lines
    return "\n".join(changed)


@pytest.mark.parametrize("test", [netperf.STREAM, netperf.MAERTS])
def test_a_stream_gives_the_receivers_goodput(test: str) -> None:
    (found,) = parse(captured(test), trial(test))
    assert (found.metric, found.unit) == ("throughput", "bit/s")
    said = dict(line.split("=") for line in captured(test).splitlines())
    assert found.value == float(said["THROUGHPUT"]) * 1000


def test_request_response_gives_rate_and_latency_in_seconds() -> None:
    found = {one.metric: one for one in parse(captured("TCP_RR"), trial("TCP_RR"))}
    said = dict(line.split("=") for line in captured("TCP_RR").splitlines())
    assert found["transactions"].value == float(said["TRANSACTION_RATE"])
    assert found["latency_mean"].value == pytest.approx(float(said["MEAN_LATENCY"]) * 1e-6)
    # One transaction at a time: the mean is the rate's inverse, so the unit is right.
    assert found["latency_mean"].value * found["transactions"].value == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize(
    ("test", "key", "value", "why"),
    [
        ("TCP_STREAM", "DIRECTION", "Receive", "DIRECTION is Receive, asked for Send"),
        ("TCP_STREAM", "LOCAL_SEND_SIZE", "16384", "LOCAL_SEND_SIZE is 16384, asked for 1500"),
        ("TCP_STREAM", "REMOTE_BYTES_RECVD", "0", "no bits were moved"),
        ("TCP_STREAM", "REMOTE_BYTES_RECVD", "10", "is not the reported"),
        ("TCP_STREAM", "THROUGHPUT_UNITS", "furlongs", "unknown unit furlongs"),
        ("TCP_STREAM", "THROUGHPUT", "fast", "THROUGHPUT is 'fast', not a number"),
        ("TCP_MAERTS", "REMOTE_SEND_SIZE", "16384", "REMOTE_SEND_SIZE is 16384, asked for 1500"),
        ("TCP_MAERTS", "LOCAL_BYTES_RECVD", "0", "no bits were moved"),
        ("TCP_RR", "REMOTE_CPU_BIND", "0", "REMOTE_CPU_BIND is 0, asked for 1"),
        ("TCP_RR", "REQUEST_SIZE", "2", "REQUEST_SIZE is 2, asked for 1"),
        ("TCP_RR", "LOCAL_BYTES_RECVD", "0", "no transactions were moved"),
        ("TCP_RR", "PROTOCOL", "UDP", "PROTOCOL is UDP, asked for TCP"),
    ],
)
def test_output_of_another_trial_is_refused(test: str, key: str, value: str, why: str) -> None:
    with pytest.raises(ArtifactError, match=why):
        parse(altered(test, key, value), trial(test))


def test_a_refused_connection_is_told_in_netperfs_words() -> None:
    with pytest.raises(ArtifactError, match=r"no THROUGHPUT; it said: .*are you sure there is"):
        parse((GOLDEN / "refused.txt").read_text(), trial("TCP_RR"))


def test_no_output_is_refused() -> None:
    with pytest.raises(ArtifactError, match="it said: nothing"):
        parse("", trial("TCP_RR"))


def test_the_transmitting_side_gets_the_size() -> None:
    commands = {t: netperf.client_command(Path("np"), trial(t)) for t in netperf.TESTS}
    after = {t: command[command.index("--") + 1 :][:2] for t, command in commands.items()}
    assert after == {
        "TCP_STREAM": ["-m", "1500"],
        "TCP_MAERTS": ["-m", ",1500"],
        "TCP_RR": ["-r", "1,1"],
    }


def test_pinning_only_where_asked_for() -> None:
    pinned = netperf.client_command(Path("np"), trial("TCP_RR"))
    free = netperf.client_command(Path("np"), Trial("TCP_RR", 1, 1, "10.0.0.2", 12865))
    assert pinned[pinned.index("-T") + 1] == "0,1"
    assert "-T" not in free
