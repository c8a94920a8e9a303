# SPDX-License-Identifier: GPL-2.0-only
"""netperf: how a trial is called and what its output means.

We use the omni output selection (`-k`), one KEY=VALUE per line, so that the parser sees names
and units and not columns. A trial whose output does not prove the work it claims (bytes,
sizes, direction, cores) is an error.

Source: netperf's manual, "The Omni Tests"; sizes in bytes, times in microseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from artifact.errors import ArtifactError

STREAM = "TCP_STREAM"
MAERTS = "TCP_MAERTS"
RR = "TCP_RR"
TESTS = (STREAM, MAERTS, RR)

CONNECT_MARGIN_S = 20.0
# Reported rate against bytes by elapsed time; the time has only two decimals.
TOLERANCE = 0.05

KEYS = (
    "THROUGHPUT",
    "THROUGHPUT_UNITS",
    "ELAPSED_TIME",
    "PROTOCOL",
    "DIRECTION",
    "LOCAL_BYTES_SENT",
    "LOCAL_BYTES_RECVD",
    "REMOTE_BYTES_SENT",
    "REMOTE_BYTES_RECVD",
    "LOCAL_SEND_SIZE",
    "REMOTE_SEND_SIZE",
    "REQUEST_SIZE",
    "RESPONSE_SIZE",
    "TRANSACTION_RATE",
    "MEAN_LATENCY",
    "STDDEV_LATENCY",
    "P50_LATENCY",
    "P99_LATENCY",
    "LOCAL_CPU_BIND",
    "REMOTE_CPU_BIND",
)
UNITS = {"10^3bits/s": 1e3}
DIRECTIONS = {STREAM: "Send", MAERTS: "Receive", RR: "Send|Recv"}


@dataclass(frozen=True)
class Trial:
    """One call of netperf. `size` in bytes: what one send call of the transmitting side gets,
    or request and response for TCP_RR. `cores`: (client, server), None for unpinned; a client
    of None is not pinned by netperf itself.
    """

    test: str
    size: int
    seconds: int
    server: str
    port: int
    cores: tuple[int | None, int] | None = None

    @property
    def timeout(self) -> float:
        """Seconds after which a trial is given up."""
        return self.seconds + CONNECT_MARGIN_S


@dataclass(frozen=True)
class Measurement:
    """One metric of a trial, in SI units without prefix."""

    metric: str
    unit: str
    value: float


def server_command(program: Path, port: int) -> list[str]:
    """Netserver in the foreground on IPv4."""
    return [str(program), "-D", "-4", "-N", "-p", str(port)]


def client_command(program: Path, trial: Trial) -> list[str]:
    """The command of one trial."""
    argv = [str(program), "-4", "-H", trial.server, "-p", str(trial.port), "-t", trial.test]
    argv += ["-l", str(trial.seconds), "-f", "k", "-P", "0"]
    if trial.cores:
        client, server = trial.cores
        argv += ["-T", f"{'' if client is None else client},{server}"]
    if trial.test == RR:
        # Latency needs a time stamp per transaction; in the streams that would cost throughput.
        argv.append("-j")
    return [*argv, "--", *_size_options(trial), "-k", ",".join(KEYS)]


def _size_options(trial: Trial) -> list[str]:
    if trial.test == RR:
        return ["-r", f"{trial.size},{trial.size}"]
    # "-m local,remote" are the send sizes of the two sides: only the transmitter's counts.
    return ["-m", str(trial.size) if trial.test == STREAM else f",{trial.size}"]


def parse(output: str, trial: Trial) -> list[Measurement]:
    """Metrics in netperf's output; ArtifactError if it is not that trial, done completely."""
    values = _fields(output)
    _check_identity(values, trial)
    if trial.test == RR:
        return _transactions(values, trial)
    return [_throughput(values, trial)]


def _fields(output: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in output.splitlines() if "=" in line)
    values = {name.strip(): value.strip() for name, _, value in pairs}
    missing = [key for key in KEYS if key not in values]
    if missing:
        said = " | ".join(output.strip().splitlines()[-3:]) or "nothing"
        raise ArtifactError(f"netperf's output has no {missing[0]}; it said: {said}")
    return values


def _number(values: dict[str, str], key: str) -> float:
    try:
        return float(values[key])
    except ValueError:
        raise ArtifactError(f"netperf: {key} is {values[key]!r}, not a number") from None


def _expect(values: dict[str, str], expected: Sequence[tuple[str, str]]) -> None:
    for key, value in expected:
        if values[key] != value:
            raise ArtifactError(f"netperf: {key} is {values[key]}, asked for {value}")


def _check_identity(values: dict[str, str], trial: Trial) -> None:
    """Whether the output belongs to the trial that was asked for."""
    expected = [("PROTOCOL", "TCP"), ("DIRECTION", DIRECTIONS[trial.test])]
    size = str(trial.size)
    if trial.test == STREAM:
        expected.append(("LOCAL_SEND_SIZE", size))
    elif trial.test == MAERTS:
        expected.append(("REMOTE_SEND_SIZE", size))
    else:
        expected += [("REQUEST_SIZE", size), ("RESPONSE_SIZE", size)]
    if trial.cores:
        client, server = trial.cores
        expected.append(("REMOTE_CPU_BIND", str(server)))
        if client is not None:
            expected.append(("LOCAL_CPU_BIND", str(client)))
    _expect(values, expected)


def _check_rate(what: str, reported: float, moved: float, seconds: float) -> None:
    """The reported rate must be what was moved in that time."""
    if moved <= 0 or seconds <= 0:
        raise ArtifactError(f"netperf: no {what} were moved")
    if abs(moved / seconds - reported) > TOLERANCE * reported:
        raise ArtifactError(
            f"netperf: {moved:g} {what} in {seconds:g} s is not the reported {reported:g}/s"
        )


def _throughput(values: dict[str, str], trial: Trial) -> Measurement:
    unit = values["THROUGHPUT_UNITS"]
    if unit not in UNITS:
        raise ArtifactError(f"netperf: unknown unit {unit}")
    rate = _number(values, "THROUGHPUT") * UNITS[unit]
    received = "REMOTE_BYTES_RECVD" if trial.test == STREAM else "LOCAL_BYTES_RECVD"
    bits = 8 * _number(values, received)
    _check_rate("bits", rate, bits, _number(values, "ELAPSED_TIME"))
    return Measurement("throughput", "bit/s", rate)


def _transactions(values: dict[str, str], trial: Trial) -> list[Measurement]:
    rate = _number(values, "TRANSACTION_RATE")
    done = min(_number(values, "LOCAL_BYTES_SENT"), _number(values, "LOCAL_BYTES_RECVD"))
    _check_rate("transactions", rate, done / trial.size, _number(values, "ELAPSED_TIME"))
    latencies = {
        "latency_mean": "MEAN_LATENCY",
        "latency_stddev": "STDDEV_LATENCY",
        "latency_p50": "P50_LATENCY",
        "latency_p99": "P99_LATENCY",
    }
    return [
        Measurement("transactions", "1/s", rate),
        *(Measurement(name, "s", _number(values, key) / 1e6) for name, key in latencies.items()),
    ]
