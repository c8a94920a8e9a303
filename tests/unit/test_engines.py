# SPDX-License-Identifier: GPL-2.0-only
"""Engines without one: archives, configuration, words."""

import hashlib
import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from artifact import paths
from artifact.engines import archive, runtimes
from artifact.engines.archive import Config
from artifact.engines.docker import configuration
from artifact.engines.enclosure import Enclosure, join, processes
from artifact.engines.runtimes import Runtime
from artifact.errors import Unavailable


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "root"
    (directory / "bin").mkdir(parents=True)
    (directory / "tmp").mkdir()
    (directory / "tmp").chmod(0o1777)
    (directory / "bin" / "tool").write_bytes(b"\x7fELF")
    (directory / "bin" / "tool").chmod(0o4755)
    (directory / "bin" / "link").symlink_to("tool")
    os.link(directory / "bin" / "tool", directory / "bin" / "same")
    return directory


def members(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as tar:
        found = {entry.name: tar.extractfile(entry) for entry in tar if entry.isfile()}
        return {name: stream.read() for name, stream in found.items() if stream}


def document(content: dict[str, bytes], name: str) -> Any:
    return json.loads(content[name])


def blob(content: dict[str, bytes], descriptor: dict[str, Any]) -> bytes:
    """What a descriptor names, checked against it."""
    algorithm, _, digest = descriptor["digest"].partition(":")
    data = content[f"blobs/{algorithm}/{digest}"]
    assert hashlib.sha256(data).hexdigest() == digest
    assert len(data) == descriptor["size"]
    return data


def test_an_archive_is_an_oci_layout_and_a_docker_save(root: Path, tmp_path: Path) -> None:
    file = archive.write(root, "uk-x:latest", Config(cmd=("/bin/tool",)), tmp_path / "x.tar")
    content = members(file)
    assert document(content, "oci-layout") == {"imageLayoutVersion": "1.0.0"}
    (entry,) = document(content, "index.json")["manifests"]
    assert entry["annotations"]["io.containerd.image.name"] == "docker.io/library/uk-x:latest"
    manifest = json.loads(blob(content, entry))
    (layer,) = manifest["layers"]
    blob(content, layer)
    config = json.loads(blob(content, manifest["config"]))
    assert config["config"]["Cmd"] == ["/bin/tool"]
    assert config["rootfs"]["diff_ids"] == [layer["digest"]]
    (older,) = document(content, "manifest.json")
    assert older["RepoTags"] == ["uk-x:latest"]
    assert json.loads(content[older["Config"]]) == config
    assert older["Layers"] == ["blobs/sha256/" + layer["digest"].removeprefix("sha256:")]
    assert [p.name for p in tmp_path.iterdir() if p.name != "root"] == ["x.tar"]


def test_a_layer_keeps_what_a_file_is(root: Path, tmp_path: Path) -> None:
    layer = tmp_path / "layer.tar"
    archive.write_layer(root, layer)
    with tarfile.open(layer) as tar:
        entries = {entry.name: entry for entry in tar}
    assert entries["tmp"].mode == 0o1777
    assert entries["bin/link"].linkname == "tool"
    assert {entries["bin/tool"].mode, entries["bin/same"].mode} == {0o4755}
    assert {entries["bin/tool"].type, entries["bin/same"].type} == {
        tarfile.REGTYPE,
        tarfile.LNKTYPE,
    }
    assert not any(entry.uname or entry.gname for entry in entries.values())


def test_equal_content_is_an_equal_archive(root: Path, tmp_path: Path) -> None:
    once = archive.write(root, "a:b", Config(), tmp_path / "1.tar").read_bytes()
    assert archive.write(root, "a:b", Config(), tmp_path / "2.tar").read_bytes() == once
    (root / "bin" / "tool").write_bytes(b"\x7fELG")
    assert archive.write(root, "a:b", Config(), tmp_path / "3.tar").read_bytes() != once


def test_daemon_json_declares_the_runtimes_but_dockers_own(tmp_path: Path) -> None:
    known = {
        "runc": Runtime("runc", Path("/usr/sbin/runc")),
        "runu": Runtime("runu", Path("/opt/runu"), ("--debug",)),
    }
    written = configuration(tmp_path, tmp_path / "lower.sock", known)
    script = tmp_path / "runtime-runu"
    assert written["runtimes"] == {"runu": {"path": str(script)}}
    assert "exec /opt/runu --debug " in script.read_text()
    assert written["containerd"] == str(tmp_path / "lower.sock")


def test_a_runtime_that_is_not_built_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "liblkl.so").touch()
    monkeypatch.setenv("UK_LKL_PREFIX", str(tmp_path))
    with pytest.raises(Unavailable, match="runu is not built"):
        runtimes.find("runu")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "runu").touch()
    assert runtimes.find("runu").program == tmp_path / "bin" / "runu"


def test_join_writes_the_process_to_each_group_or_stops(tmp_path: Path) -> None:
    groups = [tmp_path / "a", tmp_path / "b b"]
    for group in groups:
        group.mkdir()
    done = subprocess.run(
        [*join(groups), "sh", "-c", "echo $$ $1", "-", "x  y"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    pid = done.stdout.split()[0]
    assert [(group / "cgroup.procs").read_text() for group in groups] == [f"{pid}\n"] * 2
    done = subprocess.run(
        [*join([tmp_path / "absent"]), "echo", "ran"], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (125, b"")


def test_the_program_to_enter_by_quotes_its_words(tmp_path: Path) -> None:
    inside = Enclosure(tmp_path, 1, (tmp_path / "a group",), {"NAME": "two words"})
    text = inside.write_enter().read_text()
    assert "'NAME=two words'" in text
    assert f"'{tmp_path}/a group'" in text
    assert os.access(tmp_path / "enter", os.X_OK)


def test_processes_of_our_own_namespace_include_us() -> None:
    assert os.getpid() in {process.pid for process in processes(os.getpid())}


def test_the_enclosures_script_is_posix_shell() -> None:
    script = paths.REPO / "artifact" / "engines" / "enclosure.sh"
    subprocess.run(["sh", "-n", script], check=True)
