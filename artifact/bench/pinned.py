# SPDX-License-Identifier: GPL-2.0-only
"""Which processor client and server get: sched_setaffinity(2), inherited by what is started."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

CROSS = "cross"
SAME = "same"


@contextmanager
def on(core: int | None) -> Iterator[None]:
    """Keep this thread, and programs started meanwhile, on one processor; None: on any."""
    before = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cores(pinning: str) -> tuple[int, int] | None:
    """Processors of client and server: two ("cross") or one ("same").

    None on a machine that gives us only one: there is nothing to choose.
    """
    ours = sorted(os.sched_getaffinity(0))
    if len(ours) < 2:
        return None
    return (ours[0], ours[1]) if pinning == CROSS else (ours[0], ours[0])
