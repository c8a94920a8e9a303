# SPDX-License-Identifier: GPL-2.0-only
"""Docker inside an enclosure; its socket is reachable from outside.

Source: dockerd(8) and the reference of daemon.json.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from artifact import proc
from artifact.engines.containerd import Containerd
from artifact.engines.daemons import daemon
from artifact.engines.enclosure import Enclosure
from artifact.engines.runtimes import Runtime

BUILT_IN = "runc"  # dockerd declares it itself, and refuses another one of that name


@dataclass(frozen=True)
class Docker:
    """A running docker daemon. `client` is the one of the daemon's own package."""

    inside: Enclosure
    socket: Path
    client: Path
    name: str = "docker"

    @property
    def env(self) -> dict[str, str]:
        """What a client needs to know, and nothing of the user's own configuration."""
        config = str(self.inside.place / "docker-config")
        return {"DOCKER_HOST": f"unix://{self.socket}", "DOCKER_CONFIG": config}

    def argv(self, *words: str | Path) -> list[str]:
        """A command of its client, which runs outside."""
        return [str(self.client), "-H", f"unix://{self.socket}", *(str(word) for word in words)]

    def load(self, archive: Path) -> None:
        """Take an image from an archive."""
        proc.run(self.argv("load", "--input", archive), env=self.env, timeout=300)


def configuration(place: Path, lower: Path, known: Mapping[str, Runtime]) -> dict[str, object]:
    """The daemon's configuration file; `lower` is containerd's socket."""
    declared = {
        name: {"path": str(runtime.executable(place))}
        for name, runtime in known.items()
        if name != BUILT_IN
    }
    return {
        "data-root": str(place / "docker"),
        "exec-root": "/run/docker-exec",
        "pidfile": "/run/dockerd.pid",
        "containerd": str(lower),
        "hosts": [f"unix://{place / 'docker.sock'}"],
        "runtimes": declared,
        "ipv6": False,
    }


def _client(daemon_program: str) -> Path:
    """The packaged client: another one on PATH may be of another version."""
    packaged = Path(daemon_program).parent.parent / "bin" / "docker"
    return packaged if packaged.is_file() else Path(proc.need("docker", "docker.io"))


@contextmanager
def docker(lower: Containerd, known: Mapping[str, Runtime]) -> Iterator[Docker]:
    """Start dockerd upon a running containerd; its containers end with the enclosure."""
    program = proc.need("dockerd", "docker.io")
    proc.need("iptables", "iptables")
    inside = lower.inside
    # The client's own configuration: empty, whatever the user's says.
    (inside.place / "docker-config").mkdir()
    (inside.place / "docker-config" / "config.json").write_text("{}\n")
    config = inside.place / "daemon.json"
    config.write_text(json.dumps(configuration(inside.place, lower.socket, known), indent=1))
    engine = Docker(inside, inside.place / "docker.sock", _client(program))
    with daemon(inside, [program, "--config-file", config], engine.argv("version")):
        yield engine
