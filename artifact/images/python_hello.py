# SPDX-License-Identifier: GPL-2.0-only
"""The python-hello image: a Debian root with Python and the paper's cold-start program.

Made by mmdebstrap(1) from the machine's own mirror, once per recipe, and kept in the cache
under a key of everything that decides its content. Which package versions came is written
beside it and goes into the records.
"""

import fcntl
import hashlib
import json
import os
import shutil
from pathlib import Path

from artifact import aptroot, paths, proc, ui
from artifact.errors import ArtifactError, Unavailable
from artifact.systems import leftovers
from artifact.systems.base import Image

NAME = "python-hello"
SUITE = "bookworm"
VARIANT = "essential"  # no package manager inside: an image, not a machine
PACKAGES = ("python3",)
PROGRAM = Path(__file__).parent / NAME / "hello.py"
INSIDE = "/opt/hello/hello.py"
REPORTED = ("python3.11", "libssl3", "libsqlite3-0", "libc6")
HOME = paths.CACHE / "images"


def key() -> str:
    """Content key: any change of the recipe or the program gives another one."""
    recipe = json.dumps([SUITE, VARIANT, PACKAGES, INSIDE, REPORTED, PROGRAM.read_text()])
    return hashlib.sha256(recipe.encode()).hexdigest()[:16]


def image() -> Image:
    """The image, made first if it is not in the cache (about 20 s, 200 MB)."""
    directory = HOME / f"{NAME}-{key()}"
    if not (directory / "provenance.json").is_file():
        if os.geteuid() != 0:
            raise Unavailable("making the image needs root", "run as root")
        proc.need("mmdebstrap", "mmdebstrap")
        HOME.mkdir(parents=True, exist_ok=True)
        with (HOME / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # another run may be making it right now
            if not (directory / "provenance.json").is_file():
                with ui.step(f"image {NAME}"):
                    _make(directory)
    provenance = json.loads((directory / "provenance.json").read_text())
    return Image(NAME, directory / "rootfs", ("/usr/bin/python3", INSIDE), provenance)


def _make(directory: Path) -> None:
    _sweep()
    # A prefix of ours, so that what a kill -9 leaves half made is swept next time.
    part = HOME / f"{leftovers.prefix()}{NAME}"
    try:
        part.mkdir()
        _bootstrap(part / "rootfs")
        target = part / "rootfs" / INSIDE.lstrip("/")
        target.parent.mkdir(parents=True)
        shutil.copyfile(PROGRAM, target)
        (part / "provenance.json").write_text(json.dumps(_versions(part / "rootfs"), indent=1))
        shutil.rmtree(directory, ignore_errors=True)
        part.rename(directory)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _sweep() -> None:
    for left in HOME.glob("uk-*-*"):
        if leftovers.orphaned(left.name):
            shutil.rmtree(left, ignore_errors=True)


def _bootstrap(rootfs: Path) -> None:
    if not aptroot.KEYRING.exists():
        raise Unavailable(f"{aptroot.KEYRING} is missing", "install debian-archive-keyring")
    # In namespaces of its own: however it ends, neither process nor mount stays, so that
    # removing a half-made root can never reach through a mount.
    argv = ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"]
    argv += ["mmdebstrap", f"--variant={VARIANT}", f"--include={','.join(PACKAGES)}"]
    source = f"deb [signed-by={aptroot.KEYRING}] {aptroot.mirror()} {SUITE} main"
    argv += [SUITE, str(rootfs), source]
    log = paths.CACHE / "log" / f"image-{NAME}.log"
    proc.run(argv, log=log, timeout=1200)


def _versions(rootfs: Path) -> dict[str, str]:
    """Versions of the packages that matter, from the image's own dpkg database."""
    found: dict[str, str] = {}
    package = ""
    for line in (rootfs / "var/lib/dpkg/status").read_text(encoding="utf-8").splitlines():
        field, _, value = line.partition(": ")
        if field == "Package":
            package = value
        elif field == "Version" and package in REPORTED:
            found[package] = value
    if missing := sorted(set(REPORTED) - found.keys()):
        raise ArtifactError(f"the image has no {', '.join(missing)}", f"is {SUITE} complete?")
    return found
