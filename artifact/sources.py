# SPDX-License-Identifier: GPL-2.0-only
"""Which files belong to the checkout, with git and without (an unpacked archive, a VM's copy)."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from artifact import paths
from artifact.proc import run, which

GENERATED_DIRS = {"__pycache__", "build", "results"}
GENERATED_FILES = {".pyc", ".o", ".so", ".a"}


def _walk(root: Path) -> list[str]:
    names = []
    for file in root.rglob("*"):
        parts = file.relative_to(root).parts
        hidden = any(part.startswith(".") and part != ".ci" for part in parts[:-1])
        made = GENERATED_DIRS.intersection(parts[:-1]) or file.suffix in GENERATED_FILES
        if file.is_file() and not hidden and not made:
            names.append("/".join(parts))
    return names


def files(root: Path = paths.REPO, *places: str) -> list[str]:
    """Names of the checkout's files below `places` (all of it by default), sorted."""
    git = which("git")
    if git is None or not (root / ".git").exists():
        names = _walk(root)
    else:
        # The reviewer often runs as root on a tree that belongs to another user.
        words: list[str | Path] = [git, "-c", f"safe.directory={root}", "-C", root, "ls-files"]
        listing = run([*words, "-z", "--cached", "--others", "--exclude-standard"]).stdout
        names = [name for name in listing.split("\0") if name and (root / name).is_file()]
    return sorted(name for name in names if not places or _below(name, places))


def _below(name: str, places: Sequence[str]) -> bool:
    return any(name == place or name.startswith(f"{place}/") for place in places)


def content_hash(root: Path, *places: str) -> str:
    """sha256 over names and contents: neither time stamps nor commits matter."""
    digest = hashlib.sha256()
    for name in files(root, *places):
        content = hashlib.sha256((root / name).read_bytes()).digest()
        digest.update(f"{name}\0".encode() + content)
    return digest.hexdigest()
