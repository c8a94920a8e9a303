# SPDX-License-Identifier: GPL-2.0-only
"""A root directory as an image archive that docker, podman and containerd load alike.

One tar file, read in two ways: as an OCI image layout (oci-layout, index.json) by containerd
and podman, as the older form of `docker save` (manifest.json) by docker. Both name the same
layer and configuration below blobs/. The same directory gives the same octets.

Sources: the OCI image specification 1.0 (layout, manifest, config, annotations); the Docker
image specification 1.2.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from artifact.images import tree

MEDIA = "application/vnd.oci.image"
CREATED = "1980-01-01T00:00:00Z"  # as the files: tree.TIME
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Config:
    """What an image says of itself (the specification's Config)."""

    cmd: Sequence[str] = ()
    entrypoint: Sequence[str] = ()
    env: Sequence[str] = (PATH,)
    user: str = ""
    workdir: str = "/"
    labels: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """In the specification's words."""
        return {
            "Cmd": list(self.cmd) or None,
            "Entrypoint": list(self.entrypoint) or None,
            "Env": list(self.env),
            "User": self.user,
            "WorkingDir": self.workdir,
            "Labels": dict(self.labels),
        }


def _owner(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Files belong to root by number alone, whatever that is called here."""
    entry.uname = entry.gname = ""
    return entry


def write_layer(root: Path, layer: Path) -> None:
    """The directory's content as an uncompressed tar file."""
    with tarfile.open(layer, "w", format=tarfile.PAX_FORMAT) as tar:
        for path in tree.walk(root):
            tar.add(path, arcname=str(path.relative_to(root)), recursive=False, filter=_owner)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class _Writer:
    """Blobs of one archive, each written once."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._written: set[str] = set()

    def octets(self, name: str, data: bytes) -> None:
        """A small file."""
        entry = tarfile.TarInfo(name)
        entry.size, entry.mtime = len(data), tree.TIME
        self._tar.addfile(entry, io.BytesIO(data))

    def blob(self, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        """A JSON document as a blob; its descriptor."""
        data = json.dumps(content, sort_keys=True).encode()
        name = _digest(data)
        self.octets(f"blobs/sha256/{name}", data)
        return {"mediaType": f"{MEDIA}.{kind}", "digest": f"sha256:{name}", "size": len(data)}

    def layer(self, file: Path) -> dict[str, Any]:
        """A tar file as a blob; its descriptor."""
        with file.open("rb") as stream:
            name = hashlib.file_digest(stream, "sha256").hexdigest()
            entry = tarfile.TarInfo(f"blobs/sha256/{name}")
            entry.size, entry.mtime = file.stat().st_size, tree.TIME
            stream.seek(0)
            self._tar.addfile(entry, stream)
        kind = f"{MEDIA}.layer.v1.tar"
        return {"mediaType": kind, "digest": f"sha256:{name}", "size": entry.size}


def _place(descriptor: dict[str, Any]) -> str:
    return "blobs/sha256/" + str(descriptor["digest"]).removeprefix("sha256:")


def write(root: Path, name: str, config: Config, output: Path) -> Path:
    """Write the image `name` (repository:tag) of a root directory to `output`."""
    fresh = output.with_name(f"{output.name}.{os.getpid()}")
    scratch = fresh.with_suffix(".layer")
    try:
        write_layer(root, scratch)
        with tarfile.open(fresh, "w", format=tarfile.USTAR_FORMAT) as tar:
            _fill(_Writer(tar), scratch, name, config)
        fresh.replace(output)
    finally:
        scratch.unlink(missing_ok=True)
        fresh.unlink(missing_ok=True)
    return output


def _fill(archive: _Writer, layer_file: Path, name: str, config: Config) -> None:
    layer = archive.layer(layer_file)
    facts = {
        "created": CREATED,
        "architecture": "amd64",
        "os": "linux",
        "config": config.as_dict(),
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
        "history": [{"created": CREATED, "created_by": "artifact/engines/archive.py"}],
    }
    described = archive.blob("config.v1+json", facts)
    manifest = archive.blob(
        "manifest.v1+json",
        {
            "schemaVersion": 2,
            "mediaType": f"{MEDIA}.manifest.v1+json",
            "config": described,
            "layers": [layer],
        },
    )
    named = {
        "io.containerd.image.name": f"docker.io/library/{name}",
        "org.opencontainers.image.ref.name": name.rpartition(":")[2],
    }
    index = {"schemaVersion": 2, "manifests": [{**manifest, "annotations": named}]}
    older = [{"Config": _place(described), "RepoTags": [name], "Layers": [_place(layer)]}]
    for file, content in (
        ("index.json", index),
        ("oci-layout", {"imageLayoutVersion": "1.0.0"}),
        ("manifest.json", older),
    ):
        archive.octets(file, json.dumps(content, sort_keys=True).encode())
