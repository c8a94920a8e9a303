# SPDX-License-Identifier: GPL-2.0-only
"""The python-hello images: a root with Python and the paper's cold-start program.

`image` is Debian's, with glibc. `musl` is our recipe's Python in either form, `packed` its
private form as one file with a kernel; the program is the same file in all of them.

Debian's is made by mmdebstrap(1) from the machine's own mirror, once per recipe, and kept in
the cache under a key of everything that decides its content. Which package versions came is
written beside it and goes into the records.
"""

import fcntl
import hashlib
import json
import os
import shutil
from pathlib import Path

from artifact import aptroot, paths, proc, ui
from artifact.errors import ArtifactError, Unavailable
from artifact.images import catalogue, pack, tree
from artifact.images.builder import Built, prune
from artifact.images.recipe import Form
from artifact.kernel.fetch import locked
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


def musl(form: Form) -> Image:
    """Our Python, public (ordinary, musl) or private (static), with the program in its root."""
    built = catalogue.image("python", form)
    directory = HOME / f"{NAME}-{form}-{_key(built)}"
    with locked(HOME / f"{NAME}-{form}.lock"):
        if not directory.is_dir():
            _derive(built.rootfs, directory)
        prune(directory)
    return Image(NAME, directory / "rootfs", (*built.argv, INSIDE), _known(built))


def packed() -> Image:
    """The private form as one file, alone in a root directory."""
    whole = musl(Form.PRIVATE)
    launcher = paths.lkl_prefix() / "bin" / "ukrun"
    with launcher.open("rb") as source:
        kernel = hashlib.file_digest(source, "sha256").hexdigest()[:16]
    directory = whole.root.parent / f"packed-{kernel}"
    with locked(whole.root.parent / "packed.lock"):
        if not directory.is_dir():
            for old in whole.root.parent.glob("packed-*/"):
                shutil.rmtree(old)
            _pack(whole, directory, launcher)
    return Image(NAME, directory, (f"/{NAME}-uk", INSIDE), whole.provenance)


def _pack(whole: Image, directory: Path, launcher: Path) -> None:
    part = HOME / f"{leftovers.prefix()}{NAME}-packed"
    try:
        tree.lay_out(part)
        pack.pack(whole.root, whole.argv[0], part / f"{NAME}-uk", launcher)
        part.rename(directory)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _key(built: Built) -> str:
    content = f"{built.directory.name} {INSIDE} {PROGRAM.read_text()}"
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _known(built: Built) -> dict[str, str]:
    names = ("source", "version", "toolchain")
    return {name: str(built.facts[name]) for name in names}


def _derive(rootfs: Path, directory: Path) -> None:
    """The root with one file more; all others are the same files (hard links)."""
    _sweep()
    part = HOME / f"{leftovers.prefix()}{directory.name}"
    try:
        part.mkdir()
        proc.run(["cp", "-al", rootfs, part / "rootfs"])
        target = part / "rootfs" / INSIDE.lstrip("/")
        target.parent.mkdir(parents=True)
        shutil.copyfile(PROGRAM, target)
        part.rename(directory)
    finally:
        shutil.rmtree(part, ignore_errors=True)
