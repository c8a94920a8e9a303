# SPDX-License-Identifier: GPL-2.0-only
"""Every test of tests/system/oci fails on a runtime that is wrong in the right way.

runc stands behind a program that forgets one thing (tests/system/oci/wrong_runtime.py). The
faults are tried one after the other, each on the tests that no earlier one has failed; in the
end no test may be left.
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
    "tells-a-wrong-state": ("test_cli", "test_lifecycle"),
    "starts-at-create": ("test_lifecycle",),
    "creates-at-start": ("test_lifecycle", "test_hooks"),
    "does-not-kill": ("test_cli", "test_lifecycle"),
    "does-not-delete": ("test_cli", "test_lifecycle", "test_cgroups", "test_hooks"),
    "keeps-everything": ("test_cli", "test_lifecycle", "test_process", "test_cgroups"),
    "loses-output": ("",),
    "always-succeeds": ("",),
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


def test_the_wrapper_itself_changes_nothing(everything: list[str], tmp_path: Path) -> None:
    some = [f"{SUITE}/test_process.py", f"{SUITE}/test_hooks.py"]
    good = passed("faithful", some, tmp_path)
    excused = 2  # tests/system/oci/exceptions.toml
    assert len(good) >= sum(test.startswith(tuple(some)) for test in everything) - excused


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
        assert len(missed) < len(tried), f"{fault} is seen by no test"
        left -= set(tried) - missed
    assert sorted(left) == []
