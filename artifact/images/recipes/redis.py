# SPDX-License-Identifier: GPL-2.0-only
"""redis: server, command line client, benchmark. The allocator is the libc's."""

from pathlib import Path

from artifact.images.recipe import Recipe, Source, step
from artifact.images.recipes.libraries import STABLE

PROGRAMS = ("redis-server", "redis-cli", "redis-benchmark")

RECIPE = Recipe(
    name="redis",
    purpose="redis server, client and benchmark",
    argv=("/usr/bin/redis-server", "/etc/redis.conf"),
    source=Source("redis", STABLE),
    config=(("etc/redis.conf", Path(__file__).with_name("redis.conf")),),
    steps=(
        step(
            "make", "-j{jobs}", "-C", "src", "CC={cc}", "LDFLAGS={link}", "MALLOC=libc", "DEBUG=",
            "USE_SYSTEMD=no", "BUILD_TLS=no", *PROGRAMS,
        ),
        *(step("cp", f"src/{name}", "{stage}/usr/bin") for name in PROGRAMS),
        step("strip", *(f"{{stage}}/usr/bin/{name}" for name in PROGRAMS)),
    ),
)  # fmt: skip
