# SPDX-License-Identifier: GPL-2.0-only
"""Kernel parameters: /proc/sys as a mapping."""

from artifact.lkl.paths import PathCalls


def path_of(key: str) -> str:
    """The file of a parameter, by the rule of sysctl(8): a key with slashes is taken as it is.

    That way an interface's name may have dots: "net/ipv4/conf/eth0.5/forwarding".
    """
    if not key or key.startswith(("/", ".")) or ".." in key:
        raise ValueError(f"{key!r} is not the name of a kernel parameter")
    return "/proc/sys/" + (key if "/" in key else key.replace(".", "/"))


class Sysctl:
    """Reads give text without its end of line; OSError (ENOENT) for an unknown name.

    >>> k.sysctl["net.ipv4.ip_forward"] = 1
    >>> k.sysctl["net.ipv4.ip_forward"]
    '1'
    """

    def __init__(self, tree: PathCalls) -> None:
        self._tree = tree

    def __getitem__(self, key: str) -> str:
        return self._tree.read_text(path_of(key)).strip()

    def __setitem__(self, key: str, value: str | int) -> None:
        # Unbuffered: one write(2), whose error is the kernel's verdict on the value.
        with self._tree.open(path_of(key), "r+b", buffering=0) as file:
            file.write(f"{value}\n".encode())
