# SPDX-License-Identifier: GPL-2.0-only
"""Other people's programs on the library kernel, by ukrun; short forms of `invoke programs`."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from artifact import proc
from artifact.bench import opbench
from artifact.errors import Unavailable
from artifact.images import catalogue, tree
from artifact.images.recipe import Form
from artifact.programs import cases, compare, cpython, nginx, redis, sqlite, suite, systems, ukrun
from artifact.programs.systems import Place
from artifact.records import Run

pytestmark = pytest.mark.system

LINKS = systems.SYSTEMS[systems.UKRUN].links


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """What these tests need, or the reason why it cannot be had."""
    try:
        ukrun.program()
        cpython.root()
        for tool, package in (("tclsh", "tcl"), ("wrk", "wrk")):
            proc.need(tool, package)
    except Unavailable as error:
        pytest.skip(str(error))


@pytest.fixture(params=[*LINKS])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Where a server runs; we are on the client's side."""
    with LINKS[request.param]() as place, place.peer.entered():
        yield place


def test_cases_of_cpython_pass_as_on_the_host_and_change_nothing() -> None:
    before = tree.digest(cpython.root())
    with systems.lonely() as net, net.entered():
        results = [*cpython.run(ukrun.launcher(), ["test_json", "test_select"])]
    assert sum(result.outcome == "pass" for result in results) > 180
    assert compare.alone(results, []) == []
    assert tree.digest(cpython.root()) == before


def test_a_case_that_forks_is_an_error_and_not_the_end(tmp_path: Path) -> None:
    """Of the real driver under ukrun: fork(2) fails, a dead process is a crash, the rest runs."""
    sample = """
import os, unittest
class A(unittest.TestCase):
    def test_a(self): os.fork()
    def test_b(self): os.abort()
    def test_c(self): pass
"""
    package = tmp_path / "test"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "support.py").touch()
    (package / "test_sample.py").write_text(sample)
    options = ("--bind", f"{tmp_path}:/var/tmp", "--env", "PYTHONPATH=/var/tmp")
    argv = [*ukrun.launcher(*options)(cpython.root()), "/usr/bin/python3", "-B"]
    found = cases.run([*argv, f"/{cpython.INSIDE}"], "test.test_sample", tmp_path / "log", 30)
    results = {result.case.rpartition(".")[2]: result for result in found}
    assert [str(result.outcome) for result in results.values()] == ["error", "crash", "pass"]
    assert "Function not implemented" in results["test_a"].reason
    assert results["test_b"].reason == "ended with exit code 134"


def test_nginx_answers_without_an_error_and_obeys_signals(place: Place) -> None:
    before = tree.digest(catalogue.image("nginx").rootfs)
    running = nginx.running(place.launcher, Form.PUBLIC, place.address, place.where)
    with running as server:
        load = nginx.load(1_000, place.address, slice_s=1)
        assert (load.requests >= 1_000, load.errors) == (True, 0)
        nginx.reopen(server)
        assert len(nginx.get(host=place.address)) == 1024
        assert nginx.graceful_end(server) == 0
    assert tree.digest(catalogue.image("nginx").rootfs) == before


def test_redis_passes_its_own_tests(place: Place) -> None:
    unit = "unit/type/incr"
    where = (place.address, place.where)
    with redis.running(place.launcher, Form.PUBLIC, *where, redis.FOR_SUITE):
        results = [*redis.suite(place.address, [unit])]
        rates = redis.benchmark(place.address, requests=1_000)
    assert {result.case.partition(":")[0] for result in results} == {unit}
    assert compare.alone(results, []) == []
    assert rates.keys() == {"get", "set"}


def test_sqlite_gives_the_hosts_answers() -> None:
    native = sqlite.speedtest(systems.SYSTEMS[systems.NATIVE].launcher, Form.PUBLIC, size=2)
    for form in Form:
        sqlite.shell(ukrun.launcher(), form)
        assert sqlite.speedtest(ukrun.launcher(), form, size=2)[0] == native[0]


@pytest.mark.parametrize("form", opbench.FORMS)
def test_every_operation_of_opbench_runs(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    root = opbench.root()
    for operation in opbench.COUNTS:
        monkeypatch.setitem(opbench.COUNTS, operation, 10)
        argv = [*ukrun.launcher()(root), *opbench.command(form, operation)]
        assert opbench.parse(proc.run(argv, timeout=30).stdout, operation) > 0
    bad = [*ukrun.launcher()(root), opbench.inside(form), "dance", "10"]
    assert proc.run(bad, check=False).returncode == 1


def bare(argv: list[str | Path], cwd: Path) -> subprocess.CompletedProcess[str]:
    """A program started without any of our help."""
    return subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


def test_a_private_image_is_one_program(tmp_path: Path) -> None:
    try:
        file = catalogue.packed("python")
    except Unavailable as error:
        pytest.skip(str(error))
    done = bare([file, "-c", "print(1)"], tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")
    (tmp_path / "script.py").write_text("import os, sys; print(os.uname()[1]); sys.exit(7)\n")
    done = bare([file, "script.py"], tmp_path)
    assert (done.returncode, done.stdout) == (7, "lkl\n")
    assert catalogue.packed("python") == file


def test_without_a_library_kernel_the_reason_is_told(
    results: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UK_LKL_PREFIX", str(tmp_path))
    run = Run.create("smoke")
    assert [*suite.usable(run)] == [systems.NATIVE]
    (skip,) = run.skips("programs")
    assert skip.system == "ukontainer"
    assert "UK_LKL_PREFIX" in skip.reason
