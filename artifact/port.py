# SPDX-License-Identifier: GPL-2.0-only
"""The size of the port in lines: the files are named in data/claims.toml."""

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from artifact import paths
from artifact.relations import Lines

C_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
HASH_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)
C_LIKE = {".c", ".h", ".S", ".lds", ".patch"}


class PortPart(BaseModel):
    """Globs below lkl_patches/ of the files that make one part of the port."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: list[str]
    exclude: list[str]


def files(part: PortPart, root: Path = paths.PATCHES) -> list[Path]:
    """Files of one part of the port."""
    chosen = {file for glob in part.files for file in root.glob(glob) if file.is_file()}
    return sorted(chosen - {file for glob in part.exclude for file in root.glob(glob)})


def _added(patch: str) -> str:
    """The lines that a patch adds to existing files."""
    lines = patch.splitlines()
    return "".join(f"{ln[1:]}\n" for ln in lines if ln[:1] == "+" and ln[:4] != "+++ ")


def lines(file: Path) -> Lines:
    """Lines of a new file, or those that a patch adds."""
    text = file.read_text()
    if file.suffix == ".patch":
        text = _added(text)
    comment = C_COMMENT if file.suffix in C_LIKE else HASH_COMMENT
    code = [line for line in comment.sub("", text).splitlines() if line.strip()]
    return Lines(len(text.splitlines()), len(code))


def count(port: Mapping[str, PortPart], root: Path = paths.PATCHES) -> dict[str, Lines]:
    """Lines of each part."""
    counted = {name: [lines(file) for file in files(part, root)] for name, part in port.items()}
    return {
        name: Lines(sum(one.all for one in found), sum(one.code for one in found))
        for name, found in counted.items()
    }
