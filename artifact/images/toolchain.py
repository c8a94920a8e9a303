# SPDX-License-Identifier: GPL-2.0-only
"""The two C toolchains: ordinary musl as Debian packages it, and our libc port.

The public form of an image is built with the first, so that nothing of ours is in it; the
private form with the second. The ordinary toolchain is the machine's gcc with headers, start
files and libc of the packages musl, musl-dev and linux-libc-dev, unpacked in the cache: the
host needs neither installed.

    CACHE/images/musl-<key>/bin/cc, lib/, include/

Sources: gcc(1) (-nostdinc, -nostdlib, -static-pie), musl's INSTALL.
"""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from artifact import paths, proc, ui
from artifact.aptroot import PrivateApt
from artifact.errors import Unavailable
from artifact.images.recipe import SUITES, Form
from artifact.kernel.fetch import locked
from artifact.systems import leftovers

HOME = paths.CACHE / "images"
LOADER = "/lib/ld-musl-x86_64.so.1"
PACKAGES = ("musl", "musl-dev", "linux-libc-dev")
# Names of the kernel's interface that musl's own headers do not have.
KERNEL_HEADERS = {
    "linux": "linux",
    "asm-generic": "asm-generic",
    "mtd": "mtd",
    "asm": "x86_64-linux-gnu/asm",
}
WRAPPER = Path(__file__).with_name("musl-cc.sh")
LIBC_ENV = "UK_LIBC_PREFIX"


@dataclass(frozen=True)
class Toolchain:
    """A compiler and what it is. `loader` is the file that programs are run by while building."""

    name: str
    version: str
    key: str
    cc: Path
    loader: Path | None


def for_form(form: Form) -> Toolchain:
    """The toolchain an image form is built with."""
    return ordinary() if form is Form.PUBLIC else ported()


def _compiler() -> str:
    return proc.run([proc.need("gcc", "gcc"), "--version"]).stdout.splitlines()[0]


def ported() -> Toolchain:
    """Our libc port ($UK_LIBC_PREFIX or what was built last); Unavailable when there is none."""
    chosen = os.environ.get(LIBC_ENV)
    prefix = Path(chosen) if chosen else paths.CACHE / "libc" / "current"
    cc = prefix.resolve() / "bin" / "ukcc"
    archive = prefix.resolve() / "lib" / "libc.a"
    if not cc.is_file() or not archive.is_file():
        raise Unavailable(
            f"the libc port is not built: no bin/ukcc and lib/libc.a under {prefix}",
            f"correct {LIBC_ENV}" if chosen else f"build it, or set {LIBC_ENV} to its prefix",
        )
    content = archive.read_bytes() + _compiler().encode()
    key = hashlib.sha256(content).hexdigest()[:16]
    return Toolchain("uk", f"libc port {key}", key, cc, None)


def ordinary() -> Toolchain:
    """Debian's musl, brought first if it is not in the cache (seconds)."""
    compiler = _compiler()
    recipe = json.dumps([compiler, WRAPPER.read_text(), PACKAGES, KERNEL_HEADERS, SUITES[0]])
    key = hashlib.sha256(recipe.encode()).hexdigest()[:16]
    home = HOME / f"musl-{key}"
    with locked(HOME / "musl.lock"):
        if not (home / "versions.json").is_file():
            with ui.step("fetch musl"):
                _bring(home)
    version = json.loads((home / "versions.json").read_text())["musl"]
    key = hashlib.sha256(f"{key} {version}".encode()).hexdigest()[:16]
    return Toolchain("musl", f"musl {version}", key, home / "bin/cc", home / "lib/libc.so")


def _bring(home: Path) -> None:
    part = HOME / f"{leftovers.prefix()}musl"
    try:
        apt = PrivateApt(SUITES[0])
        apt.update()
        versions = {name: apt.version(name) for name in PACKAGES}
        for name in PACKAGES:
            deb = apt.download(name, part / "deb")
            proc.run([proc.need("dpkg-deb", "dpkg"), "--extract", deb, part / "root"])
        _arrange(part / "root", part / "result", home)
        (part / "result" / "versions.json").write_text(json.dumps(versions) + "\n")
        shutil.rmtree(home, ignore_errors=True)
        (part / "result").rename(home)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _arrange(root: Path, result: Path, home: Path) -> None:
    """From the packages' layout to lib/, include/ and the compiler bin/cc."""
    result.mkdir()
    shutil.copytree(root / "usr/lib/x86_64-linux-musl", result / "lib", symlinks=True)
    shutil.copytree(root / "usr/include/x86_64-linux-musl", result / "include", symlinks=True)
    for name, place in KERNEL_HEADERS.items():
        shutil.copytree(root / "usr/include" / place, result / "include" / name)
    cc = result / "bin" / "cc"
    cc.parent.mkdir()
    cc.write_text(WRAPPER.read_text().replace("@HOME@", str(home)))
    cc.chmod(0o755)
