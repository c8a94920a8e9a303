# SPDX-License-Identifier: GPL-2.0-only
"""`invoke engines`: docker, podman and containerd for a while, or for one command."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from artifact import proc, ui
from artifact.engines import images, runtimes
from artifact.engines.containerd import Containerd, containerd
from artifact.engines.docker import Docker, docker
from artifact.engines.enclosure import Enclosure, enclosure, with_env
from artifact.engines.podman import Podman, podman
from artifact.errors import Unavailable

IMAGES = ("hello", "busybox")


@dataclass
class Engines:
    """What was started; an engine whose packages are absent is None, with its reason."""

    inside: Enclosure
    containerd: Containerd | None
    docker: Docker | None
    podman: Podman | None
    absent: tuple[str, ...]

    @property
    def all(self) -> list[Containerd | Docker | Podman]:
        """Those that are here."""
        return [engine for engine in (self.containerd, self.docker, self.podman) if engine]

    @property
    def env(self) -> dict[str, str]:
        """Variables by which clients find their engine, inside."""
        return {
            **({"CONTAINERD_ADDRESS": str(self.containerd.socket)} if self.containerd else {}),
            **(self.docker.env if self.docker else {}),
            **(self.podman.env if self.podman else {}),
        }


@contextmanager
def started() -> Iterator[Engines]:
    """All engines whose packages are here; Unavailable when there is none."""
    known, _ = runtimes.present()
    with enclosure() as inside, ExitStack() as held:
        absent: list[str] = []
        engines = Engines(inside, None, None, None, ())
        try:
            engines.containerd = held.enter_context(containerd(inside))
            engines.docker = held.enter_context(docker(engines.containerd, known))
        except Unavailable as reason:
            absent.append(str(reason))
        try:
            engines.podman = held.enter_context(podman(inside, known))
        except Unavailable as reason:
            absent.append(str(reason))
        if not engines.all:
            raise Unavailable("; ".join(absent))
        engines.absent = tuple(absent)
        yield engines


def _load(engines: Engines, names: Sequence[str]) -> list[str]:
    loaded = [images.recipe(name) for name in names]
    for image in loaded:
        for engine in engines.all:
            engine.load(image.file)
    return [image.name for image in loaded]


def _explain(engines: Engines, loaded: Sequence[str]) -> None:
    known, lacking = runtimes.present()
    enter = with_env(engines.inside, engines.env).write_enter()
    for reason in engines.absent:
        ui.say(f"not started: {reason}")
    ui.say(f"runtimes: {', '.join(known)}")
    for name, reason in lacking.items():
        ui.say(f"  without {name}: {reason}")
    ui.say(f"images: {', '.join(loaded)}")
    ui.say("from another terminal:")
    if engines.docker:
        words = engines.docker.argv("run", "--rm", "--runtime=NAME", loaded[0])
        ui.say("  " + " ".join(words))
    ui.say(
        f"  {enter} COMMAND    COMMAND among them: docker, podman, ctr, curl of a published port"
    )
    ui.say("Ctrl-C stops everything")


def _wait() -> None:
    """Until Ctrl-C."""
    while True:
        signal.pause()


def _one(engines: Engines, command: str) -> int:
    """Run a shell command inside, in our working directory; its exit code."""
    chosen = with_env(engines.inside, {**engines.env, "PATH": _path(engines)})
    argv = chosen.argv("env", "-C", os.getcwd(), "sh", "-c", command)
    # In a process group of its own it may not read the terminal.
    stdin = subprocess.DEVNULL if sys.stdin.isatty() else sys.stdin.fileno()
    with proc.spawn(argv, env=chosen.env, stdin=stdin, stdout=1, stderr=2) as child:
        return child.wait()


def _path(engines: Engines) -> str:
    """The packaged docker first: a newer one on PATH may not suit the daemon."""
    path = os.environ.get("PATH", "")
    return f"{engines.docker.client.parent}:{path}" if engines.docker else path


def run(command: str = "", names: Sequence[str] = ()) -> int:
    """Start the engines; wait for Ctrl-C, or run one shell command. The exit code."""
    with started() as engines:
        loaded = _load(engines, names or IMAGES)
        if command:
            sys.stdout.flush()
            return _one(engines, command)
        _explain(engines, loaded)
        try:
            _wait()
        except KeyboardInterrupt:
            ui.say("stopping")
    return 0
