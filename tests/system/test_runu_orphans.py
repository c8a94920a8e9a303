# SPDX-License-Identifier: GPL-2.0-only
"""What a runtime that is killed leaves behind: no process at once, nothing after the next."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from artifact import paths, proc
from artifact.errors import Unavailable
from artifact.systems import cgroups, leftovers
from tests.system.oci.bundle import PROBE, Runtime, Workshop

pytestmark = pytest.mark.system

SOURCE = paths.REPO / "tests" / "c" / "oci" / "probe.c"
CFLAGS = ("-std=gnu11", "-O2", "-static")
LIMIT_S = 20.0


@pytest.fixture
def shop() -> Iterator[Workshop]:
    try:
        program = paths.lkl_prefix() / "bin" / "runu"
        compiler = paths.libc_prefix() / "bin" / "ukcc"
    except Unavailable as reason:
        pytest.skip(str(reason))
    if not program.exists():
        pytest.skip("runu is not built: no bin/runu beside ukrun; run: invoke build")
    with leftovers.workplace() as place:
        image = place / "image"
        for name in ("bin", "proc", "dev", "sys", "etc", "tmp"):
            (image / name).mkdir(parents=True)
        proc.run([compiler, *CFLAGS, SOURCE, "-o", image / "bin" / "probe"])
        shop = Workshop(Runtime("runu", program), place, image)
        try:
            yield shop
        finally:
            shop.clear()


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
