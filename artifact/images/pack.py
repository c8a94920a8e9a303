# SPDX-License-Identifier: GPL-2.0-only
"""Private images: kernel, C library, program and its files in one executable file.

    ukrun | padding to 4 KiB | erofs image of the root | trailer of 256 octets

The trailer (tools/lkl/process/packed.c) says where the image begins and which program of it
is started. erofs is made uncompressed, so that program text is mapped from the file itself.
"""

import struct
import tempfile
from pathlib import Path

from artifact import paths, proc
from artifact.errors import ArtifactError

MAGIC = b"UKIMAGE1"
TRAILER = struct.Struct("<8sQQ232s")
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
    if len(name) >= 232:
        raise ArtifactError(f"{program}: longer than 231 octets")
    proc.need("mkfs.erofs", "erofs-utils")
    with tempfile.TemporaryDirectory(prefix="uk-pack-", dir=output.parent) as directory:
        image = Path(directory) / "root.erofs"
        tree = Path(directory) / "root"
        proc.run(["cp", "-a", "--reflink=auto", root, tree])
        (tree / "host").mkdir(exist_ok=True)
        proc.run(["mkfs.erofs", "-T0", "-U", "00000000-0000-0000-0000-000000000000", image, tree])
        head = launcher.read_bytes()
        start = -(-len(head) // BLOCK) * BLOCK
        data = image.read_bytes()
        fresh = Path(directory) / "packed"
        trailer = TRAILER.pack(MAGIC, start, len(data), name)
        fresh.write_bytes(head.ljust(start, b"\0") + data + trailer)
        fresh.chmod(0o755)
        fresh.replace(output)
    return output
