# SPDX-License-Identifier: GPL-2.0-only
"""containerd inside an enclosure, driven by its own client `ctr`.

Source: containerd-config.toml(5), ctr(8).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from artifact import proc
from artifact.engines.daemons import daemon
from artifact.engines.enclosure import Enclosure

SHIM = "io.containerd.runc.v2"
# Only what runc-like runtimes need: the rest looks for file systems and networks of its own.
CONFIG = """
version = 2
root = "{place}/containerd/root"
state = "{place}/containerd/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
address = "{socket}"
"""


@dataclass(frozen=True)
class Containerd:
    """A running containerd."""

    inside: Enclosure
    socket: Path
    name: str = "containerd"

    def argv(self, *words: str | Path) -> list[str]:
        """A command of its client; it runs inside, as it mounts what it runs."""
        ctr = proc.need("ctr", "containerd")
        return self.inside.argv(ctr, "--address", self.socket, *words)

    def load(self, archive: Path) -> None:
        """Take an image from an archive."""
        proc.run(self.argv("images", "import", archive), timeout=300)

    def runtime(self, program: Path) -> Sequence[str]:
        """Options of `ctr run` for a runtime with runc's command line."""
        return ("--runtime", SHIM, "--runc-binary", str(program))


@contextmanager
def containerd(inside: Enclosure) -> Iterator[Containerd]:
    """Start it; it ends with its containers when the enclosure does."""
    program = proc.need("containerd", "containerd")
    # Sockets of shims lie below /run, which is the enclosure's own.
    place = inside.place
    socket = place / "containerd.sock"
    config = place / "containerd.toml"
    config.write_text(CONFIG.format(place=place, socket=socket))
    engine = Containerd(inside, socket)
    with daemon(inside, [program, "--config", config], engine.argv("version")):
        yield engine
