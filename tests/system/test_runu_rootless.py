# SPDX-License-Identifier: GPL-2.0-only
"""runu by a user without rights: a user namespace with one mapping, no control groups."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from artifact import paths, proc
from artifact.systems import leftovers
from tests.system.runu import make_root, program

pytestmark = pytest.mark.system

USER = 65534
PROBE = paths.REPO / "tests" / "c" / "oci" / "probe.c"


@dataclass(frozen=True)
class Rootless:
    """A directory of that user, with a copy of what is installed below root's."""

    place: Path

    def call(self, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self.place / "prefix" / "bin" / "runu", *words],
            cwd=self.place / "bundle",
            user=USER,
            group=USER,
            extra_groups=[],
            env={"XDG_RUNTIME_DIR": str(self.place), **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def configure(self, *args: str) -> None:
        file = self.place / "bundle" / "config.json"
        file.unlink(missing_ok=True)
        assert self.call("spec", "--rootless").returncode == 0
        config = json.loads(file.read_text())
        config["process"]["args"] = list(args)
        file.write_text(json.dumps(config))


@pytest.fixture(scope="module")
def rootless() -> Iterator[Rootless]:
    prefix = program().parent.parent
    with leftovers.workplace() as place:
        place.chmod(0o755)
        for name in ("bin/runu", "lib/ld-musl-x86_64.so.1"):
            target = place / "prefix" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(prefix / name, target)
        make_root(place / "bundle" / "rootfs", PROBE)
        proc.run(["chown", "-R", f"{USER}:{USER}", place])
        yield Rootless(place)


def test_it_is_root_inside(rootless: Rootless) -> None:
    rootless.configure("/bin/probe", "see")
    done = rootless.call("run", "one")
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert (seen["uid"], seen["gid"]) == (0, 0)
    assert not list((rootless.place / "ukontainer").iterdir())


def test_without_a_user_namespace_it_says_what_is_missing(rootless: Rootless) -> None:
    rootless.configure("/bin/probe", "see")
    file = rootless.place / "bundle" / "config.json"
    config = json.loads(file.read_text())
    kept = [each for each in config["linux"]["namespaces"] if each["type"] != "user"]
    config["linux"]["namespaces"] = kept
    file.write_text(json.dumps(config))
    done = rootless.call("run", "two")
    assert (done.returncode, done.stdout) == (1, "")
    assert "add a user namespace" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list((rootless.place / "ukontainer").iterdir())


def test_it_needs_a_place_for_its_state(rootless: Rootless) -> None:
    done = rootless.call("list", XDG_RUNTIME_DIR="")
    assert done.returncode == 1
    assert "--root" in done.stderr
