# SPDX-License-Identifier: GPL-2.0-only
"""Linux kernels of their own that start the program as the child of a small process 1.

User Mode Linux takes the image as a host directory, the virtual machine (QEMU without KVM, see
README) as an erofs disk, made before the clock runs. Both end when the program has ended.
"""

import lzma
import re
import shutil
from pathlib import Path

from artifact import proc
from artifact.conformance.duts.compile import compiled, kept
from artifact.conformance.duts.machines import KERNEL, cpio
from artifact.errors import ArtifactError
from artifact.paths import CSRC
from artifact.systems.base import Facts, Image, Start

SOURCE = CSRC / "guests" / "first.c"
MEMORY = "128M"
MODULES = ("virtio_blk", "erofs")
# What a killed kernel's helpers live in goes with it.
APART = ("unshare", "--pid", "--fork", "--kill-child=KILL")


def first() -> Path:
    """Process 1, linked statically."""
    return compiled(SOURCE, ["-static"])


class Uml:
    """User Mode Linux of the distribution."""

    name = "uml"

    def check(self) -> Facts:
        """Its version, from the kernel itself."""
        program = proc.need("linux.uml", "user-mode-linux")
        proc.need("cc", "gcc")
        return {"version": proc.run([program, "--version"]).stdout.strip(), "memory": MEMORY}

    def prepare(self, image: Image, place: Path, ident: str, nonce: str) -> Start:
        """A directory for its sockets, and beside the image's files our process 1."""
        home = place / ident
        home.mkdir()
        root = place / f"uml-{image.root.parent.name}"
        if not root.is_dir():
            proc.run(["cp", "-a", "--reflink=auto", image.root, root])
            shutil.copy2(first(), root / "first")
        argv = (
            proc.need("linux.uml", "user-mode-linux"), f"mem={MEMORY}", f"uml_dir={home}/",
            "rootfstype=hostfs", f"rootflags={root}", "root=/dev/root", "ro", "init=/first",
            "con=null", "con0=null,fd:1", "con1=null", "ssl=null", "quiet", "panic=-1", "--",
            *image.argv, nonce,
        )  # fmt: skip
        return Start(argv, around=APART)

    def clean(self, place: Path, ident: str) -> None:
        """Its directory."""
        shutil.rmtree(place / ident, ignore_errors=True)


def _module(name: str) -> bytes:
    found = [*KERNEL.directory.glob(f"root/usr/lib/modules/*/kernel/**/{name}.ko.xz")]
    if len(found) != 1:
        raise ArtifactError(f"the kernel package has no module {name}")
    return lzma.decompress(found[0].read_bytes())


def _with_dependencies(names: tuple[str, ...]) -> dict[str, bytes]:
    """Modules in the order in which they can be loaded."""
    loaded: dict[str, bytes] = {}
    for name in names:
        data = _module(name)
        found = re.search(rb"\0depends=([^\0]*)", data)
        below = found[1].decode() if found else ""
        loaded |= _with_dependencies(tuple(filter(None, below.split(","))))
        loaded[name] = data
    return loaded


def kernel() -> Path:
    """The kernel of the virtual machine; Unavailable when it was not brought."""
    KERNEL.need()
    (image,) = KERNEL.directory.glob("root/boot/vmlinuz-*")
    return image


def initramfs() -> Path:
    """Process 1 and the modules by which it reaches the disk."""
    version = KERNEL.need()["version"]
    program = first()

    def make(fresh: Path) -> None:
        files: dict[str, bytes | None] = dict.fromkeys(("dev", "proc", "modules", "root"))
        for number, data in enumerate(_with_dependencies(MODULES).values()):
            files[f"modules/{number}.ko"] = data
        fresh.write_bytes(cpio({**files, "init": program.read_bytes()}))

    return kept("coldstart-initramfs", f"{version} {program.name} {MODULES}", make)


def disk(root: Path, file: Path) -> Path:
    """A root directory as a disk, made once."""
    if not file.is_file():
        proc.run([proc.need("mkfs.erofs", "erofs-utils"), "-T0", file, root])
    return file


class Qemu:
    """The distribution's kernel in a machine that QEMU emulates."""

    name = "qemu-tcg"

    def check(self) -> Facts:
        """Versions of emulator and kernel."""
        program = proc.need("qemu-system-x86_64", "qemu-system-x86")
        proc.need("cc", "gcc")
        proc.need("mkfs.erofs", "erofs-utils")
        version = proc.run([program, "--version"]).stdout.splitlines()[0]
        return {"version": version, "kernel": KERNEL.need()["version"], "memory": MEMORY}

    def prepare(self, image: Image, place: Path, ident: str, nonce: str) -> Start:
        """The image as a disk, made once."""
        del ident  # nothing of it stays
        drive = disk(image.root, place / f"disk-{image.root.parent.name}.erofs")
        words = " ".join((*image.argv, nonce))
        argv = (
            proc.need("qemu-system-x86_64", "qemu-system-x86"), "-accel", "tcg", "-cpu",
            "max,cx16=off", "-m", MEMORY, "-nodefaults", "-no-user-config", "-display", "none",
            "-no-reboot", "-serial", "stdio", "-kernel", str(kernel()),
            "-initrd", str(initramfs()),
            "-drive", f"file={drive},if=virtio,format=raw,read-only=on",
            "-append", f"console=ttyS0 quiet panic=-1 -- {words}",
        )  # fmt: skip
        return Start(argv)

    def clean(self, place: Path, ident: str) -> None:
        """Nothing is left."""
