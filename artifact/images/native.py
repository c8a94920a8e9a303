# SPDX-License-Identifier: GPL-2.0-only
"""Start a program of an image on the host's own kernel, for tests and as the base of ratios.

The root directory becomes the root in a mount namespace of the program's own, with the host's
/dev, a /proc, a /sys and an empty /tmp; nothing of this is visible outside or stays. Of the
environment it gets PATH and HOME, and no signal is ignored, whatever the caller ignores.

Sources: unshare(1), mount_namespaces(7).
"""

from pathlib import Path

from artifact import proc

# Every step is an exec, so that the program has our process id and gets our signals.
_ENTER = """
root=$1
shift
mount --rbind /dev "$root/dev" &&
mount -t proc proc "$root/proc" &&
mount --rbind /sys "$root/sys" &&
mount -t tmpfs -o mode=1777 tmp "$root/tmp" || exit 125
exec env -i --default-signal PATH="$PATH" HOME=/root chroot "$root" "$@"
"""


def prefix(root: Path) -> list[str]:
    """Words to put before a program and its arguments; needs root."""
    tool = proc.need("unshare", "util-linux")
    return [tool, "--mount", "--propagation", "private", "sh", "-c", _ENTER, "native", str(root)]
