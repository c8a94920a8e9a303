# SPDX-License-Identifier: GPL-2.0-only
"""Every test of tests/system/oci fails on a runtime that is wrong in the right way.

runc stands behind a program that forgets one thing (tests/system/oci/wrong_runtime.py). The
faults are tried one after the other, each on the tests that no earlier one has failed; in the
end no test may be left. That takes minutes, so it runs with UK_OCI_FAULTS=all only; each time,
some tests of every area have to see the faults of their area.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from artifact import paths, proc
from tests.system.oci.wrong_runtime import FAULTS

pytestmark = pytest.mark.system

SUITE = "tests/system/oci"
SOURCE = paths.REPO / SUITE / "wrong_runtime.py"
LIMIT_S = 300.0
# What a fault is looked for in; "" is everything that is left.
PLACES = {
    "forgets-process": ("test_process",),
    "forgets-mounts": ("test_mounts",),
    "forgets-linux": ("test_linux", "test_cgroups"),
    "forgets-groups": ("test_cgroups",),
    "forgets-hooks": ("test_hooks",),
    "forgets-options": ("test_cli", "test_lifecycle", "test_cgroups"),
    "starts-at-create": ("test_lifecycle",),
    "creates-at-start": ("test_lifecycle", "test_hooks"),
    "does-not-kill": ("test_cli", "test_lifecycle"),
    "does-not-delete": ("test_cli", "test_lifecycle", "test_cgroups", "test_hooks"),
    "keeps-everything": ("test_cli", "test_lifecycle", "test_process", "test_cgroups"),
    "loses-output": ("",),
    "always-succeeds": ("",),
    "tells-a-wrong-state": ("test_cli", "test_lifecycle"),
    "meddles-with-the-host": ("",),
}

# Fault, file, tests that must fail with it.
SAMPLES = {
    "forgets-process": ("test_process", "test_env test_cwd test_user test_rlimits"),
    "forgets-mounts": ("test_mounts", "test_a_readonly_root test_rbind test_mount_order"),
    "forgets-linux": ("test_linux", "test_hostname test_devices test_sysctl test_seccomp_kill"),
    "forgets-groups": ("test_cgroups", "test_memory test_pids test_cpu_quota test_cpuset"),
    "forgets-hooks": ("test_hooks", "test_create_runs_three test_a_failing_hook_of_create"),
    "forgets-options": ("test_cli", "test_pid_file test_log_as_json test_terminal"),
    "tells-a-wrong-state": ("test_lifecycle", "test_state_of_a_created_container"),
    "starts-at-create": ("test_lifecycle", "test_the_program_runs_at_start_only"),
    "always-succeeds": ("test_lifecycle", "test_start_twice test_an_unknown_container"),
}


def wrapper(fault: str, place: Path) -> Path:
    """A program that is runc with that fault."""
    program = place / fault
    words = shlex.join([sys.executable, "-SE", str(SOURCE), fault, str(proc.which("runc"))])
    program.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    program.chmod(0o755)
    return program


def pytest_of(runc: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {
        "UK_OCI_RUNTIMES": "runc",
        "UK_RUNC": str(runc),
        "UK_OCI_LIMIT_S": "2",
    }
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    return subprocess.run(
        argv,
        cwd=paths.REPO,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        preexec_fn=proc.die_with_parent(),
    )


def passed(fault: str, tests: list[str], place: Path) -> list[str]:
    """Which of the tests pass with that fault."""
    report = place / f"{fault}.xml"
    done = pytest_of(wrapper(fault, place), f"--junitxml={report}", *tests)
    assert report.exists(), done.stdout + done.stderr
    found = []
    for case in ElementTree.parse(report).iter("testcase"):
        file = case.attrib["classname"].replace(".", "/")
        if not len(case):
            found.append(f"{file}.py::{case.attrib['name']}")
    return found


@pytest.fixture(scope="module")
def everything() -> list[str]:
    if not proc.which("runc"):
        pytest.skip("runc is not installed; apt package runc")
    done = pytest_of(Path(str(proc.which("runc"))), "--collect-only", SUITE)
    return [line for line in done.stdout.splitlines() if line.startswith(SUITE)]


def named(everything: list[str], file: str, names: str) -> list[str]:
    """The tests of those names, with all their cases."""
    found = [
        test
        for test in everything
        if test.partition("[")[0] in {f"{SUITE}/{file}.py::{name}" for name in names.split()}
    ]
    assert len(found) >= len(names.split()), f"{file} has not all of: {names}"
    return found


def test_a_runtime_that_is_right_passes(everything: list[str], tmp_path: Path) -> None:
    tests = [test for place in SAMPLES.values() for test in named(everything, *place)]
    assert sorted(passed("faithful", tests, tmp_path)) == sorted(tests)


@pytest.mark.parametrize("fault", SAMPLES)
def test_a_runtime_that_is_wrong_is_seen(everything: list[str], fault: str, tmp_path: Path) -> None:
    assert passed(fault, named(everything, *SAMPLES[fault]), tmp_path) == []


@pytest.mark.skipif(os.environ.get("UK_OCI_FAULTS") != "all", reason="minutes: UK_OCI_FAULTS=all")
def test_every_test_sees_a_fault(everything: list[str], tmp_path: Path) -> None:
    assert len(everything) > 200
    assert set(PLACES) | {"faithful"} == set(FAULTS)
    left = set(everything)
    for fault, places in PLACES.items():
        tried = sorted(
            test for test in left if test.startswith(tuple(f"{SUITE}/{p}" for p in places))
        )
        missed = set(passed(fault, tried, tmp_path)) if tried else set()
        print(f"{fault}: {len(tried) - len(missed)} of {len(tried)} tests see it")
        left -= set(tried) - missed
    assert not left, f"seen with no fault: {sorted(left)}"
