# SPDX-License-Identifier: GPL-2.0-only
"""hello: a C program of a few lines."""

from artifact import paths
from artifact.images.recipe import Recipe, step

RECIPE = Recipe(
    name="hello",
    purpose="a C program of a few lines",
    argv=("/bin/hello",),
    files=(paths.CSRC / "guests" / "hello.c",),
    steps=(
        step("sh", "-c", "{cc} {link} -O2 -Wall -Werror -o {stage}/bin/hello {files}/hello.c"),
        step("strip", "{stage}/bin/hello"),
    ),
)
