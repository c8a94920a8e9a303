# SPDX-License-Identifier: GPL-2.0-only
"""System calls of the running kernel, and what waits for them."""

import math
import select
import time
from typing import Any

from artifact.lkl.errors import KernelError
from artifact.lkl.library import Argument, Library, checked, is_gone

# Python handles Ctrl-C only between calls: a long wait comes back this often (seconds).
SLICE = 0.2


class Calls:
    """The system call interface of one kernel, usable from any thread."""

    def __init__(self, library: Library, *, virtual_time: bool) -> None:
        self.library = library
        self.virtual_time = virtual_time
        self.running = False

    def raw(self, call: str | int, *args: Argument) -> int:
        """Result or negative errno; KernelError when no kernel runs."""
        if not self.running:
            raise _not_running()
        result = self.library.invoke(call, args)
        # Few calls have this errno of their own (a socket that was shut down).
        if is_gone(result) and is_gone(self.library.invoke("getpid", ())):
            self.running = False
            raise _not_running()
        return result

    def __call__(self, call: str | int, *args: Argument) -> int:
        """Result; OSError with the kernel's errno, KernelError when no kernel runs."""
        return checked(self.raw(call, *args), str(call))

    def new(self, declaration: str, *init: Any) -> Any:
        """Zeroed memory for a system call, `new("struct stat *")`; an argument for calls."""
        return self.library.ffi.new(declaration, *init)

    def sleep(self, seconds: float) -> None:
        """Sleep in the kernel, by its clock."""
        whole, rest = divmod(round(seconds * 1_000_000_000), 1_000_000_000)
        self("nanosleep", self.new("struct timespec *", (whole, rest)), None)

    def wait(self, descriptor: int, events: int, timeout: float | None) -> bool:
        """Wait until the descriptor is ready for poll(2) `events`; False after `timeout` s.

        Ctrl-C and other Python signal handlers run meanwhile. With virtual time the wait is
        one call: many short ones would be jumped over by the clock one by one.
        """
        entry = self.new("struct pollfd[1]", [(descriptor, events, 0)])
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if self("poll", entry, 1, self._milliseconds(timeout, left)):
                return True
            if self.virtual_time or (left is not None and left <= SLICE):
                return False

    def _milliseconds(self, timeout: float | None, left: float | None) -> int:
        if self.virtual_time:
            return -1 if timeout is None else math.ceil(timeout * 1000)
        return math.ceil((SLICE if left is None else min(SLICE, left)) * 1000)

    def wait_readable(self, descriptor: int, timeout: float | None) -> bool:
        """See wait()."""
        return self.wait(descriptor, select.POLLIN, timeout)

    def wait_writable(self, descriptor: int, timeout: float | None) -> bool:
        """See wait()."""
        return self.wait(descriptor, select.POLLOUT, timeout)


def _not_running() -> KernelError:
    return KernelError("no kernel runs: it has been halted or was never started", _REMEDY)


_REMEDY = "use it inside `with Kernel() as k:`, in a new process after a halt"
