# SPDX-License-Identifier: GPL-2.0-only
"""The program interpreter that an ELF file names (elf(5), PT_INTERP).

While a program is built its tools run on the host, which may have no musl loader in /lib; so
they are linked to name the toolchain's own, and the finished ones are put right here.
"""

import struct
from pathlib import Path

from artifact.errors import ArtifactError

MAGIC = b"\x7fELF\x02\x01"  # 64 bit, little endian
EHDR_PHOFF, EHDR_PHENTSIZE = 32, 54
PHDR = struct.Struct("<IIQQQQQQ")
PT_INTERP = 3


def interpreter(file: Path) -> str | None:
    """The interpreter a program names; None for anything else."""
    found = _segment(file.read_bytes()) if _is_elf(file) else None
    return found[2] if found else None


def set_interpreter(file: Path, name: str) -> None:
    """Make the program name another interpreter, of a path not longer than the present one."""
    content = bytearray(file.read_bytes())
    found = _segment(bytes(content))
    if found is None:
        raise ArtifactError(f"{file}: names no interpreter")
    header, fields, old = found
    text = name.encode() + b"\0"
    if len(text) > fields[5]:
        raise ArtifactError(f"{file}: no room for {name} in place of {old}")
    offset, room = fields[2], fields[5]
    content[offset : offset + room] = text.ljust(room, b"\0")
    PHDR.pack_into(content, header, *fields[:5], len(text), len(text), fields[7])
    file.write_bytes(content)


def _is_elf(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


def _segment(content: bytes) -> tuple[int, tuple[int, ...], str] | None:
    """Place of PT_INTERP's program header, its fields, and the name it points to."""
    if not content.startswith(MAGIC):
        return None
    (start,) = struct.unpack_from("<Q", content, EHDR_PHOFF)
    size, count = struct.unpack_from("<HH", content, EHDR_PHENTSIZE)
    for header in range(start, start + size * count, size):
        fields = PHDR.unpack_from(content, header)
        if fields[0] == PT_INTERP:
            text = content[fields[2] : fields[2] + fields[5]]
            return header, fields, text.rstrip(b"\0").decode()
    return None
