# SPDX-License-Identifier: GPL-2.0-only
"""nginx in one process, under the load of wrk, obeying signals.

Sources: nginx(8) (signals), wrk(1).
"""

import re
import signal
import time
import urllib.error
import urllib.request
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen, TimeoutExpired

from artifact import paths, proc
from artifact.errors import ArtifactError
from artifact.images import catalogue
from artifact.images.recipe import Form
from artifact.net.netns import Namespace
from artifact.programs import server
from artifact.programs.launcher import Launcher

PORT = 80
SIGNAL_TIMEOUT_S = 10.0
LOG = paths.CACHE / "log" / "nginx.log"
_REQUESTS = re.compile(r"^\s*(\d+) requests in ([\d.]+)(us|ms|s|m|h),", re.MULTILINE)
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_SOCKETS = re.compile(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")
_STATUS = re.compile(r"Non-2xx or 3xx responses: (\d+)")


@dataclass(frozen=True)
class Load:
    """What wrk did: complete answers, how long it took, and what went wrong, in its words."""

    requests: int
    seconds: float
    errors: int
    why: str = ""

    def __add__(self, other: "Load") -> "Load":
        return Load(
            self.requests + other.requests,
            self.seconds + other.seconds,
            self.errors + other.errors,
            "; ".join(filter(None, (self.why, other.why))),
        )

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.requests / self.seconds


def running(
    launcher: Launcher, form: Form, host: str = "127.0.0.1", where: Namespace | None = None
) -> AbstractContextManager[Popen[bytes]]:
    """The server of the image under `launcher`; `host` is its address as seen from here.

    where: the network namespace it is started in, when that is not the caller's.
    """
    image = catalogue.image("nginx", form)
    return server.running([*launcher(image.rootfs), *image.argv], (host, PORT), LOG, where)


def get(path: str = "/", host: str = "127.0.0.1") -> bytes:
    """The content of a page."""
    try:
        with urllib.request.urlopen(f"http://{host}:{PORT}{path}", timeout=10) as answer:
            content: bytes = answer.read()
    except (urllib.error.URLError, OSError) as error:
        raise ArtifactError(f"nginx does not serve {path}: {error}", f"its log: {LOG}") from error
    return content


def load(
    requests: int = 100_000, host: str = "127.0.0.1", *, connections: int = 16, slice_s: int = 2
) -> Load:
    """Ask for the page over and over, in slices of `slice_s`, until `requests` are answered."""
    total = Load(0, 0.0, 0)
    argv = [proc.need("wrk", "wrk"), "-t", "1", "-c", str(connections), "-d", f"{slice_s}s"]
    while total.requests < requests:
        one = parse_wrk(proc.run([*argv, f"http://{host}:{PORT}/"], timeout=60).stdout)
        if not one.requests:
            raise ArtifactError("nginx answered no request", f"its log: {LOG}")
        total += one
    return total


def parse_wrk(text: str) -> Load:
    """Counts in the output of wrk; ArtifactError when it has none."""
    done = _REQUESTS.search(text)
    if done is None:
        raise ArtifactError(f"wrk said {' '.join(text.split())[:200]!r}")
    told = [found for pattern in (_SOCKETS, _STATUS) if (found := pattern.search(text))]
    errors = sum(int(number) for found in told for number in found.groups())
    why = "; ".join(found[0] for found in told)
    return Load(int(done[1]), float(done[2]) * _SECONDS[done[3]], errors, why)


def reopen(child: Popen[bytes], log: Path = LOG) -> None:
    """SIGUSR1: nginx opens its log files again, without an end to the service.

    Not SIGHUP: in one process nginx takes it, and then has no connections left to serve with
    ("worker_connections are not enough", on any kernel); its remedy is worker processes, which
    are made by fork(2).
    """
    _signal(child, signal.SIGUSR1, "reopening logs", log)


def _signal(child: Popen[bytes], number: signal.Signals, said: str, log: Path) -> None:
    """Send a signal and wait until nginx says that it obeys."""

    def count() -> int:
        return log.read_text(errors="replace").count(said)

    before = count()
    child.send_signal(number)
    limit = time.monotonic() + SIGNAL_TIMEOUT_S
    while count() == before:
        if child.poll() is not None or time.monotonic() > limit:
            raise ArtifactError(f"nginx did not obey {number.name}", f"its log: {log}")
        time.sleep(0.02)


def graceful_end(child: Popen[bytes]) -> int:
    """SIGQUIT: nginx ends when it has answered what it was asked; returns its exit code."""
    child.send_signal(signal.SIGQUIT)
    try:
        return child.wait(SIGNAL_TIMEOUT_S)
    except TimeoutExpired as error:
        raise ArtifactError("nginx did not obey SIGQUIT", f"its log: {LOG}") from error
