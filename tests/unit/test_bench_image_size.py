# SPDX-License-Identifier: GPL-2.0-only
"""Sizes of images: counted as files, and as what compressors make of the layer."""

import gzip
import os
from pathlib import Path

import pytest

from artifact import figures, proc, tables
from artifact.bench import image_size
from artifact.errors import Unavailable
from artifact.systems import registry


@pytest.fixture
def place(tmp_path: Path) -> Path:
    if proc.which("zstd") is None:
        pytest.skip("zstd is not installed")
    directory = tmp_path / "work"
    directory.mkdir()
    return directory


def test_gzip_counts_as_gzip_does(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(os.urandom(10_000) + bytes(3_000_000))
    whole = len(gzip.compress(file.read_bytes(), image_size.GZIP_LEVEL))
    assert abs(image_size.gzipped(file) - whole) <= 16


def test_a_directory_counts_each_file_once(tmp_path: Path, place: Path) -> None:
    root = tmp_path / "root"
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "tool").write_bytes(bytes(50_000))
    os.link(root / "bin" / "tool", root / "bin" / "same")
    (root / "bin" / "link").symlink_to("tool")
    (root / "noise").write_bytes(os.urandom(20_000))
    size = image_size.of_directory(root, place)
    assert size.unpacked == 70_000
    assert 20_000 < size.zstd < 25_000
    assert 20_000 < size.gzip < 25_000


def test_every_system_of_the_table_is_implemented() -> None:
    assert image_size.SYSTEMS.keys() == {row.name for row in registry.of(registry.IMAGE_SIZE)}


def test_what_is_not_here_is_skipped_with_its_reason(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = {
        ("hello", ""): image_size.Size(3, 2, 1),
        ("shared", "runtime"): image_size.Size(6, 5, 4),
    }

    def some(_: object, system: str) -> dict[tuple[str, str], image_size.Size]:
        if system != "runc":
            raise Unavailable(f"{system} is away")
        return sizes

    monkeypatch.setattr(image_size, "sizes", some)
    run = image_size.run("smoke")
    rows = [row[:-1] for row in tables.image_size(run).cells if row[0] == "runc"]
    assert rows == [
        ["runc", "hello", "3.00 B", "2.00 B", "1.00 B"],
        ["runc", "shared: runtime", "6.00 B", "5.00 B", "4.00 B"],
    ]
    (row,) = [row for row in tables.image_size(run).cells if row[0] == "crun"]
    assert row[-1] == "not run: crun is away"
    assert b"shared" in figures.image_size(run).render("svg")


def test_with_nothing_here_the_reasons_are_told(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(_: object, system: str) -> None:
        raise Unavailable(f"{system} is away")

    monkeypatch.setattr(image_size, "sizes", nothing)
    with pytest.raises(Unavailable, match="runc is away"):
        image_size.run("smoke")
