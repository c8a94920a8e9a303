# SPDX-License-Identifier: GPL-2.0-only
"""The images that engines are given: our recipes' roots, as archives kept beside them."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from artifact.engines import archive
from artifact.engines.archive import Config
from artifact.images import catalogue
from artifact.images.recipe import Form
from artifact.kernel.fetch import locked
from artifact.systems.base import Image

TAG = "latest"


@dataclass(frozen=True)
class Loadable:
    """An archive and the name its image gets."""

    name: str
    file: Path


def _kept(root: Path, name: str, config: Config) -> Loadable:
    """The archive beside the root directory, which is complete and does not change."""
    key = hashlib.sha256(json.dumps([name, config.as_dict()]).encode()).hexdigest()[:16]
    file = root.parent / f"archive-{key}.tar"
    with locked(root.parent / "archive.lock"):
        if not file.is_file():
            archive.write(root, name, config, file)
    return Loadable(name, file)


def recipe(
    name: str, form: Form = Form.PUBLIC, config: Config | None = None, *, called: str = ""
) -> Loadable:
    """An image of artifact/images, made first if it is not in the cache."""
    built = catalogue.image(name, form)
    chosen = config or Config(cmd=built.argv)
    return _kept(built.rootfs, called or f"uk-{name}-{form}:{TAG}", chosen)


def of_image(image: Image) -> Loadable:
    """An image that experiments start, by the name of the directory it was made in."""
    name = image.root.parent.name if image.root.name == "rootfs" else image.root.name
    return _kept(image.root, f"uk-{name}:{TAG}", Config(cmd=image.argv))
