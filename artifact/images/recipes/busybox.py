# SPDX-License-Identifier: GPL-2.0-only
"""busybox without fork(2): the hush shell and the usual small programs."""

from pathlib import Path

from artifact.images.recipe import Recipe, Source, step

# The first setting of an option counts; what depends on others is asked, and gets its default.
CONFIGURE = (
    "cat {files}/busybox.config .config > merged && mv merged .config && yes '' | make oldconfig"
)
MAKE = ("make", "-j{jobs}", "CC={cc}", "HOSTCC=gcc", "LDFLAGS={link}", "SKIP_STRIP=y")

RECIPE = Recipe(
    name="busybox",
    purpose="the hush shell and the usual small programs",
    argv=("/bin/busybox", "sh"),
    source=Source("busybox"),
    files=(Path(__file__).with_name("busybox.config"),),
    steps=(
        step("make", "HOSTCC=gcc", "defconfig"),
        step("sh", "-c", CONFIGURE),
        step("grep", "-q", "^CONFIG_NOMMU=y", ".config"),
        step(*MAKE, "busybox"),
        step("strip", "busybox"),
        step(*MAKE, "CONFIG_PREFIX={stage}", "install"),
    ),
    drop=("linuxrc",),
)
