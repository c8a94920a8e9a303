# SPDX-License-Identifier: GPL-2.0-only
"""`docker run --runtime=X`: the paper's own series, with a docker of our own (artifact/engines).

The client is timed, from its start until it has ended: what a user waits for. The daemon was
started before, the image is loaded, the network is docker's bridge.
"""

from contextlib import ExitStack
from pathlib import Path

from artifact import proc
from artifact.engines import images, runtimes
from artifact.engines.containerd import containerd
from artifact.engines.docker import Docker, docker
from artifact.engines.enclosure import enclosure
from artifact.errors import ArtifactError
from artifact.systems.base import Facts, Image, Start


class SharedDocker:
    """One daemon for all systems that need one; started at first use."""

    def __init__(self, held: ExitStack) -> None:
        """`held` stops it."""
        self._held = held
        self._running: Docker | None = None
        self._refused: ArtifactError | None = None
        self._loaded: dict[Path, str] = {}

    def engine(self) -> Docker:
        """The daemon; one that cannot be started here is not tried again: the same reason."""
        if self._refused is not None:
            raise self._refused
        if self._running is None:
            try:
                self._running = self._start()
            except ArtifactError as error:
                self._refused = error
                raise
        return self._running

    def _start(self) -> Docker:
        known, _ = runtimes.present()
        with ExitStack() as tried:
            inside = tried.enter_context(enclosure())
            lower = tried.enter_context(containerd(inside))
            running = tried.enter_context(docker(lower, known))
            self._held.push(tried.pop_all())
        return running

    def image(self, image: Image) -> str:
        """The name of an image, loaded first if this daemon does not have it."""
        if image.root not in self._loaded:
            archive = images.of_image(image)
            self.engine().load(archive.file)
            self._loaded[image.root] = archive.name
        return self._loaded[image.root]


class DockerRun:
    """`docker run` with one runtime."""

    def __init__(self, name: str, runtime: str, shared: SharedDocker) -> None:
        """`runtime`: its name in the daemon's configuration."""
        self.name = name
        self._runtime = runtime
        self._shared = shared

    def check(self) -> Facts:
        """Versions of daemon and client."""
        runtimes.find(self._runtime)
        engine = self._shared.engine()
        words = "{{.Server.Version}} {{.Client.Version}}"
        server, client = proc.run(engine.argv("version", "--format", words)).stdout.split()
        return {"server": server, "client": client, "runtime": self._runtime}

    def prepare(self, image: Image, place: Path, ident: str, nonce: str) -> Start:  # noqa: ARG002
        """Have the image loaded."""
        engine = self._shared.engine()
        name = self._shared.image(image)
        how = ("run", "--rm", "--name", ident, "--runtime", self._runtime)
        return Start(tuple(engine.argv(*how, name, *image.argv, nonce)))

    def clean(self, place: Path, ident: str) -> None:  # noqa: ARG002
        """Remove the container of a start that failed."""
        engine = self._shared.engine()
        proc.run(engine.argv("rm", "--force", ident), check=False, timeout=30)
