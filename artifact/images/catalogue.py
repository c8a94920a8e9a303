# SPDX-License-Identifier: GPL-2.0-only
"""All recipes by name, and `invoke images`."""

from collections.abc import Sequence

from artifact import ui
from artifact.errors import ArtifactError
from artifact.images.builder import Builder, Built
from artifact.images.recipe import Form
from artifact.images.recipes import busybox, hello, netperf, nginx, python, redis, sqlite
from artifact.images.recipes.libraries import LIBRARIES

RECIPES = {
    recipe.name: recipe
    for recipe in (hello.RECIPE, busybox.RECIPE, sqlite.RECIPE, netperf.RECIPE, python.RECIPE, redis.RECIPE, nginx.RECIPE)
}


def image(name: str, form: Form = Form.PUBLIC) -> Built:
    """The image of that name, made first if it is not in the cache."""
    if name not in RECIPES:
        raise ArtifactError(f"unknown image {name!r}", f"there are: {', '.join(RECIPES)}")
    return Builder(LIBRARIES).image(RECIPES[name], form)


def run(names: Sequence[str], forms: Sequence[Form] = tuple(Form)) -> list[Built]:
    """Build the named images (all when none is named) and show their sizes."""
    built = [image(name, form) for name in names or RECIPES for form in forms]
    columns = ["image", "form", "version", "MB", "xz", "gzip", "files", "seconds"]
    rows = [_row(each) for each in built]
    ui.table("images", columns, rows)
    return built


def _row(built: Built) -> list[object]:
    sizes = [f"{float(str(built.facts[name])) / 1e6:.2f}" for name in ("unpacked", "xz", "gzip")]
    rest = [built.facts["files"], built.facts["seconds"]]
    return [built.name, built.form, built.facts["version"], *sizes, *rest]
