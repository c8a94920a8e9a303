# SPDX-License-Identifier: GPL-2.0-only
"""`runc`: the reference runtime, what docker starts by default."""

from functools import partial

from artifact.engines import runtimes
from artifact.systems.oci import OciRuntime


def system() -> OciRuntime:
    """Runc as packaged."""
    return OciRuntime("runc", partial(runtimes.find, "runc"), bears_hybrid=True)
