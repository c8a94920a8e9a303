# SPDX-License-Identifier: GPL-2.0-only
"""The C library, and the one place where Python values become words of a system call."""

import errno
import functools
import os
from types import ModuleType
from typing import Any

from artifact.lkl import builder
from artifact.lkl.errors import KernelError

# What a system call may be given: words, buffers, text, a null pointer, or memory from new().
Argument = int | bytes | bytearray | memoryview | str | os.PathLike[str] | None | Any

_WORDS = 6
_WRAP = 1 << 64
_LARGEST = (1 << 63) - 1


class Library:
    """liblkl.so of this process. Get it with `library()`."""

    def __init__(self, module: ModuleType) -> None:
        self.ffi: Any = module.ffi
        self.lib: Any = module.lib
        self.numbers = self._read_numbers()

    def _read_numbers(self) -> dict[str, int]:
        rows = (self.lib.uk_calls[i] for i in range(self.lib.uk_call_count))
        return {self.ffi.string(row.name).decode(): row.number for row in rows}

    def number(self, call: str | int) -> int:
        """The number of a system call; KernelError when there is none of that name."""
        if isinstance(call, int):
            return call
        try:
            return self.numbers[call]
        except KeyError:
            raise KernelError(f"there is no system call {call!r}", "see syscalls(2)") from None

    def word(self, value: Argument, keep: list[Any]) -> int:
        """A value as the machine word a system call gets; `keep` holds what it points to."""
        if value is None:
            return 0
        if isinstance(value, int):
            return value - _WRAP if value > _LARGEST else value
        if isinstance(value, str | os.PathLike):
            value = os.fsencode(value)
            if b"\0" in value:
                raise ValueError("embedded null character")
        if isinstance(value, bytes | bytearray | memoryview):
            value = self.ffi.from_buffer(value)
        keep.append(value)
        return int(self.ffi.cast("long", value))

    def invoke(self, call: str | int, args: tuple[Argument, ...]) -> int:
        """One system call: its result, or a negative errno. Other Python threads go on."""
        if len(args) > _WORDS:
            raise TypeError(f"a system call has at most {_WORDS} arguments, not {len(args)}")
        keep: list[Any] = []
        words = [self.word(value, keep) for value in args]
        words += [0] * (_WORDS - len(words))
        return int(self.lib.lkl_syscall(self.number(call), words))

    @property
    def version(self) -> str:
        """The kernel's release, for example "6.12.117"."""
        return str(self.ffi.string(self.lib.lkl_version()).decode())


def checked(result: int, what: str) -> int:
    """The result, or OSError for a negative errno."""
    if result < 0:
        raise OSError(-result, f"{what}: {os.strerror(-result)}")
    return result


def is_gone(result: int) -> bool:
    """Is this how the library says that no kernel runs?"""
    return result == -errno.ESHUTDOWN


@functools.cache
def library() -> Library:
    """The library, compiled and loaded at the first use (a second or two, once)."""
    return Library(builder.load())
