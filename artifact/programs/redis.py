# SPDX-License-Identifier: GPL-2.0-only
"""redis under its own test suite and its own benchmark.

The server runs under a launcher; suite (a Tcl program) and benchmark run on the host and
talk to it over TCP, from the network namespace the caller is in.

Source: tests/README.md of redis (external server mode).
"""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from subprocess import Popen

from artifact import paths, proc, ui
from artifact.errors import ArtifactError
from artifact.images import catalogue, debsource, native
from artifact.images.recipe import Form
from artifact.images.recipes import redis as recipe
from artifact.kernel.fetch import locked
from artifact.net.netns import Namespace
from artifact.programs import server
from artifact.programs.cases import Outcome, Result
from artifact.programs.launcher import Launcher
from artifact.systems import leftovers

PORT = 6379
LOG = paths.CACHE / "log" / "redis-suite.log"
SERVER_LOG = paths.CACHE / "log" / "redis-server.log"
# Units that need no server of their own and no child of the server.
UNITS = (
    "unit/protocol", "unit/keyspace", "unit/scan", "unit/type/string", "unit/type/incr",
    "unit/type/list", "unit/type/list-2", "unit/type/list-3", "unit/type/set",
    "unit/type/zset", "unit/type/hash", "unit/type/stream", "unit/type/stream-cgroups",
    "unit/sort", "unit/expire", "unit/multi", "unit/pubsub", "unit/pubsubshard",
    "unit/slowlog", "unit/scripting", "unit/functions", "unit/bitops", "unit/bitfield",
    "unit/geo", "unit/hyperloglog", "unit/lazyfree", "unit/tracking", "unit/info-command",
)  # fmt: skip
# Replication and snapshots fork; DEBUG RELOAD writes a snapshot by itself.
TAGS = "-needs:repl -needs:save -slow -large-memory"
# The tests switch the append-only file on, which forks unless it is on from the start.
FOR_SUITE = ("--enable-debug-command", "yes", "--appendonly", "yes",
             "--auto-aof-rewrite-percentage", "0")  # fmt: skip
SUITE_TIMEOUT_S = 1800.0
BENCHMARK_TIMEOUT_S = 300.0
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_CASE = re.compile(r"^\[(ok|err|skip|ignore|exception)\]: (.*?)(?: \((\d+) ms\))?$")
_UNIT = re.compile(r"^Testing (\S+)$")
_OUTCOMES = {
    "ok": Outcome.PASS,
    "err": Outcome.FAIL,
    "exception": Outcome.ERROR,
    "skip": Outcome.SKIP,
    "ignore": Outcome.SKIP,
}


def running(
    launcher: Launcher,
    form: Form,
    host: str = "127.0.0.1",
    where: Namespace | None = None,
    options: Sequence[str] = (),
) -> AbstractContextManager[Popen[bytes]]:
    """The server of the image under `launcher`; `host` is its address as seen from here.

    where: the network namespace it is started in, when that is not the caller's.
    """
    image = catalogue.image("redis", form)
    argv = [*launcher(image.rootfs), *image.argv, *options]
    return server.running(argv, (host, PORT), SERVER_LOG, where)


def suite(host: str = "127.0.0.1", units: Sequence[str] = UNITS) -> Iterator[Result]:
    """Outcome of every test of these units against a server that runs with FOR_SUITE.

    Each unit is a run of its own, because an exception ends a run.
    """
    LOG.unlink(missing_ok=True)
    with ui.progress("redis's tests", len(units)) as bar:
        for unit in units:
            yield from _unit(host, unit)
            bar.advance(1, unit)


def _unit(host: str, unit: str) -> list[Result]:
    tclsh = proc.need("tclsh", "tcl")
    words = ["--host", host, "--port", str(PORT), "--tags", TAGS, "--durable", "--single", unit]
    done = proc.run(
        [tclsh, "tests/test_helper.tcl", *words],
        cwd=_source(), log=LOG, timeout=SUITE_TIMEOUT_S, check=False,
    )  # fmt: skip
    results = [*parse(done.stdout)]
    if not any(result.case.startswith(f"{unit}: ") for result in results):
        raise ArtifactError(f"redis's suite has no result of {unit}", f"see {LOG}")
    return results


def parse(text: str) -> Iterator[Result]:
    """Results in the suite's output: `[ok]: NAME (N ms)` below `Testing UNIT`."""
    unit = ""
    seen: dict[str, int] = {}
    for line in _COLOUR.sub("", text).splitlines():
        if (found := _UNIT.match(line)) is not None:
            unit = found[1]
        elif (case := _CASE.match(line)) is not None:
            name = f"{unit}: {case[2]}"
            if case[1] in ("err", "skip", "ignore"):
                name, _, reason = name.partition(" in tests/")
            else:
                reason = ""
            seen[name] = seen.get(name, 0) + 1
            again = f" #{seen[name]}" if seen[name] > 1 else ""
            yield Result(
                case=name + again,
                outcome=_OUTCOMES[case[1]],
                seconds=int(case[3] or 0) / 1000,
                reason=reason,
            )


def _source() -> Path:
    """The suite as redis's source package has it, unpacked once."""
    source = recipe.RECIPE.source
    assert source is not None
    fetched = debsource.fetch(source)
    final = paths.CACHE / "images" / f"redis-suite-{fetched.version}"
    with locked(paths.CACHE / "images" / "redis-suite.lock"):
        if not final.is_dir():
            part = final.with_name(f"{leftovers.prefix()}redis-suite")
            try:
                debsource.unpack(fetched, part, paths.CACHE / "log" / "redis-suite.log")
                part.rename(final)
            finally:
                shutil.rmtree(part, ignore_errors=True)
    return final


def benchmark(
    host: str = "127.0.0.1", requests: int = 100_000, tests: Sequence[str] = ("get", "set")
) -> dict[str, float]:
    """Requests per second of each test of redis-benchmark; ArtifactError if any went wrong."""
    if not server.accepts((host, PORT)):  # redis-benchmark itself would try for ever
        raise ArtifactError(f"no redis listens at {host} port {PORT}")
    image = catalogue.image("redis", Form.PUBLIC)
    words = ["-h", host, "-p", str(PORT), "-n", str(requests), "-t", ",".join(tests), "--csv"]
    argv = [*native.prefix(image.rootfs), "/usr/bin/redis-benchmark", *words]
    done = proc.run(argv, timeout=BENCHMARK_TIMEOUT_S)
    return parse_benchmark(done.stdout + done.stderr, tests)


def parse_benchmark(text: str, tests: Sequence[str]) -> dict[str, float]:
    """Requests per second in `redis-benchmark --csv`'s lines of "TEST","RPS",..."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        fields = [field.strip('"') for field in line.split(",")]
        if line.lower().startswith("error") or "ERR " in line:
            raise ArtifactError(f"redis-benchmark: {line}")
        if len(fields) > 1 and fields[0].lower() in tests:
            try:
                found[fields[0].lower()] = float(fields[1])
            except ValueError:
                raise ArtifactError(f"redis-benchmark said {line!r}") from None
    if missing := [name for name in tests if name not in found]:
        raise ArtifactError(f"redis-benchmark has no result of {', '.join(missing)}")
    return found
