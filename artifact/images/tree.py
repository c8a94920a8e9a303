# SPDX-License-Identifier: GPL-2.0-only
"""A root directory as a whole: its skeleton, its digest, its sizes."""

import gzip
import hashlib
import io
import lzma
import os
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

# 1 January 1980, the first day that a ZIP file knows: what was built when must not show.
TIME = 315532800
DIRECTORIES = {
    "bin": 0o755, "dev": 0o755, "etc": 0o755, "proc": 0o555, "root": 0o700, "run": 0o755,
    "sys": 0o555, "tmp": 0o1777, "usr": 0o755, "usr/bin": 0o755, "var": 0o755,
    "var/tmp": 0o1777,
}  # fmt: skip
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/hosts": "127.0.0.1\tlocalhost\n::1\tlocalhost\n",
    "etc/hostname": "localhost\n",
}


@dataclass(frozen=True)
class Sizes:
    """Bytes of the files; of the tar archive compressed by xz -6 and gzip -6; how many files."""

    unpacked: int
    xz: int
    gzip: int
    files: int

    def as_dict(self) -> dict[str, int]:
        """For a record."""
        return asdict(self)


def lay_out(root: Path) -> None:
    """Make the directories and the few files that every image has."""
    for name, mode in DIRECTORIES.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        (root / name).chmod(mode)
    for name, text in FILES.items():
        (root / name).write_text(text)


def settle(root: Path) -> None:
    """Give everything the same time stamp, so that equal content is an equal tree."""
    for path in walk(root):
        os.utime(path, (TIME, TIME), follow_symlinks=False)
    os.utime(root, (TIME, TIME))


def walk(root: Path) -> Iterator[Path]:
    """Everything below `root`, sorted; symbolic links are not followed."""
    for directory, names, files in os.walk(root):
        names.sort()
        for name in sorted([*names, *files]):
            yield Path(directory, name)


def digest(root: Path) -> str:
    """sha256 over every name, type, mode, owner, time of change and content below `root`."""
    total = hashlib.sha256()
    for path in [root, *walk(root)]:
        status = path.lstat()
        facts = (status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns)
        name = path.relative_to(root)
        total.update(f"{name}\0{facts}\0{_content(path, status)}\n".encode())
    return total.hexdigest()


def _content(path: Path, status: os.stat_result) -> str:
    if stat.S_ISLNK(status.st_mode):
        return str(path.readlink())
    if not stat.S_ISREG(status.st_mode):
        return str(status.st_rdev)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sizes(root: Path) -> Sizes:
    """How large the tree is, as it stands and as an archive (seconds for a large one)."""
    status = [path.lstat() for path in walk(root)]
    regular = {s.st_ino: s.st_size for s in status if stat.S_ISREG(s.st_mode)}
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(root, arcname=".")
    data = archive.getbuffer()
    packed = len(lzma.compress(data, preset=6)), len(gzip.compress(data, 6))
    return Sizes(sum(regular.values()), *packed, len(regular))
