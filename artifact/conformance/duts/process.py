# SPDX-License-Identifier: GPL-2.0-only
"""A DUT that is a process of its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, Popen
from typing import IO

from artifact import proc
from artifact.conformance.duts.base import Dut
from artifact.errors import ArtifactError

READY = b"ready "  # how the line begins that our mains print once their stack can be reached
READY_S = 60.0
LAST_LINES = 3


class Voice:
    """Reads what a process says until it ends: to the log, and for the line that it is ready."""

    def __init__(self, stream: IO[bytes], log: Path | None) -> None:
        self._stream, self._log = stream, log
        self._heard = threading.Event()  # ready, or silent for good
        self._version: str | None = None
        self._last: list[str] = []
        self._thread = threading.Thread(target=self._listen, name="dut-voice", daemon=True)
        self._thread.start()

    def version(self, seconds: float) -> str:
        """What the process is, once it is ready; ArtifactError when it does not get that far."""
        in_time = self._heard.wait(seconds)
        if self._version is not None:
            return self._version
        said = " | ".join(self._last) or "nothing"
        how = "ended before it was ready" if in_time else f"was not ready within {seconds:.0f} s"
        raise ArtifactError(f"the stack {how}; it said: {said}", f"its log: {self._log}")

    def close(self) -> None:
        """Wait until all was read; the process has been stopped."""
        self._thread.join(1.0)

    def _listen(self) -> None:
        with open(self._log or "/dev/null", "ab", buffering=0) as log:
            for line in self._stream:
                log.write(line)
                if READY in line and self._version is None:
                    after = line[line.index(READY) + len(READY) :]
                    self._version = after.decode(errors="replace").strip()
                    self._heard.set()
                self._last = [*self._last, line.decode(errors="replace").strip()][-LAST_LINES:]
        self._heard.set()


@dataclass
class ProcessDut(Dut):
    """It ends with us, by whatever death, and the bench sees when it ends by itself."""

    child: Popen[bytes] | None = None

    def launch(
        self,
        held: ExitStack,
        argv: Sequence[str | Path],
        frames: Sequence[int] = (),
        patience: float | None = READY_S,
        stdin: int = DEVNULL,
    ) -> str:
        """Start the program with the descriptors its frames come and go on; its version.

        Returns when the program says that the stack can be reached; at once with no `patience`.
        """
        if self.log is not None:
            self.log.parent.mkdir(parents=True, exist_ok=True)
        # 2>&1: what it says before an early end is the reason that is shown
        started = proc.spawn(
            argv, log=self.log, stdin=stdin, stdout=PIPE, stderr=STDOUT, pass_fds=frames
        )
        self.child = held.enter_context(started)
        assert self.child.stdout is not None
        voice = Voice(self.child.stdout, self.log)
        held.callback(voice.close)
        held.callback(proc.stop, self.child)
        return "" if patience is None else voice.version(patience)

    def running(self) -> bool:
        """Whether the process is still there."""
        return self.child is not None and self.child.poll() is None

    def epitaph(self) -> str:
        """The exit code or the signal of the process."""
        code = None if self.child is None else self.child.poll()
        if code is None:
            return " (its process is still there)"
        return f" ({signal.Signals(-code).name})" if code < 0 else f" (exit code {code})"
