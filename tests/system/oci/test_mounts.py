# SPDX-License-Identifier: GPL-2.0-only
"""The root file system and the mounts of config.json, as the program sees them."""

import shutil
from collections.abc import Iterator
from errno import EACCES, EPERM, EROFS
from pathlib import Path

import pytest

from artifact import proc
from tests.system.oci.bundle import (
    CAPABILITY_SETS,
    PROBE,
    Json,
    Seen,
    Workshop,
    mount,
    standard_mounts,
)
from tests.system.oci.sentences import says

PATHS = [
    "/",
    "/etc/passwd",
    "/proc",
    "/sys",
    "/dev/pts",
    "/dev/shm",
    "/dev/mqueue",
    "/data",
    "/data/file",
    "/data/below/file",
    "/fixed",
    "/fixed/file",
    "/deep",
    "/deep/below/file",
    "/single",
    "/small",
    "/over",
    "/over/file",
    "/plain/made/new",
]


def sources(place: Path) -> Path:
    """Directories of the host for bind mounts; `deep/below` is a mount itself."""
    top = place / "sources"
    for name in ("data/below", "fixed", "deep/below", "over", "hidden"):
        (top / name).mkdir(parents=True)
        (top / name / "file").write_text(f"{name}\n")
    (top / "data" / "file").write_text("data\n")
    shutil.copy(place / "image" / "bin" / "probe", top / "fixed" / "probe")
    proc.run(["mount", "--bind", top / "hidden", top / "deep" / "below"])
    return top


def mounts(top: Path) -> list[Json]:
    return [
        *standard_mounts(),
        mount("/data", "bind", "rbind", "rw", source=top / "data"),
        mount("/fixed", "bind", "bind", "ro", "nosuid", "nodev", "noexec", source=top / "fixed"),
        mount("/deep", "bind", "rbind", source=top / "deep"),
        mount("/flat", "bind", "bind", source=top / "deep"),
        mount("/single", "bind", "bind", "ro", source=top / "data" / "file"),
        mount("/small", "tmpfs", "nosuid", "nodev", "mode=1750", "size=64k"),
        mount("/over", "tmpfs", "size=64k"),
        mount("/over", "bind", "bind", source=top / "over"),
        mount("/plain/made/new", "tmpfs", "ro"),
    ]


@pytest.fixture(scope="module")
def top(place: Path, image: Path) -> Iterator[Path]:
    made = sources(place)
    yield made
    proc.run(["umount", made / "deep" / "below"])
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def seen(shared: Workshop, top: Path) -> Seen:
    return shared.see(*PATHS, "/flat", "/flat/below", edit={"mounts": mounts(top)})


@pytest.fixture(scope="module")
def fixed(shared: Workshop) -> Seen:
    return shared.see("/", "/etc/passwd", "/dev/shm", edit={"root": {"readonly": True}})


@says("config#root", "path: the root file system of the container")
def test_root(seen: Seen) -> None:
    entries = set(seen.file("/")["entries"])
    assert {"bin", "etc", "usr", "data"} <= entries
    assert "sources" not in entries


@says("config#root", "readonly defaults to false")
def test_the_root_can_be_written(seen: Seen) -> None:
    assert seen.file("/")["write"] == 0
    assert seen.file("/etc/passwd")["write"] == 0


@says("config#root", "readonly: MUST be read-only inside the container")
def test_a_readonly_root(fixed: Seen) -> None:
    assert fixed.file("/")["write"] == EROFS
    assert fixed.file("/etc/passwd")["write"] == EROFS
    assert "ro" in fixed.mount("/").options
    assert fixed.file("/dev/shm")["write"] == 0


@says("config#root", "path: absolute, or relative to the bundle")
def test_an_absolute_root(shared: Workshop) -> None:
    container = shared.container("/bin/true")
    config = container.config
    config["root"]["path"] = str(container.rootfs)
    container.write(config)
    container.run().good()


@says("config-linux#default-filesystems", "/proc, /sys, /dev/pts, /dev/shm SHOULD be available")
@pytest.mark.parametrize(
    ("where", "kind"),
    [
        ("/proc", "proc"),
        ("/sys", "sysfs"),
        ("/dev/pts", "devpts"),
        ("/dev/shm", "tmpfs"),
        ("/dev/mqueue", "mqueue"),
        ("/dev", "tmpfs"),
    ],
)
def test_default_file_systems(seen: Seen, where: str, kind: str) -> None:
    # without an MMU the kernel's tmpfs is its ramfs
    assert seen.mount(where).kind in ({"tmpfs", "ramfs"} if kind == "tmpfs" else {kind})


@says("config#mounts", "bind: the host's directory, read and write")
def test_bind(seen: Seen, top: Path) -> None:
    assert seen.file("/data/file")["text"] == "data\n"
    assert seen.file("/data/below/file")["text"] == "data/below\n"
    assert seen.file("/data")["write"] == 0
    assert seen.mount("/data")


@says("config#mounts", "bind: what is written inside is on the host")
def test_bind_is_written_through(shared: Workshop, top: Path) -> None:
    edit = {"mounts": mounts(top)}
    shared.container("/bin/sh", "-c", "echo new >/data/made", edit=edit).run().good()
    made = top / "data" / "made"
    assert made.read_text() == "new\n"
    made.unlink()


@says("config#linux-mount-options", "ro of a bind mount")
def test_bind_readonly(seen: Seen) -> None:
    assert seen.file("/fixed")["write"] == EROFS
    assert seen.file("/fixed/file")["write"] == EROFS
    assert seen.file("/fixed/file")["text"] == "fixed\n"
    assert "ro" in seen.mount("/fixed").options


@says("config#linux-mount-options", "nosuid, nodev, noexec are set")
def test_mount_flags(seen: Seen) -> None:
    assert {"nosuid", "nodev", "noexec"} <= seen.mount("/fixed").options
    assert not {"nosuid", "nodev", "noexec", "ro"} & seen.mount("/data").options
    assert {"nosuid", "noexec"} <= seen.mount("/dev/shm").options


@says("config#linux-mount-options", "noexec: MS_NOEXEC, a program cannot be executed")
def test_noexec_is_enforced(shared: Workshop, top: Path) -> None:
    edit = {"mounts": mounts(top)}
    done = shared.container(PROBE, "try", "exec", "/fixed/probe", edit=edit).run()
    assert done.good().out == f"{EACCES}\n"


@says("config#linux-mount-options", "nodev: a device node cannot be opened")
def test_nodev_is_enforced(shared: Workshop) -> None:
    chars = [*standard_mounts(), mount("/tmp", "tmpfs", "nodev"), mount("/run", "tmpfs")]
    sets = {kind: ["CAP_MKNOD", "CAP_DAC_OVERRIDE"] for kind in CAPABILITY_SETS}
    edit = {
        "mounts": chars,
        "process": {"capabilities": sets},
        "linux": {"resources": {"devices": [{"allow": True, "access": "rwm"}]}},
    }
    script = "for d in /tmp /run; do mknod $d/n c 1 3; probe try read $d/n; done"
    done = shared.container("/bin/sh", "-c", script, edit=edit).run().good()
    assert done.out.split() == [str(EACCES), "0"]


@says("config#linux-mount-options", "rbind takes mounts below along, bind does not")
def test_rbind(seen: Seen) -> None:
    assert seen.file("/deep/below/file")["text"] == "hidden\n"
    assert "file" in seen.file("/flat/below")["entries"]
    flat = [each for each in seen.mounts if each.where.startswith("/flat")]
    deep = [each for each in seen.mounts if each.where.startswith("/deep")]
    assert (len(flat), len(deep)) == (1, 2)


@says("config#mounts", "bind of a single file")
def test_bind_of_a_file(seen: Seen) -> None:
    file = seen.file("/single")
    assert (file["type"], file["text"], file["write"]) == ("f", "data\n", EROFS)


@says("config#mounts", "options: data of the file system (tmpfs mode)")
def test_tmpfs_mode(seen: Seen) -> None:
    assert seen.mount("/small").kind in ("tmpfs", "ramfs")
    assert seen.file("/small")["mode"] == 0o1750
    assert seen.file("/small")["write"] == 0
    assert {"nosuid", "nodev"} <= seen.mount("/small").options


@says("config#mounts", "options: data of the file system (tmpfs size)")
def test_tmpfs_size_is_enforced(shared: Workshop, top: Path) -> None:
    script = "dd if=/dev/zero of=/small/big bs=1k count=256 2>/dev/null; stat -c %s /small/big"
    done = shared.container("/bin/sh", "-c", script, edit={"mounts": mounts(top)}).run()
    assert int(done.good().out) <= 64 << 10


@says("config#mounts", "MUST mount entries in the listed order")
def test_mount_order(seen: Seen) -> None:
    assert seen.file("/over/file")["text"] == "over\n"
    where = [each.where for each in seen.mounts if each.where.startswith(("/data", "/over"))]
    assert where == ["/data", "/over", "/over"]


@says("config#mounts", "a destination that is not there is made")
def test_an_absent_destination(seen: Seen) -> None:
    assert seen.file("/plain/made/new")["type"] == "d"
    assert seen.file("/plain/made/new")["write"] == EROFS


@says("config#mounts", "a source that is not there is an error")
def test_an_absent_source(shared: Workshop, top: Path) -> None:
    wrong = mount("/data", "bind", "bind", source=top / "absent")
    shared.container(edit={"mounts": [*standard_mounts(), wrong]}).create().refused("absent")


@says("config#mounts", "an unknown type is an error")
def test_an_unknown_type(shared: Workshop) -> None:
    wrong = mount("/data", "nosuchfs")
    container = shared.container(edit={"mounts": [*standard_mounts(), wrong]})
    container.create().refused("nosuchfs|data|No such device")


@says("config#mounts", "destination: a link in the image does not lead out of the root")
def test_a_destination_through_a_link(shared: Workshop, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    edit = {"mounts": [*standard_mounts(), mount("/link/inside", "tmpfs", "mode=700")]}
    container = shared.container("/bin/true", edit=edit)
    (container.rootfs / "link").symlink_to(outside)
    container.run()
    assert list(outside.iterdir()) == []


@says("config#mounts", "only what is listed is mounted")
def test_nothing_else_is_mounted(shared: Workshop) -> None:
    seen = shared.see("/sys", edit={"mounts": [mount("/proc", "proc")]})
    assert seen.file("/sys")["entries"] == []
    assert {"/sys", "/dev/pts", "/dev/shm"} & {each.where for each in seen.mounts} == set()


@says("config#linux-mount-options", "the container's mounts are not on the host")
def test_the_host_does_not_see_the_mounts(shared: Workshop, top: Path) -> None:
    container = shared.container(edit={"mounts": mounts(top)}).begin()
    assert str(container.bundle) not in Path("/proc/self/mountinfo").read_text()


@says("config-linux#masked-paths", "cannot be read")
def test_masked_paths(shared: Workshop) -> None:
    paths = ["/etc/passwd", "/usr/bin", "/absent", "/proc/cpuinfo"]
    seen = shared.see(*paths, edit={"linux": {"maskedPaths": paths}})
    assert seen["files"]["/etc/passwd"].get("text", "") in ("", EACCES, EPERM)
    assert seen.file("/usr/bin")["entries"] == []
    assert seen["files"]["/proc/cpuinfo"].get("text", "") in ("", EACCES, EPERM)


@says("config-linux#readonly-paths", "read-only inside the container")
def test_readonly_paths(shared: Workshop) -> None:
    paths = ["/etc", "/usr/bin", "/absent", "/proc/sys"]
    seen = shared.see(
        "/etc/hosts",
        "/proc/sys/kernel/domainname",
        *paths[:2],
        "/var",
        edit={"linux": {"readonlyPaths": paths}},
    )
    assert seen.file("/etc/hosts")["write"] == EROFS
    assert seen.file("/proc/sys/kernel/domainname")["write"] == EROFS
    assert seen.file("/usr/bin")["write"] == EROFS
    assert seen.file("/var")["write"] == 0


@says("config-linux#rootfs-mount-propagation", "shared, slave, private, unbindable")
@pytest.mark.parametrize(
    ("value", "tag"),
    [("private", ""), ("shared", "shared:"), ("slave", ""), ("unbindable", "unbindable")],
)
def test_rootfs_propagation(shared: Workshop, value: str, tag: str) -> None:
    root = shared.see(edit={"linux": {"rootfsPropagation": value}}).mount("/")
    assert ([each for each in root.tags if each.startswith(tag)] != []) or not tag
    if value in ("private", "unbindable"):
        assert not any(each.startswith(("shared:", "master:")) for each in root.tags)


@says("config-linux#rootfs-mount-propagation", "another value is refused")
def test_an_unknown_propagation(shared: Workshop) -> None:
    shared.container(edit={"linux": {"rootfsPropagation": "nosuch"}}).create().refused()
