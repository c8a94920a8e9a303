# SPDX-License-Identifier: GPL-2.0-only
"""The linux object: namespaces, mappings, devices, sysctl, seccomp; and hostname."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOSYS, EPERM, EXDEV
from pathlib import Path
from signal import SIGSYS
from stat import S_IFCHR
from typing import Any

import pytest

from artifact.net.netns import namespace
from artifact.systems.oci import NAMESPACES
from tests.system.oci.bundle import CAPABILITY_SETS, PROBE, Json, Seen, Workshop
from tests.system.oci.sentences import says

FILES = {"pid": "pid", "network": "net", "ipc": "ipc", "uts": "uts", "mount": "mnt"}
DEVICES = ["null", "zero", "full", "random", "urandom", "tty", "ptmx", "fd", "uk"]
STREAMS = ["stdin", "stdout", "stderr"]
EXTRA = {
    "path": "/dev/uk",
    "type": "c",
    "major": 1,
    "minor": 5,
    "fileMode": 0o640,
    "uid": 3,
    "gid": 4,
}
SYSCTL = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "8123"}
FULL = {
    "hostname": "set-by-config",
    "linux": {"devices": [EXTRA], "sysctl": SYSCTL},
}


@pytest.fixture(scope="module")
def seen(shared: Workshop) -> Seen:
    paths = [f"/dev/{name}" for name in (*DEVICES, *STREAMS)]
    values = [f"/proc/sys/{name.replace('.', '/')}" for name in SYSCTL]
    return shared.see(*paths, *values, edit=FULL)


@says("config#hostname", "as seen by processes running inside the container")
def test_hostname(seen: Seen) -> None:
    assert seen["hostname"] == "set-by-config"


@says("config#hostname", "the host's own name stays")
def test_the_hosts_name_stays(seen: Seen) -> None:
    assert os.uname().nodename != "set-by-config"
    assert seen["hostname"] != os.uname().nodename


@says("config-linux#default-devices", "MUST also supply null, zero, full, random, urandom, tty")
@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("null", (1, 3)),
        ("zero", (1, 5)),
        ("full", (1, 7)),
        ("random", (1, 8)),
        ("urandom", (1, 9)),
        ("tty", (5, 0)),
    ],
)
def test_default_devices(seen: Seen, name: str, number: tuple[int, int]) -> None:
    file = seen.file(f"/dev/{name}")
    assert (file["type"], file["major"], file["minor"]) == ("c", *number)
    assert file["mode"] == 0o666


@says("config-linux#default-devices", "/dev/ptmx: of the container's own /dev/pts")
def test_ptmx(seen: Seen) -> None:
    file = seen.file("/dev/ptmx")
    assert (file["type"], file["major"], file["minor"]) == ("c", 5, 2)


@says("runtime-linux#dev-symbolic-links", "/dev/fd, stdin, stdout, stderr lead to /proc/self/fd")
def test_links_in_dev(seen: Seen) -> None:
    assert seen.file("/dev/fd")["link"] == "/proc/self/fd"
    for number, name in enumerate(STREAMS):
        assert seen.file(f"/dev/{name}")["link"] == f"/proc/self/fd/{number}"


@says("config-linux#devices", "MUST be available: type, number, fileMode, uid, gid")
def test_devices(seen: Seen) -> None:
    file = seen.file("/dev/uk")
    assert (file["type"], file["major"], file["minor"]) == ("c", 1, 5)
    assert (file["mode"], file["uid"], file["gid"]) == (0o640, 3, 4)


@says("config-linux#allowed-device-list", "apply entries in the listed order")
def test_device_list(shared: Workshop) -> None:
    kmsg = {"path": "/dev/kmsg", "type": "c", "major": 1, "minor": 11}
    deny = {"allow": False, "access": "rwm"}
    allow = {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "rw"}
    got = []
    for rules in ([deny, allow], [deny]):
        edit = {"linux": {"devices": [kmsg], "resources": {"devices": rules}}}
        done = shared.container(PROBE, "try", "write", "/dev/kmsg", edit=edit).run()
        got.append(done.good().out.strip())
    assert got == ["0", str(EPERM)]


@says("config-linux#sysctl", "kernel parameters modified for the container")
@pytest.mark.parametrize("name", SYSCTL)
def test_sysctl(seen: Seen, name: str) -> None:
    file = seen.file(f"/proc/sys/{name.replace('.', '/')}")
    assert file["text"].strip() == SYSCTL[name]


@says("config-linux#sysctl", "the host's parameters stay")
def test_sysctl_of_the_host_stays(seen: Seen) -> None:
    assert Path("/proc/sys/kernel/msgmax").read_text().strip() != SYSCTL["kernel.msgmax"]
    assert seen


@says("config-linux#sysctl", "a name that is not there is an error")
def test_an_unknown_sysctl(shared: Workshop) -> None:
    container = shared.container(edit={"linux": {"sysctl": {"net.ipv4.no_such": "1"}}})
    container.create().refused("no_such")


def host_namespaces(shared: Workshop, namespaces: list[Json]) -> dict[str, str]:
    """Where the container's process is, as the host sees it."""
    container = shared.container(edit={"hostname": "", "linux": {"namespaces": namespaces}})
    container.create().good()
    pid = container.state()["pid"]
    return {kind: os.readlink(f"/proc/{pid}/ns/{file}") for kind, file in FILES.items()}


@pytest.fixture(scope="module")
def new_namespaces(shared: Workshop) -> dict[str, str]:
    return host_namespaces(shared, [{"type": kind} for kind in NAMESPACES])


@says("config-linux#namespaces", "path not specified: MUST create a new one")
@pytest.mark.parametrize("kind", NAMESPACES)
def test_new_namespaces(new_namespaces: dict[str, str], kind: str) -> None:
    assert new_namespaces[kind] != os.readlink(f"/proc/self/ns/{FILES[kind]}")


@says("config-linux#namespaces", "type not specified: MUST inherit the runtime's")
def test_inherited_namespaces(shared: Workshop) -> None:
    found = host_namespaces(shared, [{"type": "pid"}, {"type": "mount"}])
    for kind in ("network", "ipc", "uts"):
        assert found[kind] == os.readlink(f"/proc/self/ns/{FILES[kind]}")


@contextmanager
def network() -> Iterator[str]:
    """Path of a new network namespace."""
    with namespace() as net:
        with net.entered():
            descriptor = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            yield f"/proc/{os.getpid()}/fd/{descriptor}"
        finally:
            os.close(descriptor)


@says("config-linux#namespaces", "path: MUST place the process in that namespace")
def test_a_namespace_by_path(shared: Workshop) -> None:
    with network() as path:
        others = [{"type": kind} for kind in NAMESPACES if kind != "network"]
        found = host_namespaces(shared, [*others, {"type": "network", "path": path}])
        assert found["network"] == os.readlink(path)


@says("config-linux#namespaces", "path not of that type MUST generate an error")
def test_a_namespace_path_of_another_type(shared: Workshop) -> None:
    with network() as path:
        wrong = [{"type": "mount"}, {"type": "pid"}, {"type": "ipc", "path": path}]
        shared.container(edit={"linux": {"namespaces": wrong}}).create().refused()


@says("config-linux#namespaces", "path that is not there is an error")
def test_an_absent_namespace_path(shared: Workshop) -> None:
    wrong = [{"type": "mount"}, {"type": "network", "path": "/proc/self/ns/absent"}]
    container = shared.container(edit={"hostname": "", "linux": {"namespaces": wrong}})
    container.create().refused("absent|No such|namespace")


@says("config-linux#namespaces", "network: its own stack, nothing of the host's in it")
def test_a_new_network_namespace_has_only_loopback(seen: Seen) -> None:
    assert "eth0" not in {entry[0] for entry in seen["interfaces"][:-1]}
    assert "lo" in {entry[0] for entry in seen["interfaces"][:-1]}


@says("config-linux#namespaces", "pid: only processes of the same container are seen")
def test_a_new_pid_namespace(shared: Workshop) -> None:
    container = shared.container("/bin/sh", "-c", "ls /proc")
    pids = {word for word in container.run().good().out.split() if word.isdigit()}
    assert "1" in pids
    assert str(os.getpid()) not in pids
    assert len(pids) <= 3


MAPPED = {
    "process": {"user": {"uid": 0, "gid": 0}},
    "linux": {
        "namespaces": [{"type": kind} for kind in (*NAMESPACES, "user")],
        "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 5000}],
        "gidMappings": [{"containerID": 0, "hostID": 200000, "size": 6000}],
    },
}


@says("config-linux#user-namespace-mappings", "from the host to the container (as seen inside)")
def test_mappings_as_seen_inside(shared: Workshop) -> None:
    seen = shared.see("/etc/passwd", edit=MAPPED)
    assert (seen["uid"], seen["gid"]) == (0, 0)
    assert seen["uid_map"].split() == ["0", "100000", "5000"]
    assert seen["gid_map"].split() == ["0", "200000", "6000"]


@says("config-linux#user-namespace-mappings", "from the host to the container (on the host)")
def test_mappings_as_seen_by_the_host(shared: Workshop) -> None:
    container = shared.container(edit=MAPPED).begin()
    pid = container.state()["pid"]
    assert Path(f"/proc/{pid}/uid_map").read_text().split() == ["0", "100000", "5000"]
    assert Path(f"/proc/{pid}/gid_map").read_text().split() == ["0", "200000", "6000"]
    assert Path(f"/proc/{pid}").stat().st_uid in (100000, 0)
    assert os.readlink(f"/proc/{pid}/ns/user") != os.readlink("/proc/self/ns/user")


@says("config-linux#user-namespace-mappings", "SHOULD NOT modify the ownership of file systems")
def test_mappings_leave_the_owners(shared: Workshop) -> None:
    container = shared.container(edit=MAPPED)
    container.create().good()
    assert (container.rootfs / "etc" / "passwd").stat().st_uid == 0


def seccomp(action: str, *names: str, **more: Any) -> Json:
    rule = {"names": list(names), "action": action} | more
    filtered = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [rule],
    }
    return {"linux": {"seccomp": filtered}, "process": {"noNewPrivileges": True}}


S_IFMT = 0o170000  # inode(7); in the stat module it is a function
MKDIR = ("mkdir", "mkdirat")
CHMOD = ("chmod", "fchmodat")


@says("config-linux#seccomp", "SCMP_ACT_ERRNO: EPERM by default, only the named ones")
def test_seccomp_errno(shared: Workshop) -> None:
    edit = seccomp("SCMP_ACT_ERRNO", *MKDIR)
    done = shared.container(PROBE, "try", "mkdir", "/tmp/new", edit=edit).run()
    assert done.good().out == f"{EPERM}\n"
    done = shared.container(PROBE, "try", "chmod", "/tmp", "0777", edit=edit).run()
    assert done.good().out == "0\n"


@says("config-linux#seccomp", "errnoRet: the error number to return")
def test_seccomp_errno_number(shared: Workshop) -> None:
    # "mknod": crun 1.21 keeps compiled filters, and takes one with another errnoRet for the same
    edit = seccomp("SCMP_ACT_ERRNO", *MKDIR, "mknod", errnoRet=ENOSYS)
    done = shared.container(PROBE, "try", "mkdir", "/tmp/new", edit=edit).run()
    assert done.good().out == f"{ENOSYS}\n"


@says("config-linux#seccomp", "args: index, value, op")
def test_seccomp_arguments(shared: Workshop) -> None:
    entry = {"index": 1, "value": 0o701, "op": "SCMP_CMP_EQ"}
    edit = seccomp("SCMP_ACT_ERRNO", "chmod", args=[entry])
    got = [
        shared.container(PROBE, "try", "chmod", "/tmp", mode, edit=edit).run().good().out
        for mode in ("0701", "0702")
    ]
    assert got == [f"{EPERM}\n", "0\n"]


@says("config-linux#seccomp", "args on different arguments must all hold")
def test_seccomp_several_arguments(shared: Workshop) -> None:
    args = [
        {"index": 1, "value": S_IFMT, "valueTwo": S_IFCHR, "op": "SCMP_CMP_MASKED_EQ"},
        {"index": 2, "value": os.makedev(1, 3), "op": "SCMP_CMP_GT"},
    ]
    edit = seccomp("SCMP_ACT_ERRNO", "mknod", errnoRet=EXDEV, args=args)
    got = [
        shared.container(PROBE, "try", "mknod", "/tmp/x", minor, edit=edit).run().good().out
        for minor in ("3", "5")
    ]
    assert got[1] == f"{EXDEV}\n" != got[0]


@says("config-linux#seccomp", "args that name an argument twice: one of them is enough")
def test_seccomp_alternatives(shared: Workshop) -> None:
    args = [{"index": 1, "value": mode, "op": "SCMP_CMP_EQ"} for mode in (0o701, 0o500)]
    edit = seccomp("SCMP_ACT_ERRNO", "chmod", args=args)
    got = [
        shared.container(PROBE, "try", "chmod", "/tmp", mode, edit=edit).run().good().out
        for mode in ("0701", "0500", "0700")
    ]
    assert got == [f"{EPERM}\n", f"{EPERM}\n", "0\n"]


@says("config-linux#seccomp", "defaultAction and defaultErrnoRet: for what no rule names")
def test_seccomp_default(shared: Workshop) -> None:
    header = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h").read_text()
    names = set(re.findall(r"^#define __NR_(\w+)", header, re.MULTILINE)) - set(MKDIR)
    edit = seccomp("SCMP_ACT_ALLOW", *sorted(names))
    edit["linux"]["seccomp"] |= {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": EXDEV}
    done = shared.container(PROBE, "try", "mkdir", "/tmp/new", edit=edit).run()
    assert done.good().out == f"{EXDEV}\n"


@says("config-linux#seccomp", "the profile holds for programs by exec as well")
def test_seccomp_of_exec(shared: Workshop) -> None:
    edit = seccomp("SCMP_ACT_ERRNO", *MKDIR)
    container = shared.container(PROBE, "loop", edit=edit).begin()
    done = container.call("exec", after=[PROBE, "try", "mkdir", "/tmp/new"])
    assert done.good().out == f"{EPERM}\n"


@says("config-linux#seccomp", "SCMP_ACT_KILL_PROCESS ends the program by SIGSYS")
def test_seccomp_kill(shared: Workshop) -> None:
    edit = seccomp("SCMP_ACT_KILL_PROCESS", *MKDIR)
    done = shared.container(PROBE, "try", "mkdir", "/tmp/new", edit=edit).run()
    assert (done.status, done.out) == (128 + SIGSYS, "")


@says("config-linux#seccomp", "an unknown action is refused")
def test_seccomp_with_an_unknown_action(shared: Workshop) -> None:
    shared.container(edit=seccomp("SCMP_ACT_NOSUCH", *MKDIR)).create().refused()


@says("config-linux#seccomp", "names that this machine does not have are passed over")
def test_seccomp_with_an_unknown_name(shared: Workshop) -> None:
    edit = seccomp("SCMP_ACT_ERRNO", *MKDIR, "no_such_call_ever")
    done = shared.container(PROBE, "try", "mkdir", "/tmp/new", edit=edit).run()
    assert done.good().out == f"{EPERM}\n"


@says("config#linux-process", "capabilities: sethostname needs SYS_ADMIN")
def test_hostname_cannot_be_set_without_capability(shared: Workshop) -> None:
    every = {kind: ["CAP_SYS_ADMIN"] for kind in CAPABILITY_SETS}
    edit = {"process": {"capabilities": every}}
    denied = shared.container(PROBE, "try", "sethostname", "x").run().good().out
    allowed = shared.container(PROBE, "try", "sethostname", "x", edit=edit).run().good().out
    assert (denied, allowed) == (f"{EPERM}\n", "0\n")
