# SPDX-License-Identifier: GPL-2.0-only
"""netperf and netserver, from the same source and options as the host's (bench/tools)."""

from artifact.bench.tools import netperf_build as host
from artifact.images.recipe import Recipe, step

# It includes sched.h inside of a function; musl's has functions in it.
MUSL = "-D_GNU_SOURCE -include sched.h"

RECIPE = Recipe(
    name="netperf",
    purpose="netperf and netserver",
    argv=("/bin/netperf",),
    source=host.SOURCE,
    steps=(
        step(*host.AUTORECONF),
        step(*host.CONFIGURE, f"CFLAGS={host.CFLAGS} {MUSL}", "CC={cc}", "LDFLAGS={link}"),
        step(*host.MAKE, "-j{jobs}", *host.PROGRAMS),
        *(step("cp", f"src/{name}", "{stage}/bin") for name in host.PROGRAMS),
        step("strip", *(f"{{stage}}/bin/{name}" for name in host.PROGRAMS)),
    ),
)
