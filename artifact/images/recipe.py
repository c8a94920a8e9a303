# SPDX-License-Identifier: GPL-2.0-only
"""What a recipe is: which source, which commands, what of the result goes into an image.

A recipe is data. Its commands are argument lists with placeholders, filled in by
artifact/images/builder.py:

    {cc}        the compiler; makes dynamic PIEs, and static PIEs when told -static
    {link}      "-static" in the private form, nothing in the public one
    {cppflags}, {ldflags}   where headers and libraries of the dependencies are
    {dep_NAME}  install prefix of the dependency NAME (dashes as underscores)
    {src}       the unpacked source, also the directory commands start in
    {files}     the recipe's own files
    {stage}     where the result is put: an image's root directory, a library's prefix
    {jobs}      how many compilers may run at once
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

SUITES = ("trixie", "bookworm")


class Form(StrEnum):
    """How a program meets the library kernel (design.md, section 4).

    PUBLIC: an ordinary image; the runtime puts its own loader over the image's.
    PRIVATE: one static PIE that has libc and every library inside.
    """

    PUBLIC = "public"
    PRIVATE = "private"


@dataclass(frozen=True)
class Source:
    """A Debian source package, from the first of `suites` whose mirror has it whole.

    patched: apply Debian's patches too, not only the upstream tarball.
    """

    package: str
    suites: tuple[str, ...] = SUITES
    patched: bool = False


@dataclass(frozen=True)
class Step:
    """One command. `only`: in that form alone; `env`: added to the environment."""

    argv: tuple[str, ...]
    cwd: str = "."
    env: tuple[tuple[str, str], ...] = ()
    only: Form | None = None


def step(
    *argv: str, cwd: str = ".", only: Form | None = None, env: Mapping[str, str] | None = None
) -> Step:
    """A Step, written briefly."""
    return Step(argv, cwd, tuple((env or {}).items()), only)


@dataclass(frozen=True)
class Library:
    """A dependency: a static library, position independent, with its headers."""

    name: str
    source: Source
    steps: tuple[Step, ...]
    dependencies: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Recipe:
    """A program and its image.

    argv: how the program is started; argv[0] is its place in the root directory.
    files: our own files, to be found in {files}.
    config: our own files that go into the root directory, by their place in it.
    drop: patterns of what the program's installation brings and nobody needs.
    layers: parts of the result that are kept outside the root directory, by name: patterns.
    unpacked: whether the commands want the source; else the dependencies were made from it.
    private: how the private form is made, where that is another way altogether.
    """

    name: str
    purpose: str
    argv: tuple[str, ...]
    steps: tuple[Step, ...]
    source: Source | None = None
    dependencies: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    config: tuple[tuple[str, Path], ...] = ()
    drop: tuple[str, ...] = ()
    layers: tuple[tuple[str, tuple[str, ...]], ...] = ()
    unpacked: bool = True
    private: "Recipe | None" = None

    def of(self, form: Form) -> "Recipe":
        """The recipe of this form."""
        return self.private if self.private and form is Form.PRIVATE else self


def digest(recipe: Library | Recipe, *more: str) -> str:
    """Sixteen hex digits over the recipe, the contents of its files, and `more`."""
    texts = {path.name: path.read_text() for path in recipe.files}
    if isinstance(recipe, Recipe):
        texts |= {place: path.read_text() for place, path in recipe.config}
    parts = [_plain(recipe), texts, more]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _plain(recipe: Library | Recipe) -> dict[str, str]:
    """The recipe without its files, whose paths differ from one checkout to another."""
    return {k: repr(v) for k, v in vars(recipe).items() if k not in ("files", "config", "private")}
