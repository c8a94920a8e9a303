# SPDX-License-Identifier: GPL-2.0-only
"""Linux kernels of their own, with our one program inside: User Mode Linux, and a QEMU machine.

The second runs the distribution's kernel of the release that the library kernel is built from:
the reference for the claim that the library is Linux.
"""

from __future__ import annotations

import lzma
import shutil
from functools import cache
from pathlib import Path

from artifact import proc
from artifact.conformance.duts.base import HAS_ALIAS, UDP_ECHO, DutInfo
from artifact.conformance.duts.compile import compiled, kept
from artifact.conformance.duts.linked import Carrier, Seat, Stack
from artifact.conformance.duts.lkl import AGE_S, REASSEMBLY_S
from artifact.conformance.duts.packaged import unpacked
from artifact.conformance.duts.scratch import scratch
from artifact.conformance.timing import PATIENT
from artifact.errors import ArtifactError, Unavailable
from artifact.paths import CSRC

SOURCE = CSRC / "duts" / "guest.c"
HEADERS = (CSRC / "duts" / "linux-net.h", CSRC / "duts" / "dut.h")
MEMORY = "64M"
FEATURES = UDP_ECHO | {HAS_ALIAS}
KERNEL = unpacked("trixie", "linux-image-cloud-amd64", "40 MB to fetch", "linux-image-")
MODULES = ("net/core/failover", "drivers/net/net_failover", "drivers/net/virtio_net")


def guest() -> Path:
    """Our program, linked statically."""
    return compiled(SOURCE, ["-static"], *HEADERS)


def configured(info: DutInfo) -> list[str]:
    """Its words where the runtime of its container has given the stack the addresses."""
    return [info.gateway, f"-,{info.mac},{info.address}/{info.prefix},{info.mtu}"]


# --- User Mode Linux -----------------------------------------------------------------------


def need_uml() -> None:
    """The kernel and what compiles our program."""
    proc.need("linux.uml", "user-mode-linux")
    proc.need("cc", "gcc")
    _apart()


def uml(seat: Seat) -> list[str | Path]:
    """The kernel as a process; its root is a host directory that holds our program."""
    place = scratch(seat.held)
    root = place / "root"
    for name in ("dev", "proc"):
        (root / name).mkdir(parents=True)
    shutil.copy2(guest(), root / "init")
    names = [f"vec{number}" for number in range(len(seat.links))]
    devices = [
        f"{name}:transport=fd,fd={link},mac={mac},vec=0"
        for name, link, mac in zip(names, seat.links, seat.macs, strict=True)
    ]
    return [
        *_apart(), proc.need("linux.uml", "user-mode-linux"), f"mem={MEMORY}", f"uml_dir={place}/",
        "rootfstype=hostfs", f"rootflags={root}", "root=/dev/root", "rw", "init=/init",
        *devices, "con=null", "con0=null,fd:1", "con1=null", "ssl=null", "quiet", "panic=-1", "--",
        *seat.words(names, sysctls=names),
    ]  # fmt: skip


@cache
def _apart() -> tuple[str, ...]:
    """In a process namespace of its own: the helpers of a killed kernel go with it."""
    words = (proc.need("unshare", "util-linux"), "--pid", "--fork", "--kill-child=KILL")
    for way in (words, (*words, "--user", "--map-current-user")):
        if proc.run([*way, "true"], check=False).returncode == 0:
            return way
    raise Unavailable("a process namespace cannot be made", "run as root")


UML = Stack(
    "linux-uml", "Debian package user-mode-linux, with artifact/csrc/duts/guest.c inside",
    Carrier.DATAGRAM, need_uml, uml, forwards=True, jobs=4, features=FEATURES, arp_age=AGE_S,
    reassembly=REASSEMBLY_S,
)  # fmt: skip


# --- QEMU ----------------------------------------------------------------------------------


def need_qemu() -> None:
    """The emulator, the kernel, and what compiles our program."""
    proc.need("qemu-system-x86_64", "qemu-system-x86")
    proc.need("cc", "gcc")
    KERNEL.need()


def _entry(path: str, mode: int, data: bytes, number: int) -> bytes:
    """A file in a cpio archive of the "new ASCII" format (cpio(5))."""
    name = path.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def cpio(files: dict[str, bytes | None]) -> bytes:
    """A cpio archive for the kernel: executable files, and directories (None)."""
    entries = [
        _entry(path, 0o040755 if data is None else 0o100755, data or b"", number)
        for number, (path, data) in enumerate(files.items(), 1)
    ]
    return b"".join(entries) + _entry("TRAILER!!!", 0, b"", 0)


def _initramfs(version: str) -> Path:
    program = guest()

    def make(fresh: Path) -> None:
        files: dict[str, bytes | None] = {"dev": None, "proc": None, "modules": None}
        for number, module in enumerate(MODULES):
            found = [*KERNEL.directory.glob(f"root/usr/lib/modules/*/kernel/{module}.ko.xz")]
            if len(found) != 1:
                raise ArtifactError(f"the kernel package has no module {module}")
            files[f"modules/{number}.ko"] = lzma.decompress(found[0].read_bytes())
        fresh.write_bytes(cpio({**files, "init": program.read_bytes()}))

    return kept("initramfs", f"{version} {program.name} {MODULES}", make)


def qemu(seat: Seat) -> list[str | Path]:
    """A machine with a virtio network card for each link; its serial line is our standard output.

    Without KVM: its guests do not boot on every host this is for, and conformance needs no speed.
    The card's offloads are off: they belong to no protocol.
    """
    note = KERNEL.need()
    (image,) = KERNEL.directory.glob("root/boot/vmlinuz-*")
    names = [f"eth{number}" for number in range(len(seat.links))]
    offloads = "csum=off,gso=off,guest_csum=off,guest_tso4=off,guest_tso6=off,guest_ufo=off"
    cards: list[str] = []
    for name, link, mac in zip(names, seat.links, seat.macs, strict=True):
        cards += ["-netdev", f"tap,id={name},fd={link}"]
        cards += ["-device", f"virtio-net-pci,netdev={name},mac={mac},romfile=,{offloads}"]
    words = " ".join(seat.words(names, sysctls=names))
    return [
        proc.need("qemu-system-x86_64", "qemu-system-x86"), "-accel", "tcg", "-cpu",
        "max,cx16=off", "-m", "128M", "-nodefaults", "-no-user-config", "-display", "none",
        "-no-reboot", "-serial", "stdio", "-kernel", image,
        "-initrd", _initramfs(note["version"]), *cards,
        "-append", f"console=ttyS0 quiet panic=-1 net.ifnames=0 -- {words}",
    ]  # fmt: skip


QEMU = Stack(
    "linux-qemu", "Debian 13 linux-image-cloud-amd64 in QEMU (TCG), csrc/duts/guest.c inside",
    Carrier.TAP, need_qemu, qemu, forwards=True, jobs=4, prepare=(KERNEL,), features=FEATURES,
    arp_age=AGE_S, reassembly=REASSEMBLY_S, timing=PATIENT, ready_s=180.0,
)  # fmt: skip
