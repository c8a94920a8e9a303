# SPDX-License-Identifier: GPL-2.0-only
"""The line on which we drive the clock of a DUT process: its standard input, a socket.

Its other end is artifact/csrc/duts/driven.h: nanoseconds go out, an octet comes back when they
have passed in the DUT.
"""

from __future__ import annotations

import socket
import struct
from contextlib import ExitStack

from artifact.conformance.clock import DrivenClock
from artifact.net.link import LinkDown

PATIENCE_S = 60.0  # of the host's time, for a step that takes the DUT some microseconds


class ClockLine:
    """Our end; `theirs` becomes the standard input of the process."""

    def __init__(self, held: ExitStack) -> None:
        self._ours, self.theirs = socket.socketpair()
        held.callback(self._ours.close)
        held.callback(self.theirs.close)
        self._ours.settimeout(PATIENCE_S)
        self.clock = DrivenClock(self._advance)

    def hand_over(self) -> None:
        """The process has its own copy: when it ends, the line is down."""
        self.theirs.close()

    def _advance(self, seconds: float) -> None:
        try:
            self._ours.sendall(struct.pack("=Q", round(seconds * 1e9)))
            answer = self._ours.recv(1)
        except OSError as error:
            raise LinkDown(f"the DUT's clock does not answer: {error}") from error
        if not answer:
            raise LinkDown("the DUT's clock has stopped: its process has ended")
