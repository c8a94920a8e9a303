# SPDX-License-Identifier: GPL-2.0-only
"""Anonymous network namespaces (network_namespaces(7)), held by a descriptor only."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

from artifact.errors import Unavailable

CLONE_NEWNET = 0x40000000
THREAD_NETNS = "/proc/thread-self/ns/net"

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, call: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")


def _current() -> int:
    return os.open(THREAD_NETNS, os.O_RDONLY | os.O_CLOEXEC)


class Namespace:
    """A network namespace that lives as long as its descriptor is open."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        """The descriptor that holds the namespace, for netlink's net_ns_fd."""
        return self._descriptor

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Put the calling thread, and no other, into the namespace.

        Sockets opened and programs started meanwhile belong to it. A program started here
        gets its death signal when this thread ends, so start it from a thread that stays.
        """
        back = _current()
        try:
            _checked(_libc.setns(self._descriptor, CLONE_NEWNET), "setns")
            try:
                yield
            finally:
                _checked(_libc.setns(back, CLONE_NEWNET), "setns")
        finally:
            os.close(back)

    def sysctl(self, key: str, value: int | str) -> None:
        """Give a network setting, in the notation of the sysctl command, another value."""
        with self.entered(), open("/proc/sys/" + key.replace(".", "/"), "w") as file:
            file.write(str(value))

    def read_sysctl(self, key: str) -> str:
        """Value of a network sysctl in this namespace."""
        with self.entered(), open("/proc/sys/" + key.replace(".", "/")) as file:
            return file.read().strip()


@contextmanager
def namespace() -> Iterator[Namespace]:
    """A new, empty network namespace; Unavailable without the right to make one."""
    back = _current()
    try:
        try:
            _checked(_libc.unshare(CLONE_NEWNET), "unshare")
        except PermissionError as error:
            raise Unavailable("a network namespace needs root", "run as root") from error
        try:
            made = _current()
        finally:
            _checked(_libc.setns(back, CLONE_NEWNET), "setns")
    finally:
        os.close(back)
    try:
        yield Namespace(made)
    finally:
        os.close(made)
