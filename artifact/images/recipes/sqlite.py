# SPDX-License-Identifier: GPL-2.0-only
"""The sqlite3 shell, and sqlite's own speed test."""

from artifact.images.recipe import Recipe, step
from artifact.images.recipes.libraries import SQLITE_SOURCE as SOURCE

COMPILE = "{cc} {link} -O2 {cppflags} -DHAVE_READLINE=0 {dep_sqlite}/src/%s -o {stage}/bin/%s"
LINK = " {ldflags} -lsqlite3 -lm"

RECIPE = Recipe(
    name="sqlite3",
    purpose="the sqlite3 shell and speedtest1",
    argv=("/bin/sqlite3",),
    source=SOURCE,
    unpacked=False,
    dependencies=("sqlite",),
    steps=(
        step("sh", "-c", COMPILE % ("shell.c -DSQLITE_OMIT_LOAD_EXTENSION", "sqlite3") + LINK),
        step("sh", "-c", COMPILE % ("speedtest1.c", "speedtest1") + LINK),
        step("strip", "{stage}/bin/sqlite3", "{stage}/bin/speedtest1"),
    ),
)
