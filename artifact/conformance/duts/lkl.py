# SPDX-License-Identifier: GPL-2.0-only
"""The library kernel in a process of its own, reached over a datagram socket: no root."""

from __future__ import annotations

import os
import select
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen

from artifact import proc
from artifact.conformance.duts.base import Dut, DutInfo
from artifact.conformance.duts.compile import compiled
from artifact.conformance.duts.linux import DUT_MAC
from artifact.errors import ArtifactError
from artifact.net.link import Link, datagram_pair
from artifact.paths import CSRC, lkl_prefix

SOURCE = CSRC / "duts" / "lkl.c"
READY_S = 30.0


@dataclass
class Lkl(Dut):
    """One library kernel per instance; the program says its version when it can be reached."""

    _child: Popen[bytes] | None = None

    NAME = "lkl"
    OBTAINED = "liblkl.so as `invoke build` makes it, in library mode"

    @classmethod
    def need(cls) -> None:
        """The library, and what compiles our main."""
        lkl_prefix()
        proc.need("cc", "gcc")

    def attach(self, held: ExitStack) -> tuple[DutInfo, Link]:
        """Start the program with its end of the link and wait for its first line."""
        link, end = datagram_pair()
        held.callback(link.close)
        template = DutInfo(self.NAME, "", self.OBTAINED, DUT_MAC)
        place = f"{template.address}/{template.prefix}"
        prefix = lkl_prefix()
        flags = [f"-I{prefix}/include", f"-L{prefix}/lib", f"-Wl,-rpath,{prefix}/lib", "-llkl"]
        argv: list[str | Path] = [compiled(SOURCE, flags), str(end.fileno())]
        argv += [template.mac, place, template.gateway]
        with end:
            child = held.enter_context(
                proc.spawn(argv, log=self.log, stdout=PIPE, pass_fds=[end.fileno()])
            )
        self._child = child
        version = _first_line(child)
        return DutInfo(self.NAME, version, self.OBTAINED, DUT_MAC), link

    def running(self) -> bool:
        """Whether the process is still there."""
        return self._child is not None and self._child.poll() is None


def _first_line(child: Popen[bytes]) -> str:
    """What the program prints once its stack is up."""
    assert child.stdout is not None
    deadline, text = time.monotonic() + READY_S, b""
    while not text.endswith(b"\n"):
        left = deadline - time.monotonic()
        ready, _, _ = select.select([child.stdout], [], [], max(0.0, left))
        piece = os.read(child.stdout.fileno(), 4096) if ready else b""
        if not piece:
            raise ArtifactError("the library kernel did not come up", "see the DUT's log")
        text += piece
    return text.decode(errors="replace").strip()
