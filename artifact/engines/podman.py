# SPDX-License-Identifier: GPL-2.0-only
"""Podman inside an enclosure: no daemon, so it is a program with a place of its own.

Sources: podman(1), containers.conf(5), containers-storage.conf(5).
"""

import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from artifact import proc
from artifact.engines.enclosure import Enclosure
from artifact.engines.runtimes import Runtime

# The root of storage is not the default one, which an overlay may not be stacked upon.
CONTAINERS = """
[containers]
default_ulimits = [{ulimits}]
cgroups = "enabled"
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[engine.runtimes]
{runtimes}
[network]
network_backend = "netavark"
network_config_dir = "{place}/networks"
"""
STORAGE = """
[storage]
driver = "overlay"
graphroot = "{place}/podman"
runroot = "/run/podman-storage"
"""
# What podman asks for by default where that is more than this process may have.
LIMITS = {"nofile": (resource.RLIMIT_NOFILE, 1048576), "nproc": (resource.RLIMIT_NPROC, 32768)}


@dataclass(frozen=True)
class Podman:
    """podman, ready to be called."""

    inside: Enclosure
    program: Path
    env: dict[str, str]
    name: str = "podman"

    def argv(self, *words: str | Path) -> list[str]:
        """A command; it runs inside."""
        settings = [f"{key}={value}" for key, value in self.env.items()]
        return self.inside.argv("env", *settings, self.program, *words)

    def load(self, archive: Path) -> None:
        """Take an image from an archive."""
        proc.run(self.argv("load", "--input", archive), timeout=300)


def _limits() -> str:
    def allowed(kind: int, wanted: int) -> int:
        hard = resource.getrlimit(kind)[1]
        return wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)

    numbers = {name: allowed(*what) for name, what in LIMITS.items()}
    return ", ".join(f'"{name}={number}:{number}"' for name, number in numbers.items())


@contextmanager
def podman(inside: Enclosure, known: Mapping[str, Runtime]) -> Iterator[Podman]:
    """Configure it; its containers end with the enclosure."""
    program = Path(proc.need("podman", "podman"))
    place = inside.place
    (place / "networks").mkdir()
    programs = {name: runtime.executable(place) for name, runtime in known.items()}
    paths = "\n".join(f'{name} = ["{program}"]' for name, program in programs.items())
    text = CONTAINERS.format(place=place, runtimes=paths, ulimits=_limits())
    (place / "containers.conf").write_text(text)
    (place / "storage.conf").write_text(STORAGE.format(place=place))
    env = {
        "CONTAINERS_CONF": str(place / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(place / "storage.conf"),
        "TMPDIR": str(place),
        "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
    }
    yield Podman(inside, program, env)
