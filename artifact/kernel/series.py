# SPDX-License-Identifier: GPL-2.0-only
"""Reading lkl_patches/linux or musl: overlay files and patch series, and checking both.

The series is quilt's: `patches/series` names the patches in order, one per line, `#` begins
a comment. Each patch edits files that exist upstream and says in its head why.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from artifact import paths
from artifact.errors import ArtifactError

LINUX = paths.PATCHES / "linux"
MIN_REASON_WORDS = 8
# A head's technical lines, which say nothing about the reason.
_HEAD_FIELD = re.compile(r"^(From|Date|Subject|Signed-off-by|Index|diff|index|---|===|SPDX)\b|^---")


@dataclass(frozen=True)
class Patch:
    """One patch: the upstream files it edits and the reason its head gives."""

    file: Path
    touches: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Port:
    """What is laid over a pristine tree: whole new files, then edits of existing ones."""

    overlay: dict[str, Path]
    patches: tuple[Patch, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over names, modes and contents of everything."""
        total = hashlib.sha256()
        for name, file in sorted(self.overlay.items()):
            mode = "x" if file.stat().st_mode & 0o100 else "-"
            total.update(f"{name}\0{mode}{_sha(file)}\0".encode())
        for patch in self.patches:
            total.update(f"{patch.file.name}\0{_sha(patch.file)}\0".encode())
        return total.hexdigest()

    @property
    def touched(self) -> tuple[str, ...]:
        """Upstream files that some patch edits."""
        return (*dict.fromkeys(name for patch in self.patches for name in patch.touches),)


def _sha(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _touches(text: str, name: str) -> tuple[str, ...]:
    found = []
    for old, new in re.findall(r"^--- (\S+).*\n\+\+\+ (\S+)", text, re.MULTILINE):
        if "/dev/null" in (old, new):
            raise ArtifactError(
                f"{name}: creates or deletes {new if old == '/dev/null' else old}",
                "patches only edit files that exist upstream; new files belong in overlay/",
            )
        found.append(new.split("/", 1)[-1])
    if not found:
        raise ArtifactError(f"{name}: no file is changed in it", "remove it from the series")
    return (*found,)


def _reason(text: str, name: str) -> str:
    head = re.split(r"^(?:diff |--- |Index: )", text, maxsplit=1, flags=re.MULTILINE)[0]
    subject = " ".join(re.findall(r"^Subject: (?:\[.*?\] )?(.*)", head, re.MULTILINE))
    prose = [line.strip() for line in head.splitlines() if not _HEAD_FIELD.match(line)]
    reason = " ".join(word for word in (subject, *prose) if word)
    if len(reason.split()) < MIN_REASON_WORDS:
        raise ArtifactError(
            f"{name}: gives no reason", "say in the lines above the diff why the change is needed"
        )
    return reason


def read_patch(file: Path) -> Patch:
    """One patch, checked for a reason and for editing existing files only."""
    text = file.read_text()
    return Patch(file, _touches(text, file.name), _reason(text, file.name))


def _listed(series: Path) -> list[str]:
    lines = (line.split("#")[0].strip() for line in series.read_text().splitlines())
    return [line for line in lines if line]


def _names(directory: Path) -> list[str]:
    """The series, which must name exactly the patches that are there, each once."""
    series = directory / "series"
    there = sorted(file.name for file in directory.glob("*.patch"))
    listed = _listed(series) if series.is_file() else []
    for name in there:
        if name not in listed:
            raise ArtifactError(f"{paths.shown(series)} does not name {name}", "add or remove it")
    for name in listed:
        if name not in there:
            raise ArtifactError(f"{paths.shown(series)} names {name}, which is not there")
        if listed.count(name) > 1:
            raise ArtifactError(f"{paths.shown(series)} names {name} twice")
    return listed


def _ignored(name: str) -> bool:
    return name.endswith(("~", ".orig", ".rej", ".swp")) or "__pycache__" in name


def read(directory: Path = LINUX) -> Port:
    """A port as it stands in the checkout, checked in itself."""
    root = directory / "overlay"
    files = sorted(file for file in root.rglob("*") if file.is_file())
    overlay = {str(f.relative_to(root)): f for f in files if not _ignored(str(f))}
    patches = tuple(read_patch(directory / "patches" / n) for n in _names(directory / "patches"))
    return Port(overlay, patches)


def check_against(port: Port, pristine: Path) -> None:
    """ArtifactError when the overlay hides an upstream file or a patch edits none."""
    for name in port.overlay:
        if (pristine / name).exists():
            raise ArtifactError(
                f"overlay/{name} exists upstream", "edit it with a patch instead of replacing it"
            )
    for patch in port.patches:
        for name in patch.touches:
            if not (pristine / name).is_file():
                raise ArtifactError(f"{patch.file.name}: {name} does not exist upstream")
