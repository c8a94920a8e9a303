# SPDX-License-Identifier: GPL-2.0-only
"""Sizes of memory, as people write them."""

import re

from artifact.lkl.errors import KernelError

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_SIZE = re.compile(r"(\d+)([KMG]?)(?:i?B)?", re.IGNORECASE)


def octets(size: int | str) -> int:
    """A size in octets: 67108864, "64M", "64MiB" and "64mb" are all the same.

    Units are powers of 1024. KernelError when it is no size, or nothing at all.
    """
    text = str(size).strip()
    match = _SIZE.fullmatch(text)
    if match is None:
        raise KernelError(f"{text!r} is not a size of memory", 'write it like "64M"')
    value = int(match[1]) * _UNITS[match[2].upper()]
    if value == 0:
        raise KernelError("a kernel needs some memory", 'write it like "64M"')
    return value
