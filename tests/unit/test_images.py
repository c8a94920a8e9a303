# SPDX-License-Identifier: GPL-2.0-only
"""Recipes become images: keys, layouts, interpreters, failures; with a tiny invented program."""

import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from artifact.errors import ArtifactError
from artifact.images import builder, catalogue, debsource, interp, toolchain, tree
from artifact.images.builder import Builder, Built
from artifact.images.recipe import Form, Recipe, Source, digest, step
from artifact.images.toolchain import Toolchain
from artifact.systems import leftovers


def elf(name: str, room: int = 0) -> bytes:
    """A file with one program header, PT_INTERP, and nothing else."""
    text = name.encode().ljust(room, b"\0") + b"\0"
    head = interp.MAGIC.ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0
    )
    return head + interp.PHDR.pack(3, 4, 120, 120, 120, len(text), len(text), 1) + text


def test_the_interpreter_is_read_and_replaced(tmp_path: Path) -> None:
    file = tmp_path / "program"
    file.write_bytes(elf("/a/long/way/to/the/loader"))
    assert interp.interpreter(file) == "/a/long/way/to/the/loader"
    interp.set_interpreter(file, "/lib/ld.so")
    assert interp.interpreter(file) == "/lib/ld.so"
    assert interp.PHDR.unpack_from(file.read_bytes(), 64)[5] == len("/lib/ld.so") + 1
    with pytest.raises(ArtifactError, match=r"no room for /lib/ld.so.1 in place of /lib/ld.so"):
        interp.set_interpreter(file, "/lib/ld.so.1")


def test_what_has_no_interpreter(tmp_path: Path) -> None:
    file = tmp_path / "script"
    file.write_text("#!/bin/sh\n")
    assert interp.interpreter(file) is None
    with pytest.raises(ArtifactError, match="names no interpreter"):
        interp.set_interpreter(file, "/lib/ld.so")


def small_tree(root: Path) -> Path:
    (root / "a").mkdir(parents=True)
    (root / "a" / "file").write_text("text")
    (root / "link").symlink_to("a/file")
    tree.settle(root)
    return root


CHANGES: dict[str, Callable[[Path], None]] = {
    "content": lambda root: change(root / "a/file"),
    "mode": lambda root: (root / "a/file").chmod(0o755),
    "time": lambda root: os.utime(root / "a/file", (1, 1)),
    "name": lambda root: rename(root / "a/file", root / "a/other"),
    "new file": lambda root: (root / "b").touch(),
    "link": lambda root: relink(root / "link"),
    "directory": lambda root: (root / "a/c").mkdir(),
    "a file that was there for a moment": lambda root: come_and_go(root / "a/c"),
}


def change(file: Path) -> None:
    file.write_text("texT")
    os.utime(file, (tree.TIME, tree.TIME))


def rename(old: Path, new: Path) -> None:
    old.rename(new)


def relink(link: Path) -> None:
    link.unlink()
    link.symlink_to("a")


def come_and_go(file: Path) -> None:
    file.touch()
    file.unlink()


@pytest.mark.parametrize("what", CHANGES)
def test_every_change_of_a_tree_shows(what: str, tmp_path: Path) -> None:
    root, other = small_tree(tmp_path / "one"), small_tree(tmp_path / "two")
    assert tree.digest(root) == tree.digest(other)
    CHANGES[what](root)
    assert tree.digest(root) != tree.digest(other)


def test_sizes_count_a_hard_link_once(tmp_path: Path) -> None:
    root = small_tree(tmp_path / "root")
    os.link(root / "a/file", root / "b")
    sizes = tree.sizes(root)
    assert (sizes.unpacked, sizes.files) == (4, 1)
    assert 0 < sizes.gzip < 1000
    assert 0 < sizes.xz < 1000


PROGRAM = Recipe(
    name="sample",
    purpose="for a test",
    argv=("/bin/sample",),
    steps=(
        step("cp", "{files}/sample.sh", "{stage}/bin/sample"),
        step("sh", "-c", "mkdir -p {stage}/doc {stage}/lib/tests; touch {stage}/lib/tests/t"),
        step("sh", "-c", "echo {link} > {stage}/etc/link", only=Form.PRIVATE),
    ),
    drop=("doc",),
    layers=(("tests", ("lib/tests",)),),
)


@pytest.fixture
def sample(tmp_path: Path) -> Recipe:
    file = tmp_path / "sample.sh"
    file.write_text("#!/bin/sh\n")
    return with_(PROGRAM, files=(file,))


def with_(recipe: Recipe, **changes: object) -> Recipe:
    return Recipe(**{**vars(recipe), **changes})  # type: ignore[arg-type]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "images"
    loader = tmp_path / "loader"
    loader.write_text("a loader")
    for module in (builder, debsource):
        monkeypatch.setattr(module, "HOME", directory)
    monkeypatch.setattr(builder, "TOOLS", {})

    def tools(form: Form) -> Toolchain:
        return Toolchain("t", "1", "k", Path("cc"), loader if form is Form.PUBLIC else None)

    monkeypatch.setattr(toolchain, "for_form", tools)
    return directory


def make(recipe: Recipe, form: Form = Form.PUBLIC) -> Built:
    return Builder({}).image(recipe, form)


def test_an_image_is_complete_and_made_once(sample: Recipe, home: Path) -> None:
    built = make(sample)
    assert built.program.samefile(built.rootfs / "bin/sample")
    assert not (built.rootfs / "doc").exists()
    assert not (built.rootfs / "lib/tests").exists()
    assert (built.layer("tests") / "lib/tests/t").is_file()
    assert (built.rootfs / "lib/ld-musl-x86_64.so.1").read_text() == "a loader"
    assert (built.rootfs / "tmp").stat().st_mode & 0o7777 == 0o1777
    assert built.facts["source"] == "this repository"
    assert built.sizes()["files"] == len([f for f in tree.walk(built.rootfs) if f.is_file()])
    stamp = (built.directory / "image.json").stat().st_ctime_ns
    assert (make(sample).directory / "image.json").stat().st_ctime_ns == stamp
    assert not list(home.glob("uk-*"))


def test_equal_input_gives_an_equal_tree(sample: Recipe, home: Path) -> None:
    built = make(sample)
    before = tree.digest(built.rootfs)
    shutil.rmtree(built.directory)
    assert tree.digest(make(sample).rootfs) == before


def test_what_a_killed_build_left_is_removed(sample: Recipe, home: Path) -> None:
    with subprocess.Popen(["true"]) as dead:
        pass
    left = home / f"{leftovers.prefix_of(dead.pid)}sample-public-0123456789abcdef"
    ours = home / f"{leftovers.prefix()}other"
    for directory in (left, ours):
        (directory / "src").mkdir(parents=True)
    make(sample)
    assert not left.exists()
    assert ours.exists()


def test_results_that_nobody_used_for_long_are_forgotten(sample: Recipe, home: Path) -> None:
    first = make(sample)
    os.utime(first.directory, (1, 1))
    others = []
    for number in range(builder.KEPT + 1):
        others.append(make(with_(sample, drop=("doc", str(number)))))
        os.utime(others[-1].directory, (number + 2, number + 2))
        if number == 0:
            make(sample)  # used again
            os.utime(first.directory, (100, 100))
    assert first.directory.is_dir()
    assert [other.directory.is_dir() for other in others] == [False] * 2 + [True] * 2


def test_the_private_form_may_be_made_in_another_way(sample: Recipe, home: Path) -> None:
    other = with_(sample, steps=(*sample.steps, step("touch", "{stage}/etc/other")))
    both = with_(sample, private=other)
    assert digest(both) == digest(sample)
    assert not (make(both).rootfs / "etc/other").exists()
    assert (make(both, Form.PRIVATE).rootfs / "etc/other").exists()


def test_a_private_image_has_no_loader(sample: Recipe, home: Path) -> None:
    built = make(sample, Form.PRIVATE)
    assert (built.rootfs / "etc/link").read_text() == "-static\n"
    assert not (built.rootfs / "lib/ld-musl-x86_64.so.1").exists()


def copied(sample: Recipe) -> Recipe:
    """The recipe with its file, which is no text, copied from where it is."""
    return with_(sample, files=(), steps=(step("cp", str(sample.files[0]), "{stage}/bin/sample"),))


def test_a_private_program_that_names_a_loader_is_refused(sample: Recipe, home: Path) -> None:
    sample.files[0].write_bytes(elf("/lib/ld.so"))
    binary = with_(
        sample, files=(), steps=(step("cp", str(sample.files[0]), "{stage}/bin/sample"),)
    )
    with pytest.raises(ArtifactError, match="sample: bin/sample is not static"):
        make(binary, Form.PRIVATE)
    assert not list(home.glob("sample-*-*"))
    assert not list(home.glob("uk-*"))


def test_a_public_program_names_the_loader_of_the_image(sample: Recipe, home: Path) -> None:
    sample.files[0].write_bytes(elf("/somewhere/in/the/cache/lib/libc.so"))
    binary = with_(
        sample, files=(), steps=(step("cp", str(sample.files[0]), "{stage}/bin/sample"),)
    )
    assert interp.interpreter(make(binary).program) == toolchain.LOADER


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (("false",), "false failed with exit code 1.*full log: .*image-sample-public.log"),
        (("no-such-program",), "cannot start no-such-program"),
        (("echo", "{nonsense}"), "recipe: bad placeholder in '{nonsense}'"),
        (("echo", "{"), "recipe: bad placeholder"),
    ],
)
def test_a_failing_step_is_one_line_and_leaves_nothing(
    sample: Recipe, home: Path, argv: tuple[str, ...], why: str
) -> None:
    with pytest.raises(ArtifactError, match=why):
        make(with_(sample, steps=(*sample.steps, step(*argv))))
    assert not list(home.glob("sample-public-*/"))
    assert not list(home.glob("uk-*"))


def test_the_key_changes_with_everything_that_counts(sample: Recipe, tmp_path: Path) -> None:
    keys = {
        digest(sample),
        digest(sample, "version 2"),
        digest(with_(sample, drop=())),
        digest(with_(sample, steps=sample.steps[1:])),
    }
    sample.files[0].write_text("#!/bin/sh\nexit 1\n")
    keys.add(digest(sample))
    assert len(keys) == 5


def test_the_key_does_not_change_with_the_place_of_the_checkout(
    sample: Recipe, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere" / "sample.sh"
    elsewhere.parent.mkdir()
    elsewhere.write_text(sample.files[0].read_text())
    assert digest(with_(sample, files=(elsewhere,))) == digest(sample)


class Mirror:
    """A mirror that has the package in one suite only, and counts its visitors."""

    visits: list[str]

    def __init__(self, suite: str) -> None:
        self.suite = suite

    def update(self) -> None:
        self.visits.append(self.suite)

    def source(self, package: str, directory: Path) -> list[Path]:
        if self.suite != "bookworm":
            raise ArtifactError("could not fetch x.tar.xz: 404", "run again")
        directory.mkdir(parents=True)
        names = (
            "p_1.2-3.dsc",
            "p_1.2.orig.tar.gz",
            "p_1.2.orig.tar.gz.asc",
            "p_1.2-3.debian.tar.xz",
        )
        files = [directory / name for name in names]
        for file in files:
            file.touch()
        return files


def test_the_next_suite_serves_where_a_mirror_lacks_files(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Mirror.visits = []
    monkeypatch.setattr(debsource, "PrivateApt", Mirror)
    fetched = debsource.fetch(Source("p"))
    assert (fetched.suite, fetched.version) == ("bookworm", "1.2-3")
    assert Mirror.visits == ["trixie", "bookworm"]
    assert debsource.fetch(Source("p")) == fetched
    assert Mirror.visits == ["trixie", "bookworm"]
    fetched.files[1].unlink()
    with pytest.raises(ArtifactError, match=r"no complete source of p: trixie: .* 404; check"):
        debsource.fetch(Source("p", ("trixie",)))


def test_a_source_package_without_its_tarball_is_refused(tmp_path: Path) -> None:
    fetched = debsource.Fetched("p", "trixie", "1", (Path("p_1-1.debian.tar.xz"),))
    with pytest.raises(ArtifactError, match=r"p: expected one \.orig\.tar\. file"):
        debsource.unpack(fetched, tmp_path / "src", tmp_path / "log")


def test_recipes_name_libraries_that_exist() -> None:
    recipes = [recipe.of(form) for recipe in catalogue.RECIPES.values() for form in Form]
    for recipe in (*recipes, *catalogue.LIBRARIES.values()):
        assert set(recipe.dependencies) <= catalogue.LIBRARIES.keys()
        assert all(file.is_file() for file in recipe.files)


def test_an_unknown_image_is_one_line() -> None:
    with pytest.raises(ArtifactError, match="unknown image 'emacs'; there are: hello, busybox"):
        catalogue.image("emacs")


def test_the_toolchain_of_the_libc_port_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(toolchain.LIBC_ENV, str(tmp_path))
    with pytest.raises(ArtifactError, match=f"no bin/ukcc and lib/libc.a under {tmp_path}"):
        toolchain.ported()
