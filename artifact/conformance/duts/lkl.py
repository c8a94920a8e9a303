# SPDX-License-Identifier: GPL-2.0-only
"""The library kernel in a process of its own, reached over a datagram socket: no root."""

from __future__ import annotations

import os
import select
import time
from contextlib import ExitStack
from pathlib import Path
from subprocess import PIPE, Popen

from artifact import proc
from artifact.conformance.duts.base import DutInfo
from artifact.conformance.duts.compile import compiled
from artifact.conformance.duts.linux import DUT_MAC
from artifact.conformance.duts.process import ProcessDut
from artifact.errors import ArtifactError
from artifact.net.link import Link, datagram_pair
from artifact.paths import CSRC, lkl_prefix

SOURCE = CSRC / "duts" / "lkl.c"
READY_S = 30.0


class Lkl(ProcessDut):
    """One library kernel per instance; the program says its version when it can be reached."""

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
        program = compiled(SOURCE, flags, prefix / "include" / "lkl.h")
        argv: list[str | Path] = [program, str(end.fileno())]
        argv += [template.mac, place, template.gateway]
        with end:
            child = self.launch(held, argv, end.fileno(), stdout=PIPE)
        version = _first_line(child)
        return DutInfo(self.NAME, version, self.OBTAINED, DUT_MAC), link


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
