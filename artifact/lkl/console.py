# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's console: what it prints, line by line.

The kernel writes into a pipe that never blocks it; a thread of ours takes the text out. Only
the last lines are kept, so that a chatty kernel fills no memory.
"""

import contextlib
import fcntl
import os
import threading
import time
from collections import deque
from collections.abc import Iterator

KEPT_LINES = 20_000
PIPE_OCTETS = 1 << 20


class Console:
    """Lines of the console, without their ends.

    >>> for line in k.console:  # ends when the kernel has been halted
    ...     print(line)
    >>> k.console.wait_for("eth0", timeout=5)
    """

    def __init__(self) -> None:
        self._reader, self.descriptor = os.pipe()
        os.set_blocking(self.descriptor, False)
        with contextlib.suppress(PermissionError):  # above the user's limit: the default will do
            fcntl.fcntl(self.descriptor, fcntl.F_SETPIPE_SZ, PIPE_OCTETS)
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._seen = 0  # lines ever, also those not kept any more
        self._ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._take, name="lkl-console", daemon=True)
        self._thread.start()

    def _take(self) -> None:
        with open(self._reader, errors="replace", newline="\n") as source:
            for line in source:
                with self._changed:
                    self._lines.append(line.rstrip("\r\n"))
                    self._seen += 1
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def close(self) -> None:
        """No more text will come: the kernel has been halted."""
        os.close(self.descriptor)
        self._thread.join()

    @property
    def lines(self) -> list[str]:
        """The lines so far."""
        with self._changed:
            return list(self._lines)

    @property
    def text(self) -> str:
        """The same as one text."""
        return "\n".join(self.lines)

    def _next(self, position: int, deadline: float | None) -> tuple[int, str] | None:
        """The line at this place (or the first that is kept) and the place after it."""
        with self._changed:
            while self._seen <= position:
                left = None if deadline is None else deadline - time.monotonic()
                if self._ended or (left is not None and left <= 0):
                    return None
                self._changed.wait(left)
            first = self._seen - len(self._lines)
            place = max(position, first)
            return place + 1, self._lines[place - first]

    def __iter__(self) -> Iterator[str]:
        position = 0
        while (found := self._next(position, None)) is not None:
            position, line = found
            yield line

    def wait_for(self, text: str, timeout: float = 10.0) -> str:
        """The first line that has `text` in it; TimeoutError after `timeout` s without one."""
        deadline = time.monotonic() + timeout
        position = 0
        while (found := self._next(position, deadline)) is not None:
            position, line = found
            if text in line:
                return line
        raise TimeoutError(f"{text!r} was not on the console")
