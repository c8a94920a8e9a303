# SPDX-License-Identifier: GPL-2.0-only
"""`crun`: the runtime in C, the fastest rival on the same kernel.

crun 1.8 refuses a machine with both cgroup versions. It is then started in a mount namespace
without the unified hierarchy; that is prepared before the clock runs, and recorded.
"""

from functools import partial

from artifact.engines import runtimes
from artifact.systems.oci import OciRuntime


def system() -> OciRuntime:
    """Crun as packaged."""
    return OciRuntime("crun", partial(runtimes.find, "crun"), bears_hybrid=False)
