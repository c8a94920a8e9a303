# SPDX-License-Identifier: GPL-2.0-only
"""Other people's programs on the host's own kernel: what every other system is compared with."""

from pathlib import Path

import pytest

from artifact import proc
from artifact.errors import ArtifactError, Unavailable
from artifact.images import native, tree
from artifact.images.recipe import Form
from artifact.programs import cases, compare, cpython, nginx, redis, sqlite, suite, systems
from artifact.records import Run

pytestmark = pytest.mark.system

FEW = ("test_json", "test_time", "test_select")


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """What these tests need, or the reason why it cannot be had."""
    try:
        cpython.root()
        for tool, package in (("tclsh", "tcl"), ("wrk", "wrk")):
            proc.need(tool, package)
    except Unavailable as error:
        pytest.skip(str(error))


def test_cases_of_cpython_pass_and_change_nothing() -> None:
    before = tree.digest(cpython.root())
    with suite.loopback():
        results = [*cpython.run(native.prefix, FEW)]
    for module in FEW:
        assert any(result.case.startswith(f"test.{module}") for result in results)
    assert sum(result.outcome == "pass" for result in results) > 200
    assert compare.alone(results, []) == []
    assert tree.digest(cpython.root()) == before


def starved(root: Path) -> list[str]:
    """A system that lacks something: hardly any descriptors."""
    return ["prlimit", "--nofile=12", *native.prefix(root)]


def test_a_system_that_lacks_something_is_seen() -> None:
    with suite.loopback():
        host = [*cpython.run(native.prefix, ["test_selectors"])]
        here = [*cpython.run(starved, ["test_selectors"])]
    found = compare.with_host(host, here, [])
    assert 0 < found.passed < found.host_passed
    assert any("[Errno 24]" in line for line in found.surprises)
    known = [
        compare.Difference(case, (result.outcome,), "no descriptors")
        for case, result in found.differences.items()
    ]
    assert compare.with_host(host, here, known).surprises == []
    assert len(compare.with_host(host, host, known).surprises) == len(known)


def test_redis_passes_its_own_tests() -> None:
    units = ("unit/type/incr", "unit/multi", "unit/pubsub")
    running = redis.running(native.prefix, Form.PUBLIC, options=redis.FOR_SUITE)
    with suite.loopback(), running:
        results = [*redis.suite(units=units)]
        rates = redis.benchmark(requests=10_000)
    assert {result.case.partition(":")[0] for result in results} == {*units}
    assert compare.alone(results, []) == []
    assert rates.keys() == {"get", "set"}
    assert min(rates.values()) > 0


def test_a_server_that_does_not_listen_is_one_line() -> None:
    def broken(_: Path) -> list[str]:
        return ["false"]

    with suite.loopback(), pytest.raises(ArtifactError, match=r"ended with exit code 1; its log"):
        redis.running(broken, Form.PUBLIC).__enter__()
    with suite.loopback(), pytest.raises(ArtifactError, match="no redis listens"):
        redis.benchmark(requests=10)


def test_nginx_answers_without_an_error() -> None:
    with suite.loopback(), nginx.running(native.prefix, Form.PUBLIC) as server:
        load = nginx.load(100_000)
        assert (load.requests >= 100_000, load.errors) == (True, 0)
        server.kill()
        server.wait()
        with pytest.raises(ArtifactError, match=r"wrk failed|answered no request"):
            nginx.load(10)


def test_sqlite_gives_the_same_answers_in_both_forms() -> None:
    for form in Form:
        sqlite.shell(native.prefix, form)
    hashes = {sqlite.speedtest(native.prefix, form, size=2)[0] for form in Form}
    assert len(hashes) == 1


def test_a_run_stores_its_cases_and_judges_them(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    native_only = {systems.NATIVE: systems.SYSTEMS[systems.NATIVE]}
    monkeypatch.setattr(systems, "SYSTEMS", native_only)
    monkeypatch.setattr(cpython, "MODULES", FEW)
    monkeypatch.setattr(cpython.run, "__defaults__", (FEW,))
    monkeypatch.setattr(compare, "alone", lambda *_: ["test.x: expected pass, is fail: why"])
    with pytest.raises(ArtifactError, match="1 cases are not as"):
        suite.run(["cpython"])
    (run,) = Run.all()
    assert len(cases.read(run.dir / "cases-cpython-native.jsonl")) > 200
    assert (run.dir / "setup-program-suites.json").is_file()
