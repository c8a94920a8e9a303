# SPDX-License-Identifier: GPL-2.0-only
"""`runsc`: gVisor's runtime, on its default platform (systrap) and on the older one (ptrace).

Where the kernel would stop it, it is started with most of /proc/sys hidden
(artifact/engines/hide-sysctls.sh); that is prepared before the clock runs.
"""

from functools import partial

from artifact.engines import runtimes
from artifact.systems.oci import OciRuntime

# The bundle's network namespace is empty; only so has the sandbox a loopback interface in it.
NO_NETWORK = ("--network=none",)


def system(name: str, platform: str) -> OciRuntime:
    """Runsc of Debian 13, on a platform."""
    find = partial(runtimes.find, f"runsc-{platform}")
    return OciRuntime(name, find, bears_hybrid=True, words=NO_NETWORK)
