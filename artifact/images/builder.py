# SPDX-License-Identifier: GPL-2.0-only
"""From a recipe to an image in the cache.

    CACHE/images/lib-<name>-<key>/          a dependency's install prefix
    CACHE/images/<name>-<form>-<key>/rootfs the root directory, complete
                                    /program    the program itself (a hard link into rootfs)
                                    /layer-<x>  what is kept apart (python's tests)
                                    /image.json what it was made from
                                    /sizes.json its sizes, once somebody has asked

A key names what goes in: recipe, source version, toolchain, dependencies. A result is written
under a temporary name and renamed, so it is whole or absent; when it is there, nothing is done.
"""

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from artifact import paths, proc, ui
from artifact.errors import ArtifactError
from artifact.images import debsource, interp, toolchain, tree
from artifact.images.debsource import Fetched
from artifact.images.recipe import Form, Library, Recipe, Source, Step, digest
from artifact.images.toolchain import Toolchain
from artifact.kernel.fetch import check_space, locked
from artifact.records import write_atomically
from artifact.systems import leftovers

HOME = paths.CACHE / "images"
NEEDED_BYTES = 2_000_000_000
# Part of every key: raise it when this module makes something else of the same recipe.
LAYOUT = "1"
# Results kept of each name: another checkout may be using an older one.
KEPT = 3
TOOLS = {
    "make": "make",
    "patch": "patch",
    "xz": "xz-utils",
    "strip": "binutils",
    "autoreconf": "autoconf",
    "automake": "automake",
    "libtoolize": "libtool",
    "tclsh": "tcl",
}
# The caller's settings must not leak in; time stamps must not show.
ENV = {
    "MAKEFLAGS": "",
    "LC_ALL": "C",
    "SOURCE_DATE_EPOCH": str(tree.TIME),
    "PKG_CONFIG": "false",
    "PYTHONPATH": "",
}


@dataclass(frozen=True)
class Built:
    """A finished image."""

    name: str
    form: Form
    directory: Path
    argv: tuple[str, ...]
    facts: dict[str, JsonValue]

    @property
    def rootfs(self) -> Path:
        """Its root directory."""
        return self.directory / "rootfs"

    @property
    def program(self) -> Path:
        """The program as a file of its own."""
        return self.directory / "program"

    def sizes(self) -> dict[str, JsonValue]:
        """How large the image is, compressed as well; counted once, which takes seconds."""
        noted = self.directory / "sizes.json"
        if not noted.is_file():
            write_atomically(noted, json.dumps(tree.sizes(self.rootfs).as_dict()) + "\n")
        counted: dict[str, JsonValue] = json.loads(noted.read_text())
        return counted

    def layer(self, name: str) -> Path:
        """A part of the result that is kept outside the root directory."""
        return self.directory / f"layer-{name}"


class Builder:
    """Builds recipes that refer to each other's libraries by name."""

    def __init__(self, libraries: Mapping[str, Library]) -> None:
        self._libraries = libraries

    def image(self, recipe: Recipe, form: Form) -> Built:
        """The image of `recipe` in `form`, made first if it is not in the cache."""
        recipe = recipe.of(form)
        tools = toolchain.for_form(form)
        prefixes = self._prefixes(recipe.dependencies)
        fetched = debsource.fetch(recipe.source) if recipe.source else None
        key = digest(recipe, LAYOUT, form, tools.key, *_names(fetched, prefixes))
        final = HOME / f"{recipe.name}-{form}-{key}"
        with locked(HOME / f"{recipe.name}-{form}.lock"):
            if not (final / "image.json").is_file():
                with ui.step(f"image {recipe.name} {form}"):
                    _make_image(Job(recipe, form, tools, prefixes, fetched), final)
            prune(final)
        facts = json.loads((final / "image.json").read_text())
        return Built(recipe.name, form, final, recipe.argv, facts)

    def library(self, name: str) -> Path:
        """Install prefix of a dependency, made first if it is not in the cache.

        Libraries are compiled against ordinary musl and serve both forms: the libc port keeps
        musl's headers and with them its binary interface.
        """
        recipe = self._libraries[name]
        tools = toolchain.ordinary()
        prefixes = self._prefixes(recipe.dependencies)
        fetched = debsource.fetch(recipe.source)
        key = digest(recipe, LAYOUT, tools.key, *_names(fetched, prefixes))
        final = HOME / f"lib-{name}-{key}"
        with locked(HOME / f"lib-{name}.lock"):
            if not (final / "library.json").is_file():
                with ui.step(f"library {name}"):
                    _make_library(Job(recipe, Form.PUBLIC, tools, prefixes, fetched), final)
            prune(final)
        return final

    def _prefixes(self, names: Sequence[str]) -> dict[str, Path]:
        """Prefixes of the named libraries and of what those need, each once."""
        found: dict[str, Path] = {}
        for name in names:
            found |= self._prefixes(self._libraries[name].dependencies)
            found[name] = self.library(name)
        return found


@dataclass(frozen=True)
class Job:
    """One recipe in one form with everything it needs."""

    recipe: Library | Recipe
    form: Form
    tools: Toolchain
    prefixes: Mapping[str, Path]
    fetched: Fetched | None

    @property
    def log(self) -> Path:
        """Where the tools' output goes."""
        kind = "lib" if isinstance(self.recipe, Library) else self.form
        return paths.CACHE / "log" / f"image-{self.recipe.name}-{kind}.log"

    def words(self, part: Path) -> dict[str, str]:
        """Values of the placeholders."""
        include = [f"-I{prefix}/include" for prefix in self.prefixes.values()]
        library = [f"-L{prefix}/lib" for prefix in self.prefixes.values()]
        named = {f"dep_{name.replace('-', '_')}": str(p) for name, p in self.prefixes.items()}
        return {
            "cc": str(self.tools.cc),
            "link": "-static" if self.form is Form.PRIVATE else "",
            "cppflags": " ".join(include),
            "ldflags": " ".join(library),
            "src": str(part / "src"),
            "files": str(part / "files"),
            "stage": str(part / "stage"),
            "jobs": str(os.cpu_count() or 1),
            **named,
        }


def prune(used: Path) -> None:
    """Mark a result as used, and forget those of the same name that were used longest ago."""
    os.utime(used)
    stem, _, key = used.name.rpartition("-")
    keys = "[0-9a-f]" * len(key)
    alike = [path for path in HOME.glob(f"{stem}-{keys}") if path.is_dir()]
    for old in sorted(alike, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def _names(fetched: Fetched | None, prefixes: Mapping[str, Path]) -> Iterator[str]:
    if fetched:
        yield f"{fetched.package} {fetched.version}"
    yield from (prefix.name for prefix in prefixes.values())


def _make_library(job: Job, final: Path) -> None:
    with _workplace(job, final.name) as part:
        _compile(job, part)
        (part / "stage" / "library.json").write_text(_describe(job, {}))
        shutil.rmtree(final, ignore_errors=True)
        (part / "stage").rename(final)


def _make_image(job: Job, final: Path) -> None:
    started = time.monotonic()
    assert isinstance(job.recipe, Recipe)
    with _workplace(job, final.name) as part:
        stage = part / "stage"
        tree.lay_out(stage)
        _compile(job, part)
        result = part / "result"
        result.mkdir()
        _split(job.recipe, stage, result)
        _complete(job, stage)
        tree.settle(stage)
        program = stage / job.recipe.argv[0].lstrip("/")
        os.link(program.resolve(), result / "program")
        facts: dict[str, object] = {
            "argv": job.recipe.argv,
            "program_bytes": program.stat().st_size,
            "seconds": round(time.monotonic() - started, 1),
        }
        stage.rename(result / "rootfs")
        (result / "image.json").write_text(_describe(job, facts))
        shutil.rmtree(final, ignore_errors=True)
        result.rename(final)


def _describe(job: Job, more: Mapping[str, object]) -> str:
    facts = {
        "name": job.recipe.name,
        "form": job.form,
        "source": job.fetched.package if job.fetched else "this repository",
        "version": job.fetched.version if job.fetched else "",
        "suite": job.fetched.suite if job.fetched else "",
        "toolchain": job.tools.version,
        "libraries": {name: prefix.name for name, prefix in job.prefixes.items()},
        **more,
    }
    return json.dumps(facts, indent=1) + "\n"


@contextmanager
def _workplace(job: Job, name: str) -> Iterator[Path]:
    """A directory to build in: src, files, stage. What a kill -9 leaves goes next time."""
    for tool, package in TOOLS.items():
        proc.need(tool, package)
    check_space(HOME, NEEDED_BYTES, f"building {job.recipe.name}")
    for left in HOME.glob("uk-*-*"):
        if leftovers.orphaned(left.name):
            shutil.rmtree(left, ignore_errors=True)
    job.log.unlink(missing_ok=True)
    part = HOME / f"{leftovers.prefix()}{name}"
    try:
        for place in ("files", "stage"):
            (part / place).mkdir(parents=True)
        for file in job.recipe.files:
            shutil.copy2(file, part / "files" / file.name)
        if job.fetched and (isinstance(job.recipe, Library) or job.recipe.unpacked):
            source = job.recipe.source
            assert isinstance(source, Source)
            debsource.unpack(job.fetched, part / "src", job.log, patched=source.patched)
        else:
            (part / "src").mkdir()
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _compile(job: Job, part: Path) -> None:
    wanted = [step for step in job.recipe.steps if step.only in (None, job.form)]
    with ui.progress(f"{job.recipe.name}", len(wanted)) as bar:
        for step in wanted:
            _run(job, step, part)
            bar.advance(1, " ".join(step.argv[:2]))


def _run(job: Job, step: Step, part: Path) -> None:
    words = job.words(part)
    argv = [_filled(word, words) for word in step.argv]
    env = {**ENV, **{name: _filled(value, words) for name, value in step.env}}
    if job.tools.loader:
        env["UK_LOADER"] = str(job.tools.loader)
    proc.run(argv, log=job.log, cwd=part / "src" / _filled(step.cwd, words), env=env)


def _filled(text: str, words: Mapping[str, str]) -> str:
    try:
        return text.format_map(words)
    except (KeyError, ValueError, IndexError) as error:
        raise ArtifactError(f"recipe: bad placeholder in {text!r}: {error}") from error


def _split(recipe: Recipe, stage: Path, result: Path) -> None:
    """Drop what nobody needs and move layers out of the root directory."""
    for pattern in recipe.drop:
        for path in sorted(stage.glob(pattern)):
            _remove(path)
    for name, patterns in recipe.layers:
        for pattern in patterns:
            for path in sorted(stage.glob(pattern)):
                target = result / f"layer-{name}" / path.relative_to(stage)
                target.parent.mkdir(parents=True, exist_ok=True)
                path.rename(target)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _complete(job: Job, stage: Path) -> None:
    """Configuration files, the loader, and programs that name the loader of an image."""
    assert isinstance(job.recipe, Recipe)
    for place, file in job.recipe.config:
        target = stage / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    for path in tree.walk(stage):
        if path.is_file() and not path.is_symlink() and interp.interpreter(path):
            if job.form is Form.PRIVATE:
                name = path.relative_to(stage)
                raise ArtifactError(f"{job.recipe.name}: {name} is not static: see {job.log}")
            interp.set_interpreter(path, toolchain.LOADER)
    if job.tools.loader:
        loader = stage / toolchain.LOADER.lstrip("/")
        loader.parent.mkdir(exist_ok=True)
        shutil.copy(job.tools.loader, loader)
