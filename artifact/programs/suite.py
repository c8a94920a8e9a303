# SPDX-License-Identifier: GPL-2.0-only
"""`invoke programs`: other people's programs and their own tests, on the systems we have.

<run>/cases-<program>-<system>.jsonl   one Result a line (artifact.programs.cases)
<run>/setup-program-suites.json        what is compared, requests answered, hashes

The share of cases that pass goes into the records too (experiment programs, metric cases_passed).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import JsonValue

from artifact import ui
from artifact.bench.common import need_root, note_skip, write_setup
from artifact.errors import ArtifactError, Unavailable
from artifact.images.recipe import Form
from artifact.programs import cases, compare, cpython, nginx, redis, sqlite, systems
from artifact.programs.systems import System
from artifact.records import Run, SampleRecord
from artifact.systems import registry

EXPERIMENT = registry.PROGRAMS
HOST = systems.NATIVE
# The names in records, which figures and claims know.
RECORDED = {systems.NATIVE: "native", systems.UKRUN: "ukontainer"}
REQUESTS = 100_000


@contextmanager
def loopback() -> Iterator[None]:
    """A network namespace with nothing but a loopback interface, entered."""
    with systems.lonely() as net, net.entered():
        yield


def _cpython(run: Run, name: str, system: System) -> JsonValue:
    file = _cases_file(run, "cpython", name)
    with loopback():
        cases.write(file, cpython.run(system.launcher))
    return len(cases.read(file))


def _redis(run: Run, name: str, system: System) -> JsonValue:
    facts: dict[str, JsonValue] = {}
    for link, make in system.links.items():
        with _redis_server(make) as host:
            facts[link] = {**redis.benchmark(host, REQUESTS)}
    first = next(iter(system.links.values()))
    with _redis_server(first, redis.FOR_SUITE) as host:
        cases.write(_cases_file(run, "redis", name), redis.suite(host))
    return facts


@contextmanager
def _redis_server(make: systems.LinkMaker, options: Sequence[str] = ()) -> Iterator[str]:
    """Its address; meanwhile we are on the client's side."""
    with make() as place, place.peer.entered():
        host = place.address
        with redis.running(place.launcher, Form.PUBLIC, host, place.where, options):
            yield host


def _nginx(_: Run, _name: str, system: System) -> JsonValue:
    return {link: _serve(link, make) for link, make in system.links.items()}


def _serve(link: str, make: systems.LinkMaker) -> JsonValue:
    with make() as place, place.peer.entered():
        host = place.address
        with nginx.running(place.launcher, Form.PUBLIC, host, place.where) as server:
            load = nginx.load(REQUESTS, host)
            nginx.reopen(server)
            nginx.get(host=host)
            code = nginx.graceful_end(server)
    if load.errors or code:
        told = f"{load.errors} errors in {load.requests}, exit code {code}: {load.why}"
        raise ArtifactError(f"nginx over {link}: {told}")
    return {"requests": load.requests, "errors": load.errors, "rate": load.rate}


def _sqlite(_: Run, _name: str, system: System) -> JsonValue:
    sqlite.shell(system.launcher, Form.PUBLIC)
    verification, seconds = sqlite.speedtest(system.launcher, Form.PUBLIC)
    return {"hash": verification, "seconds": seconds}


PROGRAMS: Mapping[str, Callable[[Run, str, System], JsonValue]] = {
    "sqlite": _sqlite,
    "nginx": _nginx,
    "redis": _redis,
    "cpython": _cpython,
}


def _cases_file(run: Run, program: str, system: str) -> Path:
    return run.dir / f"cases-{program}-{system}.jsonl"


def usable(run: Run) -> dict[str, System]:
    """The systems that are here; why another one is not is said and stored."""
    found = {}
    for name, system in systems.SYSTEMS.items():
        try:
            system.launcher(Path("/"))
            found[name] = system
        except Unavailable as error:
            ui.say(f"not run: {name}: {error}")
            note_skip(run, EXPERIMENT, RECORDED[name], str(error))
    return found


def run(names: Sequence[str] = (), profile: str = "quick") -> Run:
    """Run the named programs (all when none is named); ArtifactError on any surprise."""
    need_root("programs run in namespaces and mounts of their own")
    for name in names:
        if name not in PROGRAMS:
            raise ArtifactError(f"unknown program {name!r}", f"there are: {', '.join(PROGRAMS)}")
    run = Run.current(profile)
    facts: dict[str, JsonValue] = {}
    surprises: list[str] = []
    present = usable(run)
    for name in names or PROGRAMS:
        told: dict[str, JsonValue] = {}
        for system, how in present.items():
            _cases_file(run, name, system).unlink(missing_ok=True)
            with ui.step(f"{name} {system}"):
                told[system] = PROGRAMS[name](run, system, how)
            surprises += _judge(run, name, system)
        facts[name] = told
        surprises += unequal(name, told)
    write_setup(run, "program-suites", facts)
    run.finish()
    for line in surprises:
        ui.say(f"surprise: {line}")
    if surprises:
        raise ArtifactError(
            f"{len(surprises)} cases are not as artifact/programs/expect.toml says",
            f"see {run.dir}",
        )
    return run


def unequal(program: str, told: Mapping[str, JsonValue]) -> list[str]:
    """One line for each system whose hash is not the host's."""
    hashes = {name: fact.get("hash") for name, fact in told.items() if isinstance(fact, dict)}
    return [
        f"{program}: {name} computes {found}, the host {hashes.get(HOST)}"
        for name, found in hashes.items()
        if found != hashes.get(HOST)
    ]


def _judge(run: Run, program: str, system: str) -> list[str]:
    """Say how the cases went; returns what is not as expected."""
    file = _cases_file(run, program, system)
    if not file.exists():
        return []
    here = cases.read(file)
    table = compare.load(program, system)
    if system == HOST:
        passed = sum(result.outcome == "pass" for result in here)
        ui.say(f"{program}: {passed} of {len(here)} cases pass on the host")
        return compare.alone(here, table)
    host = cases.read(_cases_file(run, program, HOST))
    found = compare.with_host(host, here, table)
    ui.say(f"{program} on {system}: {found}")
    run.add_sample(
        SampleRecord(
            experiment=EXPERIMENT,
            system=RECORDED[system],
            workload=program,
            metric="cases_passed",
            unit="1",
            value=found.share,
            round=0,
            warmup=False,
        )
    )
    return [*found.surprises]
