# SPDX-License-Identifier: GPL-2.0-only
"""The work tree: a pristine tree plus the port, brought up to date file by file.

The tree starts as hard links to the pristine one. What the port makes different is computed
completely (overlay files, and upstream files with the whole series applied, zero fuzz) and
then compared with the tree by content. Only files that differ are written, each under a
new inode, so make rebuilds what changed and the pristine tree is never written to.
"""

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from artifact import proc
from artifact.errors import ArtifactError
from artifact.kernel.series import Port, check_against

MANAGED = ".ukontainer-managed.json"
# Asks nothing, guesses nothing and leaves no .orig and .rej files behind.
APPLY = ("patch", "-p1", "--fuzz=0", "--batch", "--forward", "--no-backup-if-mismatch", "-r-")


@dataclass(frozen=True)
class Change:
    """What a synchronisation did, as paths below the tree."""

    written: tuple[str, ...]
    restored: tuple[str, ...]
    removed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.written or self.restored or self.removed)


def make_tree(pristine: Path, tree: Path) -> None:
    """A tree of hard links to the pristine files; copies where the file system has no links."""
    if (tree / MANAGED).is_file():
        return
    shutil.rmtree(tree, ignore_errors=True)
    tree.parent.mkdir(parents=True, exist_ok=True)
    fresh = tree.with_name(f"{tree.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    if proc.run(["cp", "-al", pristine, fresh], check=False).returncode != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        proc.run(["cp", "-a", pristine, fresh])
    (fresh / MANAGED).write_text("[]\n")
    fresh.rename(tree)


def _apply(port: Port, pristine: Path, stage: Path) -> None:
    """Put the upstream files that patches edit into `stage` and apply the series to them."""
    for name in port.touched:
        (stage / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(pristine / name, stage / name)
    for patch in port.patches:
        done = proc.run([*APPLY, "--input", patch.file], cwd=stage, check=False)
        if done.returncode != 0:
            lines = [x.strip() for x in done.stdout.splitlines() if "FAILED" in x or "rror" in x]
            raise ArtifactError(
                f"{patch.file.name} does not apply with zero fuzz: {'; '.join(lines) or 'see it'}",
                "refresh the patch for this point release",
            )


def _same(one: Path, other: Path) -> bool:
    if not other.is_file():
        return False
    if (one.stat().st_mode ^ other.stat().st_mode) & 0o111:
        return False
    return one.read_bytes() == other.read_bytes()


def _write(source: Path, target: Path) -> None:
    """Replace `target` by a copy of `source` with the present time and an inode of its own."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copyfile(source, fresh)
    fresh.chmod(source.stat().st_mode & 0o777)
    fresh.replace(target)


def _managed(tree: Path) -> list[str]:
    try:
        return [str(name) for name in json.loads((tree / MANAGED).read_text())]
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{tree} is damaged ({error})", "run: invoke clean --cache") from error


def _note(tree: Path, names: list[str]) -> None:
    fresh = tree / f"{MANAGED}.new"
    fresh.write_text(json.dumps(names, indent=0) + "\n")
    fresh.replace(tree / MANAGED)


def _remove(tree: Path, name: str) -> None:
    (tree / name).unlink(missing_ok=True)
    for parent in (tree / name).parents:
        if parent == tree or any(parent.iterdir()):
            break
        parent.rmdir()


def sync(port: Port, pristine: Path, tree: Path) -> Change:
    """Make `tree` equal to pristine plus port; returns what was changed.

    Files that an earlier port had changed and this one does not are restored or removed.
    """
    check_against(port, pristine)
    make_tree(pristine, tree)
    before = _managed(tree)
    with tempfile.TemporaryDirectory(prefix="uk-patch-") as name:
        stage = Path(name)
        _apply(port, pristine, stage)
        wanted = {**port.overlay, **{touched: stage / touched for touched in port.touched}}
        # Noted before the first write: an interrupted run must know what it may have changed.
        _note(tree, sorted({*before, *wanted}))
        written = [n for n, file in wanted.items() if not _same(file, tree / n)]
        for changed in written:
            _write(wanted[changed], tree / changed)
    gone = [n for n in before if n not in wanted]
    upstream = [n for n in gone if (pristine / n).is_file()]
    restored = [n for n in upstream if not _same(pristine / n, tree / n)]
    for changed in restored:
        _write(pristine / changed, tree / changed)
    removed = [n for n in gone if n not in upstream and (tree / n).exists()]
    for changed in removed:
        _remove(tree, changed)
    _note(tree, sorted(wanted))
    return Change((*sorted(written),), (*restored,), (*removed,))
