# SPDX-License-Identifier: GPL-2.0-only
"""`invoke libc` on a C library of a few lines with musl's configure and make interface."""

import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from artifact import paths, proc
from artifact.errors import ArtifactError
from artifact.kernel import base, series
from artifact.libc import build, fetch, headers

CONFIGURE = """\
#!/bin/sh
here=$(dirname "$0")
cat > Makefile <<END
all: libc.so
libc.so: $here/src/a.c ; gcc -c -o obj/a.lo \\$< 2>/dev/null || gcc -c -o \\$@ \\$<
install: ; mkdir -p \\$(DESTDIR)/lib \\$(DESTDIR)/include && cp libc.so \\$(DESTDIR)/lib
END
"""
PATCH = """\
a: two instead of one, because this test wants to see a patch at work

--- a/src/a.c
+++ b/src/a.c
@@ -1 +1 @@
-int a = 1;
+int a = 2;
"""


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache, a pristine tree and a port below one directory."""
    pristine, port, uapi = tmp_path / "pristine", tmp_path / "port", tmp_path / "uapi"
    for directory in (pristine / "src", port / "overlay/src", port / "patches", uapi / "linux"):
        directory.mkdir(parents=True)
    (uapi / "linux/types.h").touch()
    (pristine / "src/a.c").write_text("int a = 1;\n")
    (pristine / "configure").write_text(CONFIGURE)
    (pristine / "configure").chmod(0o755)
    (port / "overlay/src/b.c").write_text("int b;\n")
    (port / "patches/0001-a.patch").write_text(PATCH)
    (port / "patches/series").write_text("0001-a.patch\n")
    monkeypatch.setattr(paths, "LIBC", tmp_path / "libc")
    monkeypatch.setattr(paths, "CACHE", tmp_path)
    monkeypatch.setattr(build, "PORT", port)
    monkeypatch.setattr(build, "NEEDED_BYTES", 0)
    monkeypatch.setattr(base, "current", lambda: base.Source("6.12.7", "a test", tmp_path))
    monkeypatch.setattr(fetch, "run", lambda: fetch.Source("1.2.5-1", "a test", pristine))
    monkeypatch.setattr(headers, "run", lambda *_: uapi)
    (tmp_path / "libc").mkdir()
    return port


def test_a_build_installs_library_headers_and_wrappers(lab: Path) -> None:
    prefix = build.run()
    assert (paths.LIBC / "current").resolve() == prefix
    assert paths.libc_prefix() == paths.LIBC / "current"
    for name in ("lib/libc.so", "lib/uk-gcc.specs", "bin/ukcc", "include/linux/types.h"):
        assert (prefix / name).is_file()
    assert (prefix / "lib/ld-musl-x86_64.so.1").resolve() == prefix / "lib/libc.so"
    assert (prefix / "lib/libgcc.a").is_file()
    facts = json.loads((prefix / "build.json").read_text())
    assert facts["patches"] == ["0001-a.patch"]
    assert facts["kernel_headers"] == "6.12.7"
    assert not [*paths.LIBC.glob("new-*")]


def test_nothing_is_done_twice(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = build.run()
    build.log().unlink()
    assert build.run() == first
    assert not build.log().exists()
    assert "nothing to do" in capsys.readouterr().out


def test_another_port_is_another_result(lab: Path) -> None:
    first = build.run()
    (lab / "overlay/src/b.c").write_text("int b = 1;\n")
    second = build.run()
    assert first != second
    assert first.is_dir()
    assert (paths.LIBC / "current").resolve() == second


def test_a_failure_leaves_the_last_result_in_place(lab: Path) -> None:
    first = build.run()
    (lab / "patches/0001-a.patch").write_text(PATCH.replace("+int a = 2;", "+int a = ;"))
    with pytest.raises(ArtifactError, match=r"make musl failed.*error") as caught:
        build.run()
    assert "libc.log" in caught.value.remedy
    assert (paths.LIBC / "current").resolve() == first
    assert not [*paths.LIBC.glob("new-*")]
    assert len([*paths.LIBC.glob("prefix-*")]) == 1


def test_the_real_port_is_sound() -> None:
    port = series.read(build.PORT)
    assert "src/internal/x86_64/uk_entry.s" in port.overlay
    assert "arch/x86_64/syscall_arch.h" in port.touched


def package(directory: Path, patch: str) -> list[Path]:
    """A source package of one file with one patch, as the two tarballs of its format."""
    tree = directory / "musl-1.2.5"
    (tree / "src").mkdir(parents=True)
    (tree / "src/a.c").write_text("int a = 1;\n")
    debian = directory / "debian"
    (debian / "patches").mkdir(parents=True)
    (debian / "patches/series").write_text("# the fixes\nfix.patch\n")
    (debian / "patches/fix.patch").write_text(patch)
    orig = directory / "musl_1.2.5.orig.tar.gz"
    packaging = directory / "musl_1.2.5-3.1~deb13u1.debian.tar.xz"
    with tarfile.open(orig, "w:gz") as archive:
        archive.add(tree, tree.name)
    with tarfile.open(packaging, "w:xz") as archive:
        archive.add(debian, "debian")
    signature = directory / "musl_1.2.5.orig.tar.gz.asc"
    signature.touch()
    return [orig, signature, packaging]


def test_a_source_package_is_unpacked_with_its_patches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "CACHE", tmp_path)
    version = fetch.unpack(package(tmp_path, PATCH), tmp_path / "tree")
    assert version == "1.2.5-3.1~deb13u1"
    assert (tmp_path / "tree/src/a.c").read_text() == "int a = 2;\n"


def test_a_source_package_that_is_not_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "CACHE", tmp_path)
    files = package(tmp_path, PATCH.replace("int a = 1", "int other = 1"))
    with pytest.raises(ArtifactError, match="patch failed"):
        fetch.unpack(files, tmp_path / "tree")
    with pytest.raises(ArtifactError, match=r"expected one \.orig\.tar\. file"):
        fetch.unpack(files[2:], tmp_path / "other")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The wrappers in a prefix, found through a link, with a gcc that prints its words."""
    prefix = tmp_path / "prefix-1"
    proc.run(["cp", "-r", paths.REPO / build.SYSROOT, prefix])
    (tmp_path / "current").symlink_to("prefix-1")
    gcc = tmp_path / "gcc"
    gcc.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    gcc.chmod(0o755)
    return tmp_path


def wrapper(home: Path, name: str, *words: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"REALGCC": str(home / "gcc"), "REALGXX": str(home / "gcc")}
    argv = [home / name, *words]
    return subprocess.run(argv, env=env, capture_output=True, text=True, check=False)


def test_the_wrapper_stays_with_the_link_it_was_called_by(installed: Path) -> None:
    root = f"{installed}/current"
    want = [
        f"--sysroot={root}",
        f"-B{root}/lib/",
        f"-specs={root}/lib/uk-gcc.specs",
        "-c",
        "two words.c",
    ]
    done = wrapper(installed, "current/bin/ukcc", "-c", "two words.c")
    assert done.stdout.splitlines() == want
    (installed / "cc").symlink_to("current/bin/ukcc")
    assert f"--sysroot={installed}/prefix-1" in wrapper(installed, "cc").stdout


def test_the_cxx_wrapper_wants_its_library(installed: Path) -> None:
    done = wrapper(installed, "current/bin/ukc++", "a.cc")
    assert done.returncode == 1
    assert "run: invoke libc --cxx" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    (installed / "prefix-1/cxx/include").mkdir(parents=True)
    done = wrapper(installed, "current/bin/ukc++", "a.cc")
    assert f"{installed}/current/cxx/include" in done.stdout.splitlines()
