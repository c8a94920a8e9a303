# SPDX-License-Identifier: GPL-2.0-only
"""What a runtime that is killed leaves behind: no process at once, nothing after the next."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from artifact import paths
from artifact.systems import cgroups
from tests.system.oci.bundle import PROBE, Workshop
from tests.system.runu import workshop

pytestmark = pytest.mark.system

SOURCE = paths.REPO / "tests" / "c" / "oci" / "probe.c"
LIMIT_S = 20.0


@pytest.fixture
def shop() -> Iterator[Workshop]:
    with workshop(SOURCE) as shop:
        yield shop


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_killed_runtime_takes_its_container_along(shop: Workshop) -> None:
    container = shop.container(PROBE, "loop")
    child = shop.start("run", "--bundle", container.bundle, container.ident)
    state = shop.root / container.ident / "started"
    until(state.exists)
    pid = container.state()["pid"]
    child.child.send_signal(signal.SIGKILL)
    child.wait()
    until(lambda: not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text())
    assert container.status == "stopped"
    assert shop.container(PROBE, "see").run().good().out
    assert os.listdir(shop.root) == []
    assert not [group for group in cgroups.here().all if (group / container.ident).exists()]
