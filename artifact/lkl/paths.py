# SPDX-License-Identifier: GPL-2.0-only
"""The file tree of the library kernel: what the os module does for the host's."""

import os
import stat
from typing import IO, Any

from artifact.lkl.calls import Calls
from artifact.lkl.files import AT_FDCWD, open_file

Name = str | os.PathLike[str]

AT_SYMLINK_NOFOLLOW = 0x100
AT_REMOVEDIR = 0x200
_DIRECTORY_BUFFER = 32768
_NAME_OFFSET = 19  # of d_name in struct linux_dirent64, getdents(2)


def directory_names(buffer: bytes) -> list[str]:
    """Names in a getdents64(2) buffer, without "." and ".."."""
    names = []
    position = 0
    while position < len(buffer):
        length = int.from_bytes(buffer[position + 16 : position + 18], "little")
        entry = buffer[position + _NAME_OFFSET : position + length]
        names.append(os.fsdecode(entry.split(b"\0", 1)[0]))
        position += length
    return [name for name in names if name not in (".", "..")]


class PathCalls:
    """File operations by name. Each raises OSError with the kernel's errno."""

    _calls: Calls

    def _named(self, path: Name, call: str, *args: Any) -> int:
        result = self._calls.raw(call, *args)
        if result < 0:
            raise OSError(-result, os.strerror(-result), os.fsdecode(path))
        return result

    def open(
        self, path: Name, mode: str = "r", buffering: int = -1, encoding: str | None = None
    ) -> IO[Any]:
        """Open a file of the library kernel, by the rules of the builtin function.

        >>> with k.open("/proc/version") as file:
        ...     print(file.read())
        """
        file: IO[Any] = open_file(self._calls, path, mode, buffering, encoding)
        return file

    def read_text(self, path: Name) -> str:
        """A whole file as text."""
        with self.open(path) as file:
            return str(file.read())

    def read_bytes(self, path: Name) -> bytes:
        """A whole file."""
        with self.open(path, "rb") as file:
            return bytes(file.read())

    def write_text(self, path: Name, text: str) -> None:
        """Make or replace a file."""
        self.write_bytes(path, text.encode())

    def write_bytes(self, path: Name, data: bytes) -> None:
        """Make or replace a file."""
        with self.open(path, "wb") as file:
            file.write(data)

    def listdir(self, path: Name = "/") -> list[str]:
        """Names in a directory, in the kernel's order."""
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        fd = self._named(path, "openat", AT_FDCWD, path, flags, 0)
        names: list[str] = []
        buffer = bytearray(_DIRECTORY_BUFFER)
        try:
            while size := self._named(path, "getdents64", fd, buffer, len(buffer)):
                names += directory_names(bytes(buffer[:size]))
        finally:
            self._calls("close", fd)
        return names

    def stat(self, path: Name, *, follow_symlinks: bool = True) -> os.stat_result:
        """What is known about a file, as from os.stat()."""
        found = self._calls.new("struct stat *")
        flags = 0 if follow_symlinks else AT_SYMLINK_NOFOLLOW
        self._named(path, "newfstatat", AT_FDCWD, path, found, flags)
        times = (found.st_atim.tv_sec, found.st_mtim.tv_sec, found.st_ctim.tv_sec)
        return os.stat_result(
            (found.st_mode, found.st_ino, found.st_dev, found.st_nlink, found.st_uid,
             found.st_gid, found.st_size, *times)
        )  # fmt: skip

    def exists(self, path: Name) -> bool:
        """Is there such a file?"""
        try:
            self.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def is_dir(self, path: Name) -> bool:
        """Is there such a directory?"""
        return self.exists(path) and stat.S_ISDIR(self.stat(path).st_mode)

    def mkdir(self, path: Name, mode: int = 0o777, *, exist_ok: bool = False) -> None:
        """Make a directory."""
        try:
            self._named(path, "mkdirat", AT_FDCWD, path, mode)
        except FileExistsError:
            if not (exist_ok and self.is_dir(path)):
                raise

    def rmdir(self, path: Name) -> None:
        """Remove an empty directory."""
        self._named(path, "unlinkat", AT_FDCWD, path, AT_REMOVEDIR)

    def unlink(self, path: Name) -> None:
        """Remove a name of a file."""
        self._named(path, "unlinkat", AT_FDCWD, path, 0)

    def rename(self, path: Name, new: Name) -> None:
        """Give a file another name."""
        self._named(path, "renameat2", AT_FDCWD, path, AT_FDCWD, new, 0)

    def symlink(self, target: Name, path: Name) -> None:
        """Make `path` a symbolic link to `target`."""
        self._named(path, "symlinkat", target, AT_FDCWD, path)

    def readlink(self, path: Name) -> str:
        """Where a symbolic link leads."""
        buffer = bytearray(4096)
        size = self._named(path, "readlinkat", AT_FDCWD, path, buffer, len(buffer))
        return os.fsdecode(bytes(buffer[:size]))

    def chmod(self, path: Name, mode: int) -> None:
        """Change the permissions."""
        self._named(path, "fchmodat", AT_FDCWD, path, mode)

    def mknod(self, path: Name, mode: int, device: int = 0) -> None:
        """Make a device node or another special file; `device` from os.makedev()."""
        self._named(path, "mknodat", AT_FDCWD, path, mode, device)

    def mount(self, source: str, target: Name, kind: str, flags: int = 0, data: str = "") -> None:
        """Mount a file system.

        >>> k.mount("/dev/vda", "/mnt", "ext4")
        """
        self._named(target, "mount", source, target, kind, flags, data)

    def umount(self, target: Name, flags: int = 0) -> None:
        """Unmount a file system; EBUSY while it is in use."""
        self._named(target, "umount2", target, flags)

    def sync(self) -> None:
        """Write everything to the disks."""
        self._calls("sync")
