# SPDX-License-Identifier: GPL-2.0-only
"""The OCI runtime (artifact/csrc/runu), linked with the library kernel it runs containers on.

Its one library is cJSON, from the distribution's source package. Where that cannot be had (no
Debian mirror), the kernel is built without the runtime, and this is said.
"""

import os
import shutil
from pathlib import Path

from artifact import paths, proc, sources, ui
from artifact.errors import ArtifactError
from artifact.images import debsource
from artifact.images.debsource import Fetched
from artifact.images.recipe import Source

PLACE = "artifact/csrc/runu"
JSON = Source("cjson", ("bookworm", "trixie"))


def json_source() -> Fetched | None:
    """The source of cJSON, fetched when it is not there; None, with a message, without it."""
    try:
        return debsource.fetch(JSON)
    except ArtifactError as error:
        ui.say(f"runu: not built: no source of cJSON: {error.what}")
        return None


def digest(json: Fetched | None) -> str:
    """What the runtime is made of, for the key of a build."""
    return f"{json.version} {sources.content_hash(paths.REPO, PLACE)}" if json else "no runu"


def make(json: Fetched, tree: Path, out: Path, ukcc: Path, into: Path, log: Path) -> None:
    """Compile, and install into the prefix `into`; `out` has the objects of process mode."""
    unpacked = out / "cjson"
    shutil.rmtree(unpacked, ignore_errors=True)
    debsource.unpack(json, unpacked, log)
    words = {
        "TREE": tree,
        "KBUILD": out,
        "PROCESS": out / "process",
        "CJSON": unpacked,
        "UKCC": ukcc,
        "OUTPUT": out / "runu",
        "PREFIX": into,
    }
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
