# SPDX-License-Identifier: GPL-2.0-only
"""The private apt: the mirror is read, never written down; every file is checked."""

import hashlib
from pathlib import Path

import pytest

from artifact import aptroot
from artifact.errors import ArtifactError, Unavailable

LISTING = """\
bookworm-updates main http://mirror.example/debian/
bookworm main http://mirror.example/debian/
bookworm-security main http://mirror.example/debian-security/
"""


def test_the_mirror_is_the_one_of_the_running_suite() -> None:
    assert aptroot.pick_mirror(LISTING, "bookworm") == "http://mirror.example/debian/"


def test_no_mirror_is_one_line_with_the_way_out() -> None:
    with pytest.raises(Unavailable, match=r"no source for trixie main.*UK_APT_MIRROR"):
        aptroot.pick_mirror(LISTING, "trixie")


def test_an_override_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UK_APT_MIRROR", "file:/mirror")
    assert aptroot.mirror() == "file:/mirror"


def test_options_keep_everything_below_the_root(tmp_path: Path) -> None:
    apt = aptroot.PrivateApt("trixie", ("main", "non-free"), root=tmp_path, uri="file:/mirror")
    places = [word.split("=", 1)[1] for word in apt.options() if word.startswith("Dir::")]
    assert places
    assert all(place.startswith(str(tmp_path)) for place in places)
    assert "signed-by=" in apt.sources_list()
    assert apt.sources_list().count(" file:/mirror trixie main non-free") == 2


def announced(data: bytes) -> str:
    return f"'http://mirror.example/p/a_1.deb' a_1.deb {len(data)} SHA256:{sha256(data)}"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_an_announced_file_is_recognised_by_size_and_hash(tmp_path: Path) -> None:
    (remote,) = aptroot.parse_uris("Need to get 3 B\n" + announced(b"abc"))
    file = tmp_path / remote.name
    assert not remote.matches(file)
    file.write_bytes(b"abd")
    assert not remote.matches(file)
    file.write_bytes(b"abc")
    assert remote.matches(file)


def test_a_file_without_a_hash_is_refused() -> None:
    with pytest.raises(ArtifactError, match="without a usable hash"):
        aptroot.parse_uris("'http://mirror.example/a' a 3 ")


def test_a_mirror_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    apt = aptroot.PrivateApt("trixie", root=tmp_path / "apt", uri=f"file:{tmp_path}/nothing")
    if not aptroot.KEYRING.exists():
        pytest.skip(f"{aptroot.KEYRING} is missing")
    with pytest.raises(ArtifactError, match=r"apt-get failed with exit code 100.*full log"):
        apt.update()
