# SPDX-License-Identifier: GPL-2.0-only
"""An untouched Debian root directory (this machine's own, read-only) under runu.

Its programs are on glibc: their system calls are trapped and served by the library kernel.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.oci.bundle import Done, Workshop
from tests.system.runu import workshop

pytestmark = pytest.mark.system

SLOW = "the slow way"


@pytest.fixture(scope="module")
def shop() -> Iterator[Workshop]:
    if not Path("/lib64/ld-linux-x86-64.so.2").exists():
        pytest.skip("this machine's programs are not on glibc")
    with workshop() as shop:
        yield shop


def run(shop: Workshop, *argv: str) -> Done:
    edit = {"root": {"path": "/", "readonly": True}}
    container = shop.container(*argv, edit=edit)
    log = container.bundle / "log"
    done = container.run(options=["--log", str(log), "--log-format", "json"])
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["level"] for line in lines if SLOW in line["msg"]] == ["info"]
    return done


def test_python(shop: Workshop) -> None:
    script = "import os, json, socket; print(json.dumps([os.uname().nodename, os.getpid()]))"
    assert json.loads(run(shop, "/usr/bin/python3", "-c", script).good().out)[1] == 1


def test_coreutils(shop: Workshop) -> None:
    host = subprocess.run(["ls", "/usr"], capture_output=True, text=True, check=True).stdout
    assert run(shop, "ls", "/usr").good().out == host
    words = ("sha256sum", "/usr/bin/env")
    host = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert run(shop, *words).good().out == host


def test_a_shell_that_executes(shop: Workshop) -> None:
    said = run(shop, "dash", "-c", "cd /usr; exec env -i A=1 printenv A").good().out
    assert said == "1\n"


def test_nothing_is_written_to_it(shop: Workshop) -> None:
    done = run(shop, "touch", "/uk-test-file")
    assert done.status == 1
    assert "Read-only file system" in done.err
    assert not Path("/uk-test-file").exists()
