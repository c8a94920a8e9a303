# SPDX-License-Identifier: GPL-2.0-only
"""A DUT that is a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import IO

from artifact import proc
from artifact.conformance.duts.base import Dut


@dataclass
class ProcessDut(Dut):
    """It ends with us, by whatever death, and the bench sees when it ends by itself."""

    child: Popen[bytes] | None = None

    def launch(
        self,
        held: ExitStack,
        argv: Sequence[str | Path],
        frames: int,
        stdout: int | IO[bytes] | None = None,
    ) -> Popen[bytes]:
        """Start the program with the descriptor that its frames come and go on."""
        started = proc.spawn(argv, log=self.log, stdout=stdout, pass_fds=[frames])
        self.child = held.enter_context(started)
        return self.child

    def running(self) -> bool:
        """Whether the process is still there."""
        return self.child is not None and self.child.poll() is None
