# SPDX-License-Identifier: GPL-2.0-only
"""Files of the library kernel as Python file objects: RawFile, and open() around it."""

import io
import os
from typing import Any

from artifact.lkl.calls import Calls

_FLAGS = {
    "r": os.O_RDONLY,
    "w": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
    "a": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
    "x": os.O_WRONLY | os.O_CREAT | os.O_EXCL,
}
CREATE_MODE = 0o666
AT_FDCWD = -100


class RawFile(io.RawIOBase):
    """An open file of the library kernel; the descriptor `fd` is the kernel's, not the host's.

    Everything that works on a raw binary file works on it: io.BufferedReader,
    io.TextIOWrapper, shutil.copyfileobj, ...
    """

    def __init__(self, calls: Calls, fd: int, name: str, flags: int) -> None:
        self._calls = calls
        self.fd = fd
        self.name = name
        self._access = flags & os.O_ACCMODE

    def readable(self) -> bool:
        """Was it opened for reading?"""
        return self._access in (os.O_RDONLY, os.O_RDWR)

    def writable(self) -> bool:
        """Was it opened for writing?"""
        return self._access in (os.O_WRONLY, os.O_RDWR)

    def seekable(self) -> bool:
        """Can it seek? Pipes, sockets and terminals cannot."""
        return self._calls.raw("lseek", self.fd, 0, os.SEEK_CUR) >= 0

    def readinto(self, buffer: Any) -> int:
        """Read once: octets read, 0 at the end."""
        if not self.readable():
            raise io.UnsupportedOperation("not readable")
        return self._calls("read", self.fd, memoryview(buffer), len(buffer))

    def write(self, data: Any) -> int:
        """Write once: octets written."""
        if not self.writable():
            raise io.UnsupportedOperation("not writable")
        view = memoryview(data).cast("B")
        return self._calls("write", self.fd, view, len(view))

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """New position, in octets from the beginning."""
        return self._calls("lseek", self.fd, offset, whence)

    def truncate(self, size: int | None = None) -> int:
        """Set the size; by default to the present position."""
        wanted = self.tell() if size is None else size
        self._calls("ftruncate", self.fd, wanted)
        return wanted

    def fsync(self) -> None:
        """Write everything to the disk (fsync(2))."""
        self._calls("fsync", self.fd)

    def fileno(self) -> int:
        """None: a number here would be taken for a descriptor of the host. Use `fd`."""
        raise io.UnsupportedOperation("a file of the library kernel; its descriptor is .fd")

    def close(self) -> None:
        """Close it; once more does nothing, nor does it after the kernel's halt."""
        if self.closed:
            return
        try:
            super().close()
        finally:
            if self._calls.running:
                self._calls("close", self.fd)


def flags_of(mode: str) -> int:
    """open(2) flags of a mode string such as "r", "wb" or "x+"."""
    kinds = [letter for letter in mode if letter in _FLAGS]
    rest = set(mode) - set("rwaxbt+")
    if len(kinds) != 1 or rest or len(set(mode)) != len(mode) or {"b", "t"} <= set(mode):
        raise ValueError(f"invalid mode: {mode!r}")
    flags = _FLAGS[kinds[0]] | os.O_CLOEXEC
    return (flags & ~os.O_ACCMODE) | os.O_RDWR if "+" in mode else flags


def _buffered(raw: RawFile, mode: str) -> Any:
    if "+" in mode and raw.seekable():
        return io.BufferedRandom(raw)
    return io.BufferedReader(raw) if raw.readable() else io.BufferedWriter(raw)


def open_file(
    calls: Calls,
    path: str | os.PathLike[str],
    mode: str,
    buffering: int,
    encoding: str | None,
) -> Any:
    """The same rules as the builtin open(): text unless "b", raw with buffering=0."""
    if buffering == 0 and "b" not in mode:
        raise ValueError("can't have unbuffered text I/O")
    flags = flags_of(mode)
    name = os.fsdecode(path)
    result = calls.raw("openat", AT_FDCWD, path, flags, CREATE_MODE)
    if result < 0:
        raise OSError(-result, os.strerror(-result), name)
    raw = RawFile(calls, result, name, flags)
    if buffering == 0:
        return raw
    buffered = _buffered(raw, mode)
    if "b" in mode:
        return buffered
    return io.TextIOWrapper(buffered, encoding=encoding or "utf-8")
