# SPDX-License-Identifier: GPL-2.0-only
"""`runu`: our runtime, whose containers have a library kernel of their own.

The kind of image decides how it starts a program, so each kind is a system of its own: a
private image is one file (program, C library and kernel image), a public one an ordinary image
with musl, whose loader runu replaces in the container's view; a program of another libc
(Debian's) runs unchanged, its system calls trapped.
"""

from functools import partial

from artifact.engines import runtimes
from artifact.systems.oci import OciRuntime

PHASES_VARIABLE = "RUNU_PHASES"  # names the file that runu writes when its phases begin to


def system(name: str) -> OciRuntime:
    """Runu as built here, as the system `name`."""
    return OciRuntime(name, partial(runtimes.find, "runu"), bears_hybrid=True)
