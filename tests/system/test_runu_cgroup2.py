# SPDX-License-Identifier: GPL-2.0-only
"""runu on a host with control groups version 2 alone: a machine in QEMU; ours may have version 1.

The machine has the distribution's kernel, busybox, runu and a bundle, and says on its serial line
what it sees. Its processor is emulated: QEMU 7 takes iretq of a program for the kernel's, which
SMAP forbids, so that is off.
"""

import json
from pathlib import Path

import pytest

from artifact import proc
from artifact.conformance.duts.machines import KERNEL, cpio
from artifact.errors import Unavailable
from artifact.images import catalogue
from tests.system.oci.bundle import base, edited, standard_mounts
from tests.system.runu import program

pytestmark = pytest.mark.system

LOADER = "lib/ld-musl-x86_64.so.1"
LIMITS = {
    "memory": {"limit": 200 << 20, "reservation": 100 << 20, "swap": 300 << 20},
    "pids": {"limit": 50},
    "cpu": {"shares": 512, "quota": 50000, "period": 100000, "cpus": "0"},
    "blockIO": {"weight": 500},
}
FILES = {
    "memory.max": "209715200",
    "memory.low": "104857600",
    "memory.swap.max": "104857600",
    "pids.max": "50",
    "cpu.max": "50000 100000",
    "cpu.weight": "20",
    "cpuset.cpus": "0",
    "io.weight": "default 4950",
}
# The first file system of a machine cannot be left by pivot_root(2).
INIT = """#!/bin/busybox sh
/bin/busybox mount -t tmpfs -o size=300m tmpfs /new
/bin/busybox cp -a /bin /lib /uk /b /second /new/
/bin/busybox mkdir -p /new/proc /new/sys /new/dev /new/run /new/tmp
exec /bin/busybox switch_root /new /second
"""
SECOND = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin:/uk/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
mount -t cgroup2 cg /sys/fs/cgroup
group=/sys/fs/cgroup/uk-oci
runu create --bundle /b one </dev/null >/run/out 2>&1; echo "create $?"
runu start one; echo "start $?"
while ! grep -q inside /run/out; do sleep 0.2; done
for file in FILES; do echo "$file $(cat $group/$file)"; done
pid=$(runu state one | sed -n 's/.*"pid":[^0-9]*\\([0-9]*\\).*/\\1/p')
echo "member $(cat $group/cgroup.procs) $pid"
runu pause one; echo "frozen $(cat $group/cgroup.freeze)"
runu resume one; echo "frozen $(cat $group/cgroup.freeze)"
echo "stats $(runu events --stats one | tr -d '\\n')"
runu exec one /bin/busybox echo "by exec"
runu delete --force one; echo "delete $?"
ls -d $group
poweroff -f
"""


def config() -> str:
    """Of a container that says a word and stays."""
    script = "/bin/busybox echo inside; /bin/busybox sleep 600"
    edit = {
        "linux": {"resources": LIMITS, "cgroupsPath": "/uk-oci"},
        "mounts": standard_mounts(),
    }
    return json.dumps(edited(base(["/bin/busybox", "sh", "-c", script], "uk-oci"), edit))


def initramfs(file: Path) -> Path:
    """What the machine starts from."""
    try:
        busybox = catalogue.image("busybox").rootfs
    except Unavailable as reason:
        pytest.skip(str(reason))
    runu = program()
    files: dict[str, bytes | None] = dict.fromkeys(("bin", "lib", "new", "b", "b/rootfs"))
    files |= dict.fromkeys(("uk", "uk/bin", "uk/lib"))
    for top in ("", "b/rootfs/"):
        files |= dict.fromkeys((f"{top}bin", f"{top}lib"))
        files[f"{top}bin/busybox"] = (busybox / "bin" / "busybox").resolve().read_bytes()
        files[f"{top}{LOADER}"] = (busybox / LOADER).resolve().read_bytes()
    files |= dict.fromkeys(f"b/rootfs/{name}" for name in ("proc", "sys", "dev", "etc", "tmp"))
    files["uk/bin/runu"] = runu.read_bytes()
    files[f"uk/{LOADER}"] = (runu.parent.parent / LOADER).read_bytes()
    files["b/config.json"] = config().encode()
    files["second"] = SECOND.replace("FILES", " ".join(FILES)).encode()
    files["init"] = INIT.encode()
    file.write_bytes(cpio(files))
    return file


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The machine's lines."""
    try:
        qemu = proc.need("qemu-system-x86_64", "qemu-system-x86")
        KERNEL.need()
    except Unavailable as reason:
        pytest.skip(str(reason))
    (kernel,) = KERNEL.directory.glob("root/boot/vmlinuz-*")
    start = initramfs(tmp_path_factory.mktemp("machine") / "initramfs")
    argv = [
        qemu, "-accel", "tcg", "-cpu", "max,cx16=off,smap=off", "-m", "1G", "-nodefaults",
        "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio",
        "-kernel", kernel, "-initrd", start, "-append", "console=ttyS0 quiet panic=-1",
    ]  # fmt: skip
    return proc.run(argv, timeout=300).stdout.replace("\r", "").splitlines()


def test_a_container_lives_and_leaves_nothing(said: list[str]) -> None:
    assert {"create 0", "start 0", "by exec", "delete 0"} <= set(said), said
    assert any("uk-oci: No such file" in line for line in said)


@pytest.mark.parametrize("file", FILES)
def test_limits(said: list[str], file: str) -> None:
    assert f"{file} {FILES[file]}" in said


def test_its_process_is_in_the_group_which_freezes(said: list[str]) -> None:
    (member,) = (line.split()[1:] for line in said if line.startswith("member "))
    assert member[0] == member[1] != ""
    assert [line for line in said if line.startswith("frozen")] == ["frozen 1", "frozen 0"]


def test_events(said: list[str]) -> None:
    (line,) = (line for line in said if line.startswith("stats "))
    data = json.loads(line.removeprefix("stats "))["data"]
    assert data["memory"]["usage"]["limit"] == 200 << 20
    assert data["memory"]["usage"]["usage"] > 1 << 20
    assert data["cpu"]["usage"]["total"] > 0
    assert data["pids"] == {"current": 1, "limit": 50}
