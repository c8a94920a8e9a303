# SPDX-License-Identifier: GPL-2.0-only
"""Source packages: fetched once through a private apt, unpacked, patched where wanted.

    CACHE/images/source/<package>-<suite>/    tarballs, and fetched.json last

What is there is not fetched again: a newer version comes only after the directory is removed,
so a machine keeps building what it built.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from artifact import paths, proc, ui
from artifact.aptroot import PrivateApt
from artifact.errors import ArtifactError
from artifact.images.recipe import Source

HOME = paths.CACHE / "images" / "source"


@dataclass(frozen=True)
class Fetched:
    """A source package on this machine."""

    package: str
    suite: str
    version: str
    files: tuple[Path, ...]


def fetch(source: Source) -> Fetched:
    """The package's tarballs, verified by apt against the signed index."""
    for suite in source.suites:
        if (known := _known(source, suite)) is not None:
            return known
    failures = []
    for suite in source.suites:
        try:
            return _bring(source, suite)
        except ArtifactError as error:  # a mirror may lack single files: the next suite may do
            failures.append(f"{suite}: {error.what}")
    raise ArtifactError(
        f"no complete source of {source.package}: {'; '.join(failures)}",
        "check the package mirror, run again",
    )


def _directory(source: Source, suite: str) -> Path:
    return HOME / f"{source.package}-{suite}"


def _known(source: Source, suite: str) -> Fetched | None:
    directory = _directory(source, suite)
    try:
        noted = json.loads((directory / "fetched.json").read_text())
        files = tuple(directory / name for name in noted["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not all(file.is_file() for file in files):
        return None
    return Fetched(source.package, suite, str(noted["version"]), files)


def _bring(source: Source, suite: str) -> Fetched:
    directory = _directory(source, suite)
    ui.say(f"fetch: source of {source.package} from {suite}")
    shutil.rmtree(directory, ignore_errors=True)
    apt = PrivateApt(suite)
    apt.update()
    files = tuple(apt.source(source.package, directory))
    version = _version(source.package, files)
    note = {"version": version, "files": [file.name for file in files]}
    (directory / "fetched.json").write_text(json.dumps(note, indent=1) + "\n")
    return Fetched(source.package, suite, version, files)


def _version(package: str, files: Sequence[Path]) -> str:
    """The version as the packaging file's name has it (the epoch is not in file names)."""
    name = _packaging(package, files).name.removeprefix(f"{package}_")
    return name.partition(".debian.tar.")[0].partition(".diff.gz")[0]


def _packaging(package: str, files: Sequence[Path]) -> Path:
    return _only(package, files, (".debian.tar.", ".diff.gz"))


def _only(package: str, files: Sequence[Path], parts: tuple[str, ...]) -> Path:
    found = [
        path
        for path in files
        if any(part in path.name for part in parts) and not path.name.endswith(".asc")
    ]
    if len(found) != 1:
        names = ", ".join(path.name for path in files)
        raise ArtifactError(
            f"{package}: expected one {' or '.join(parts)} file in the source package: {names}"
        )
    return found[0]


def unpack(fetched: Fetched, into: Path, log: Path, *, patched: bool = False) -> None:
    """Unpack into the new directory `into`; with `patched`, apply Debian's patches as well."""
    into.mkdir(parents=True)
    upstream = _only(fetched.package, fetched.files, (".orig.tar.",))
    proc.run(["tar", "-C", into, "--strip-components=1", "-xf", upstream])
    if not patched:
        return
    proc.run(["tar", "-C", into, "-xf", _packaging(fetched.package, fetched.files)])
    patches = into / "debian" / "patches"
    for line in (patches / "series").read_text().splitlines():
        name = line.split("#", 1)[0].strip()
        if name:
            proc.run(
                ["patch", "-p1", "--batch", "--fuzz=0", "-i", patches / name], log=log, cwd=into
            )
