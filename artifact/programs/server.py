# SPDX-License-Identifier: GPL-2.0-only
"""A server of an image, run under a launcher until the caller is done with it."""

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from subprocess import Popen

from artifact import proc
from artifact.errors import ArtifactError
from artifact.net.netns import Namespace

READY_TIMEOUT_S = 20.0
POLL_S = 0.02


@contextmanager
def running(
    argv: Sequence[str], address: tuple[str, int], log: Path, where: Namespace | None = None
) -> Iterator[Popen[bytes]]:
    """Start `argv` and wait until it accepts connections at `address`; stop it on leaving.

    where: the network namespace it is started in, when that is not the caller's.
    """
    log.unlink(missing_ok=True)
    with ExitStack() as stack:
        # A child belongs to the namespace its parent's thread is in when it starts.
        with where.entered() if where else nullcontext():
            server = stack.enter_context(proc.spawn(argv, log=log))
        limit = time.monotonic() + READY_TIMEOUT_S
        while not accepts(address):
            if server.poll() is not None:
                raise ArtifactError(
                    f"the server ended with exit code {server.returncode}", f"its log: {log}"
                )
            if time.monotonic() > limit:
                raise ArtifactError(
                    f"nothing listens at {address[0]} port {address[1]}", f"its log: {log}"
                )
            time.sleep(POLL_S)
        yield server


def accepts(address: tuple[str, int]) -> bool:
    """Whether something listens there."""
    try:
        socket.create_connection(address, timeout=1.0).close()
    except OSError:
        return False
    return True
