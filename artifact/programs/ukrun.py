# SPDX-License-Identifier: GPL-2.0-only
"""Start a program of an image on the library kernel, by ukrun.

What the program finds is what artifact/images/native.py gives it on the host: an empty /tmp,
PATH and HOME, no signal ignored. The library kernel has its own /dev, /proc and /sys.

Sources: ukrun --help.
"""

from pathlib import Path

from artifact import paths, proc
from artifact.errors import Unavailable
from artifact.programs.launcher import Launcher

# Every step is an exec, so that ukrun has our process id and gets our signals.
_ENTER = """
root=$1
shift
mount -t tmpfs -o mode=1777 tmp "$root/tmp" || exit 125
exec env -i --default-signal PATH="$PATH" HOME=/root "$@"
"""


def program() -> Path:
    """The installed ukrun; Unavailable when the library kernel is not built."""
    found = paths.lkl_prefix() / "bin" / "ukrun"
    if not found.is_file():
        raise Unavailable(f"{found} is missing", "run: invoke build")
    return found


def launcher(*options: str) -> Launcher:
    """Words to put before a program: ukrun with these options and no terminal."""

    def words(root: Path) -> list[str]:
        tool = proc.need("unshare", "util-linux")
        enter = [tool, "--mount", "--propagation", "private", "sh", "-c", _ENTER, "ukrun"]
        return [*enter, str(root), str(program()), "--no-tty", *options, str(root)]

    return words
