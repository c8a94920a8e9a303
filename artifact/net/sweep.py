# SPDX-License-Identifier: GPL-2.0-only
"""Remove what a killed process of ours may have left: named namespaces of dead owners.

Our own namespaces have no name and need none of this; the sweep is for namespaces that had to
be named `uk-<pid>-...` because some program takes nothing but a name.
"""

import os
import re
from pathlib import Path

NAMED = Path("/var/run/netns")
OURS = re.compile(r"uk-(\d+)-")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # it is there, and somebody else's
    return True


def leftovers() -> list[str]:
    """Names of our namespaces whose owner is gone."""
    if not NAMED.is_dir():
        return []
    owners = ((entry.name, OURS.match(entry.name)) for entry in NAMED.iterdir())
    return sorted(name for name, owner in owners if owner and not _alive(int(owner[1])))


def sweep() -> list[str]:
    """Remove the leftovers and return their names."""
    names = leftovers()
    if names:
        # importing it takes most of a second, and it has no stubs
        from pyroute2 import netns  # type: ignore[import-untyped]

        for name in names:
            netns.remove(name)
    return names
