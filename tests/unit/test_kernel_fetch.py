# SPDX-License-Identifier: GPL-2.0-only
"""The tarball way of `invoke fetch`, against a local mirror with a small kernel-like tree."""

import functools
import http.server
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from artifact import aptroot
from artifact.errors import ArtifactError, Unavailable
from artifact.kernel import base, download, fetch

PINS = base.read()
NAME = f"linux-{PINS.tarball_version}"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """The test's output is not the place for access logs."""


def make_tarball(directory: Path, version: str) -> Path:
    numbers = dict(zip(("VERSION", "PATCHLEVEL", "SUBLEVEL"), version.split("."), strict=True))
    tree = directory / "tree" / NAME
    (tree / "kernel").mkdir(parents=True)
    (tree / "kernel/fork.c").write_text("int fork;\n")
    head = "".join(f"{key} = {value}\n" for key, value in numbers.items())
    (tree / "Makefile").write_text(f"# SPDX-License-Identifier: GPL-2.0\n{head}EXTRAVERSION =\n")
    tarball = directory / f"{NAME}.tar.xz"
    with tarfile.open(tarball, "w:xz") as archive:
        archive.add(tree, NAME)
    return tarball


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of our own, and pins that name the small tarball."""
    sha256 = download.digest(make_tarball(tmp_path, PINS.tarball_version))
    monkeypatch.setattr(base, "SOURCES", tmp_path / "src")
    monkeypatch.setattr(base, "read", lambda: replace(PINS, tarball_sha256=sha256))
    monkeypatch.setattr(base, "current", functools.partial(base.current, tmp_path / "src"))
    monkeypatch.setattr(
        base, "note", lambda source: ORIGINAL_NOTE(source, sources=tmp_path / "src")
    )
    return tmp_path / "src"


ORIGINAL_NOTE = base.note


def test_the_tarball_is_fetched_unpacked_and_recorded(mirror: str, sources: Path) -> None:
    source = fetch.run(url=mirror)
    assert source.version == PINS.tarball_version
    assert (source.tree / "kernel/fork.c").read_text() == "int fork;\n"
    assert source.tree == sources / PINS.tarball_version / base.TREE
    assert "sha256" in source.origin
    assert base.current() == source
    left = {file.name for file in sources.iterdir()}
    assert left == {"lock", "current.json", "download", PINS.tarball_version}
    assert [*(sources / "download").iterdir()] == []


def test_a_second_fetch_does_nothing(
    mirror: str, sources: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = fetch.run(url=mirror)
    monkeypatch.delattr(fetch, "_bring")
    assert fetch.run(url=mirror) == first
    assert fetch.run() == first
    assert "is here" in capsys.readouterr().out


def test_the_address_can_come_from_the_environment(
    mirror: str, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(fetch.URL_VARIABLE, mirror)
    assert fetch.run().version == PINS.tarball_version


def test_without_apt_the_pinned_address_is_taken(
    mirror: str, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_apt() -> str:
        raise Unavailable("this is fedora, not Debian")

    pins = replace(base.read(), tarball_url=mirror)
    monkeypatch.setattr(base, "read", lambda: pins)
    monkeypatch.setattr(aptroot, "host_codename", no_apt)
    assert fetch.run().version == PINS.tarball_version


def test_a_damaged_tarball_leaves_no_tree(
    mirror: str, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / f"{NAME}.tar.xz"
    file.write_bytes(file.read_bytes()[:-40])
    pins = replace(PINS, tarball_sha256=download.digest(file))
    monkeypatch.setattr(base, "read", lambda: pins)
    with pytest.raises(ArtifactError, match="cannot unpack the kernel source"):
        fetch.run(url=mirror)
    assert base.current() is None
    assert not [*sources.glob("unpack-*")]


def test_another_series_is_refused(
    mirror: str, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    file = make_tarball(tmp_path / "other", "6.13.1")
    pins = replace(PINS, tarball_sha256=download.digest(file))
    monkeypatch.setattr(base, "read", lambda: pins)
    with pytest.raises(ArtifactError, match=r"got Linux 6\.13\.1, the port is for 6\.12"):
        fetch.run(url=f"{mirror}other")
    assert base.current() is None


def test_no_space_is_said_before_anything_is_downloaded(
    mirror: str, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "NEEDED_BYTES", 1 << 60)
    with pytest.raises(ArtifactError, match=r"GB free in .*, the kernel source needs"):
        fetch.run(url=mirror)


def test_suites_are_tried_in_order_without_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aptroot, "host_codename", lambda: "trixie")
    pins = replace(PINS, suites=("trixie", "{running}", "{running}-backports"))
    assert fetch.suites(pins) == ["trixie", "trixie-backports"]


def test_the_committed_pins_are_complete() -> None:
    assert PINS.tarball_version.startswith(PINS.series + ".")
    assert len(bytes.fromhex(PINS.tarball_sha256)) == 32
    assert PINS.tarball_url.startswith("https://")
