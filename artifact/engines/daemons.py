# SPDX-License-Identifier: GPL-2.0-only
"""Start a daemon inside an enclosure and wait until it answers."""

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from artifact import proc
from artifact.engines.enclosure import Enclosure
from artifact.errors import ArtifactError

READY_S = 60.0
ASK_EVERY_S = 0.1


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "no output"


def _wait(name: str, child: "subprocess.Popen[bytes]", log: Path, ask: Sequence[str]) -> None:
    limit = time.monotonic() + READY_S
    while proc.run(ask, check=False, timeout=READY_S).returncode != 0:
        if child.poll() is not None:
            raise ArtifactError(f"{name} ended: {_last_line(log)}", f"full log: {log}")
        if time.monotonic() > limit:
            raise ArtifactError(f"{name} does not answer: {_last_line(log)}", f"full log: {log}")
        time.sleep(ASK_EVERY_S)


@contextmanager
def daemon(
    inside: Enclosure, argv: Sequence[str | Path], ask: Sequence[str]
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `argv` inside; ready when `ask`, a command, succeeds. ArtifactError has its last line."""
    name = Path(str(argv[0])).name
    log = inside.place / f"{name}.log"
    with proc.spawn(inside.argv(*argv), log=log, env=inside.env) as child:
        _wait(name, child, log, ask)
        yield child
