# SPDX-License-Identifier: GPL-2.0-only
"""A private image becomes one file: its layout, and what is refused."""

import os
from pathlib import Path

import pytest

from artifact import proc
from artifact.errors import ArtifactError, Unavailable
from artifact.images import pack

ROOT_MAGIC = b"\xe2\xe1\xf5\xe0"  # of an erofs superblock, 1024 octets into the image


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "bin").mkdir(parents=True)
    (root / "bin/tool").write_text("#!/bin/sh\n")
    return root


@pytest.fixture
def launcher(tmp_path: Path) -> Path:
    file = tmp_path / "ukrun"
    file.write_bytes(b"launcher" * 1000)
    return file


def test_the_layout(root: Path, launcher: Path, tmp_path: Path) -> None:
    if proc.which("mkfs.erofs") is None:
        pytest.skip("mkfs.erofs is not installed")
    file = pack.pack(root, "/bin/tool", tmp_path / "tool-uk", launcher)
    data = file.read_bytes()
    assert os.access(file, os.X_OK)
    assert data.startswith(launcher.read_bytes())
    trailer = data[-pack.TRAILER.size :]
    magic, start, length, name = pack.TRAILER.unpack(trailer)
    assert (magic, start, name.rstrip(b"\0")) == (pack.MAGIC, 8192, b"/bin/tool")
    assert start + length + pack.TRAILER.size == len(data)
    assert data[start + 1024 : start + 1028] == ROOT_MAGIC
    assert not (root / "host").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["root", "tool-uk", "ukrun"]


def test_the_same_root_gives_the_same_file(root: Path, launcher: Path, tmp_path: Path) -> None:
    if proc.which("mkfs.erofs") is None:
        pytest.skip("mkfs.erofs is not installed")
    files = [pack.pack(root, "/bin/tool", tmp_path / name, launcher) for name in ("a", "b")]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("/bin/absent", "has no /bin/absent; name a program of the root"),
        ("/bin", "has no /bin"),
        ("/bin/" + "x" * 230, "longer than 231 octets"),
    ],
)
def test_a_bad_program(root: Path, launcher: Path, tmp_path: Path, program: str, why: str) -> None:
    if len(program) > 200:
        (root / program.lstrip("/")).write_text("")
    with pytest.raises(ArtifactError, match=why):
        pack.pack(root, program, tmp_path / "out", launcher)
    assert not (tmp_path / "out").exists()


def test_without_mkfs_the_package_is_named(
    root: Path, launcher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proc, "which", lambda _: None)
    with pytest.raises(Unavailable, match=r"mkfs.erofs is not installed.*erofs-utils"):
        pack.pack(root, "/bin/tool", tmp_path / "out", launcher)
    assert not [*tmp_path.glob("uk-pack-*")]


def test_an_absent_launcher_is_told(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="absent: No such file"):
        pack.pack(root, "/bin/tool", tmp_path / "out", tmp_path / "absent")
