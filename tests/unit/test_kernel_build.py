# SPDX-License-Identifier: GPL-2.0-only
"""The build's logic on a tree of a few lines that has the kernel's make interface."""

import json
from pathlib import Path

import pytest

from artifact import paths, prefixes
from artifact.errors import ArtifactError
from artifact.kernel import base, build, runu, series
from artifact.kernel.base import Source
from artifact.libc import build as libc

TOP = """\
VERSION = 6
PATCHLEVEL = 12
SUBLEVEL = 7

OBJECTS := $(patsubst %,$(O)/%.o,$(shell cat arch/lkl/objects))
lkl: $(O)/lkl.o
$(O)/lkl.o: $(OBJECTS) ; @cat $^ > $@
$(O)/%.o: arch/lkl/%.c ; @echo "  CC      arch/lkl/$*.o" && gcc -c -o $@ $<
defconfig: ; @cp arch/lkl/configs/defconfig $(O)/.config
kunit.config: defconfig ; @cat arch/lkl/configs/kunit.config >> $(O)/.config
"""
TOOLS = """\
all: ; @mkdir -p $(OUTPUT) && cp $(KBUILD)/lkl.o $(OUTPUT)/liblkl.so
install: ; @mkdir -p $(PREFIX)/lib && cp $(OUTPUT)/liblkl.so $(PREFIX)/lib
"""

PROCESS = """\
install: ; @mkdir -p $(PREFIX)/bin && cp $(KBUILD)/lkl.o $(PREFIX)/bin/ukrun
"""


class Lab:
    """A pristine tree, a port, and a cache, all below one directory."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.overlay, pristine = root / "linux/overlay", root / "pristine"
        (root / "linux/patches").mkdir(parents=True)
        pristine.mkdir()
        (pristine / "Makefile").write_text(TOP)
        files = {
            "arch/lkl/objects": "a b\n",
            "arch/lkl/a.c": "int a;\n",
            "arch/lkl/b.c": "int b;\n",
            "arch/lkl/configs/defconfig": "CONFIG_NET=y\n",
            "arch/lkl/configs/kunit.config": "CONFIG_KUNIT=y\n",
            "tools/lkl/Makefile": TOOLS,
            "tools/lkl/process/Makefile": PROCESS,
        }
        for name, text in files.items():
            self.write(name, text)
        self.port = root / "linux"
        monkeypatch.setattr(paths, "KERNEL", root / "kernel")
        monkeypatch.setattr(paths, "CACHE", root)
        monkeypatch.setattr(runu, "libraries", lambda: None)
        monkeypatch.setattr(base, "current", lambda: Source("6.12.7", "a test", pristine))
        read = series.read
        monkeypatch.setattr(series, "read", lambda: read(self.port))
        monkeypatch.setattr(build, "NEEDED_BYTES", 0)
        prefix = root / "libc" / "prefix-of-a-test"
        (prefix / "lib").mkdir(parents=True)
        (prefix / "lib" / "libc.so").write_text("a library")
        monkeypatch.setattr(libc, "run", lambda: prefix)

    def write(self, name: str, text: str) -> None:
        file = self.overlay / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    @staticmethod
    def compiled() -> list[str]:
        """Objects that the last make made."""
        lines = build.plan().log.read_text().splitlines()
        return sorted(line.split()[1] for line in lines if line.startswith("  CC"))


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(tmp_path, monkeypatch)


def test_a_build_installs_and_describes_what_it_made(lab: Lab) -> None:
    made = build.run()
    assert made.fresh
    assert (paths.KERNEL / "current").resolve() == made.prefix.resolve()
    assert paths.lkl_prefix() == made.prefix.resolve()
    facts = json.loads((made.prefix / "build.json").read_text())
    assert facts["source_version"] == "6.12.7"
    assert facts["key"] == made.key
    assert {"series", "patch_hash", "config_hash", "compiler"} <= set(facts)
    assert lab.compiled() == ["arch/lkl/a.o", "arch/lkl/b.o"]


def test_a_second_build_does_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build.run()
    monkeypatch.delattr(build, "_build")
    again = build.run()
    assert (again.key, again.fresh) == (first.key, False)


def test_one_changed_file_compiles_one_object(lab: Lab) -> None:
    first = build.run()
    lab.write("arch/lkl/b.c", "int bb;\n")
    second = build.run()
    assert lab.compiled() == ["arch/lkl/b.o"]
    assert second.key != first.key
    assert (paths.KERNEL / "current").resolve() == second.prefix.resolve()


def test_going_back_takes_the_earlier_result(lab: Lab) -> None:
    first = build.run()
    lab.write("arch/lkl/b.c", "int bb;\n")
    build.run()
    lab.write("arch/lkl/b.c", "int b;\n")
    assert build.run() == build.Build(first.prefix, first.key, fresh=False)
    assert (paths.KERNEL / "current").resolve() == first.prefix.resolve()


def test_a_compile_error_is_shown_with_its_log_and_nothing_is_installed(lab: Lab) -> None:
    lab.write("arch/lkl/b.c", "int b\nint c;\n")
    with pytest.raises(ArtifactError, match=r"make kernel failed.*b\.c:1:6: error:") as caught:
        build.run()
    assert "full log: " in str(caught.value)
    assert not [*paths.KERNEL.glob("prefix-*"), *paths.KERNEL.glob("new-*")]
    lab.write("arch/lkl/b.c", "int b;\n")
    assert build.run().fresh


def test_kunit_has_its_own_objects_and_its_own_link(lab: Lab) -> None:
    normal, kunit = build.run(), build.run("kunit")
    assert normal.prefix != kunit.prefix
    assert (paths.KERNEL / "current").resolve() == normal.prefix.resolve()
    assert (paths.KERNEL / "current-kunit").resolve() == kunit.prefix.resolve()


def test_an_option_that_kconfig_drops_is_an_error(lab: Lab) -> None:
    drop = "defconfig: ; @grep -v LOST arch/lkl/configs/defconfig > $(O)/.config"
    pristine = base.current()
    assert pristine is not None
    top = pristine.tree / "Makefile"
    top.write_text(TOP.replace("defconfig: ; @cp arch/lkl/configs/defconfig $(O)/.config", drop))
    lab.write("arch/lkl/configs/defconfig", "CONFIG_NET=y\nCONFIG_LOST=y\n")
    with pytest.raises(ArtifactError, match="Kconfig dropped CONFIG_LOST=y"):
        build.run()


def test_two_checkouts_keep_their_own_trees(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build.plan()
    build.run()
    monkeypatch.setattr(paths, "REPO", tmp_path / "elsewhere")
    assert build.plan().work != first.work
    assert not build.run().fresh  # the same content needs no second build
    lab.write("arch/lkl/a.c", "int aa;\n")
    build.run()
    assert (first.tree / "arch/lkl/a.c").read_text() == "int a;\n"


def test_old_results_are_forgotten_but_never_the_current_one(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefixes, "KEPT", 2)
    for number in range(4):
        lab.write("arch/lkl/a.c", f"int a{number};\n")
        last = build.run()
    assert len([*paths.KERNEL.glob("prefix-*")]) == 2
    assert last.prefix.is_dir()


def test_no_space_and_unknown_configuration_are_one_line(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "NEEDED_BYTES", 1 << 60)
    with pytest.raises(ArtifactError, match=r"GB free .* the kernel build needs"):
        build.run()
    with pytest.raises(ArtifactError, match="unknown kernel configuration 'big'"):
        build.run("big")
