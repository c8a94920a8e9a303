# SPDX-License-Identifier: GPL-2.0-only
"""All recipes by name, and `invoke images`."""

import itertools
from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue

from artifact import ui
from artifact.bench.common import write_setup
from artifact.errors import ArtifactError, Unavailable
from artifact.images import pack
from artifact.images.builder import Builder, Built
from artifact.images.recipe import Form, Recipe
from artifact.images.recipes import busybox, hello, netperf, nginx, python, redis, sqlite
from artifact.images.recipes.libraries import LIBRARIES as C_LIBRARIES
from artifact.records import Run

RECIPES = {
    recipe.name: recipe
    for recipe in (
        hello.RECIPE,
        busybox.RECIPE,
        sqlite.RECIPE,
        netperf.RECIPE,
        python.RECIPE,
        redis.RECIPE,
        nginx.RECIPE,
    )
}

LIBRARIES = {**C_LIBRARIES, python.OBJECTS.name: python.OBJECTS}


def image(name: str, form: Form = Form.PUBLIC) -> Built:
    """The image of that name, made first if it is not in the cache."""
    return Builder(LIBRARIES).image(_known(name), form)


def _known(name: str) -> Recipe:
    if name not in RECIPES:
        raise ArtifactError(f"unknown image {name!r}", f"there are: {', '.join(RECIPES)}")
    return RECIPES[name]


def packed(name: str) -> Path:
    """The private image of that name as one executable file."""
    return pack.packed(image(name, Form.PRIVATE))


def run(names: Sequence[str] = (), profile: str = "quick") -> Run:
    """Build the named images (all when none is named) in both forms, and the private ones as
    one file each; show and store sizes.
    """
    for name in names:
        _known(name)
    built, reasons = [], {}
    files: dict[str, Path] = {}
    for name, form in itertools.product(names or RECIPES, Form):
        what = f"{name} {form}"
        try:
            built.append(image(name, form))
            if form is Form.PRIVATE:
                what = f"{name} in one file"
                files[name] = packed(name)
        except (
            Unavailable
        ) as error:  # the libc port is not built: the public form can be all the same
            reasons[what] = str(error)
    columns = ["image", "form", "version", "MB", "xz", "gzip", "files", "seconds"]
    ui.table("images", columns, [_row(each) for each in built])
    sizes = {name: file.stat().st_size for name, file in files.items()}
    rows = [[name, f"{sizes[name] / 1e6:.2f}", str(file)] for name, file in files.items()]
    ui.table("private images in one file", ["image", "MB", "file"], rows)
    for what, reason in reasons.items():
        ui.say(f"not built: {what}: {reason}")
    run = Run.current(profile)
    stored: dict[str, JsonValue] = {
        f"{each.name} {each.form}": {**each.facts, **each.sizes()} for each in built
    }
    facts: dict[str, JsonValue] = {
        "images": stored, "packed_octets": {**sizes}, "not_built": {**reasons},
    }  # fmt: skip
    write_setup(run, "images", facts)
    run.finish()
    return run


def _row(built: Built) -> list[object]:
    facts, sizes = built.facts, built.sizes()
    megabytes = [f"{float(str(sizes[name])) / 1e6:.2f}" for name in ("unpacked", "xz", "gzip")]
    return [built.name, built.form, facts["version"], *megabytes, sizes["files"], facts["seconds"]]
