# SPDX-License-Identifier: GPL-2.0-only
"""Private images: kernel, C library, program and its files in one executable file.

    ukrun | padding to 4 KiB | erofs image of the root | trailer of 256 octets

The trailer (tools/lkl/process/packed.c) says where the image begins and which program of it
is started. erofs is made uncompressed, so that program text is mapped from the file itself.
"""

import hashlib
import shutil
import struct
import tempfile
from pathlib import Path

from artifact import paths, proc
from artifact.errors import ArtifactError, Unavailable
from artifact.images.builder import Built
from artifact.kernel.fetch import locked

MAGIC = b"UKIMAGE1"
NAME_OCTETS = 232
TRAILER = struct.Struct(f"<8sQQ{NAME_OCTETS}s")
BLOCK = 4096


def pack(root: Path, program: str, output: Path, ukrun: Path | None = None) -> Path:
    """Write `output`, which runs `program` (a path below `root`) on the library kernel.

    The root gets a directory /host, where the file shows the working directory it is started
    in. ArtifactError when the program is missing or its name is too long.
    """
    launcher = ukrun or paths.lkl_prefix() / "bin" / "ukrun"
    name = program.encode()
    if not (root / program.lstrip("/")).is_file():
        raise ArtifactError(f"{root} has no {program}", "name a program of the root")
    if len(name) >= NAME_OCTETS:
        raise ArtifactError(f"{program}: longer than {NAME_OCTETS - 1} octets")
    try:
        head = launcher.read_bytes()
    except OSError as error:
        raise ArtifactError(f"{launcher}: {error.strerror}", "run: invoke build") from error
    maker = proc.need("mkfs.erofs", "erofs-utils")
    with tempfile.TemporaryDirectory(prefix="uk-pack-", dir=output.parent) as directory:
        image = Path(directory) / "root.erofs"
        tree = Path(directory) / "root"
        proc.run(["cp", "-a", "--reflink=auto", root, tree])
        (tree / "host").mkdir(exist_ok=True)
        proc.run([maker, "-T0", "-U", "00000000-0000-0000-0000-000000000000", image, tree])
        start = -(-len(head) // BLOCK) * BLOCK
        data = image.read_bytes()
        fresh = Path(directory) / "packed"
        trailer = TRAILER.pack(MAGIC, start, len(data), name)
        fresh.write_bytes(head.ljust(start, b"\0") + data + trailer)
        fresh.chmod(0o755)
        fresh.replace(output)
    return output


def packed(built: Built) -> Path:
    """The one file of a private image, such as `python-uk`, made once for each ukrun.

    It lies in the image's directory, which its name and a key of ukrun decide.
    """
    ukrun = paths.lkl_prefix() / "bin" / "ukrun"
    if not ukrun.is_file():
        raise Unavailable(f"{ukrun} is missing", "run: invoke build")
    with ukrun.open("rb") as source:
        key = hashlib.file_digest(source, "sha256").hexdigest()[:16]
    final = built.directory / f"packed-{key}" / f"{built.name}-uk"
    with locked(built.directory / "pack.lock"):
        if not final.is_file():
            for old in built.directory.glob("packed-*"):
                shutil.rmtree(old)
            final.parent.mkdir()
            pack(built.rootfs, built.argv[0], final, ukrun)
    return final
