# SPDX-License-Identifier: GPL-2.0-only
"""The OCI runtime (artifact/csrc/runu), linked with the library kernel it runs containers on.

Its libraries are cJSON and libseccomp, from the distribution's source packages. Where those cannot
be had (no Debian mirror), the kernel is built without the runtime, and this is said.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from artifact import paths, proc, sources, ui
from artifact.errors import ArtifactError
from artifact.images import debsource
from artifact.images.debsource import Fetched
from artifact.images.recipe import Source

PLACE = "artifact/csrc/runu"
# The Makefile's word for each.
LIBRARIES = {
    "CJSON": Source("cjson", ("bookworm", "trixie")),
    "SECCOMP": Source("libseccomp", ("bookworm", "trixie")),
}

Libraries = Mapping[str, Fetched]


def libraries() -> Libraries | None:
    """Their sources, fetched when they are not there; None, with a message, without one of them."""
    try:
        return {word: debsource.fetch(source) for word, source in LIBRARIES.items()}
    except ArtifactError as error:
        ui.say(f"runu: not built: {error.what}")
        return None


def digest(found: Libraries | None) -> str:
    """What the runtime is made of, for the key of a build."""
    if not found:
        return "no runu"
    versions = " ".join(f"{each.package} {each.version}" for each in found.values())
    return f"{versions} {sources.content_hash(paths.REPO, PLACE)}"


def make(found: Libraries, tree: Path, out: Path, ukcc: Path, into: Path, log: Path) -> None:
    """Compile, and install into the prefix `into`; `out` has the objects of process mode."""
    words = {
        "TREE": tree,
        "KBUILD": out,
        "PROCESS": out / "process",
        "UKCC": ukcc,
        "OUTPUT": out / "runu",
        "PREFIX": into,
    }
    for word, library in found.items():
        words[word] = out / library.package
        shutil.rmtree(words[word], ignore_errors=True)
        debsource.unpack(library, words[word], log)
    jobs = f"-j{len(os.sched_getaffinity(0))}"
    settings = [f"{name}={value}" for name, value in words.items()]
    command: list[str | Path] = [
        "make",
        "--no-print-directory",
        jobs,
        "-C",
        paths.REPO / PLACE,
        "install",
        *settings,
    ]
    proc.run(command, log=log)
