# SPDX-License-Identifier: GPL-2.0-only
"""Hostile programs under runu: what each attempt to get out of the container gives.

tests/c/runu/attack.c makes them: by the library kernel's system calls, by the machine's own
instruction, and, as one who has taken the library kernel over, by the host layer itself.
"""

import json
import os
import signal
from collections.abc import Iterator
from errno import EACCES, EINVAL, ELOOP, ENOENT, ENOMEM, ENOSYS, EPERM, ESRCH
from pathlib import Path

import pytest

from artifact import paths
from tests.system.oci.bundle import Done, Workshop
from tests.system.runu import workshop

pytestmark = pytest.mark.system

SOURCE = paths.REPO / "tests" / "c" / "runu" / "attack.c"
ATTACK = "/bin/attack"
PANIC = 86
SYS_GETPPID, SYS_SOCKET, SYS_EXECVE, SYS_KILL, SYS_PRCTL = 110, 41, 59, 62, 157


@pytest.fixture(scope="module")
def shop() -> Iterator[Workshop]:
    """Containers whose only program is the attack."""
    with workshop(SOURCE) as shop:
        yield shop


@pytest.fixture(scope="module")
def secret(shop: Workshop) -> Path:
    """A file of the host that no container is shown."""
    file = shop.place / "secret"
    file.write_text("the host's\n")
    return file


def attack(shop: Workshop, *words: str) -> Done:
    return shop.container(ATTACK, *words).run()


def outcome(done: Done) -> dict[str, int]:
    """NAME VALUE lines."""
    pairs = (line.rsplit(" ", 1) for line in done.good().out.splitlines())
    return {name: int(value) for name, value in pairs}


def ways_up(secret: Path) -> list[str]:
    up = "/.." * 12
    return [str(secret), f"{up}{secret}", f"/proc/1/root{secret}", f"/proc/self/root{up}{secret}",
            f"/proc/self/cwd{up}{secret}", f"/dev/fd/..{up}{secret}"]  # fmt: skip


def test_no_path_leads_out(shop: Workshop, secret: Path) -> None:
    found = outcome(attack(shop, "paths", *ways_up(secret)))
    assert set(found.values()) <= {-ENOENT, -EACCES, -EPERM, -ELOOP}
    inside = outcome(attack(shop, "paths", "/bin/attack"))
    assert inside["/bin/attack"] >= 0, "the attack could not open what is there either"


def test_a_link_in_the_root_stays_in_it(shop: Workshop, secret: Path) -> None:
    container = shop.container(ATTACK, "paths", "/way-out", "/way-up")
    (container.rootfs / "way-out").symlink_to(secret)
    (container.rootfs / "way-up").symlink_to("../../../../../../../.." + str(secret))
    assert set(outcome(container.run()).values()) == {-ENOENT}


def test_calls_that_change_the_machine_are_refused(shop: Workshop) -> None:
    refused = outcome(attack(shop, "calls"))
    allowed = {-EPERM, -ENOSYS, -EACCES, -ESRCH}
    assert {name: value for name, value in refused.items() if value not in allowed} == {}
    for name in ("io_uring_setup", "keyctl", "bpf", "kexec_load"):
        assert refused[name] in {-ENOSYS, -EPERM}


def test_the_kernels_memory_is_not_the_programs(shop: Workshop) -> None:
    assert set(outcome(attack(shop, "memory")).values()) <= {-ENOMEM, -EINVAL, -EPERM, -14}


def test_raw_system_calls_are_the_library_kernels(shop: Workshop, secret: Path) -> None:
    got = outcome(attack(shop, "raw", str(secret)))
    assert got["getpid"] == 1, "the host's process id"
    assert got["open"] == -ENOENT
    assert got["ptrace"] in {-EPERM, -ESRCH}
    assert got["int80"] == -ENOSYS


def test_a_kernel_taken_over_sees_the_containers_files_only(shop: Workshop, secret: Path) -> None:
    up = "../" * 12
    wanted = [str(secret), up + str(secret).lstrip("/"), "/etc/passwd", "/proc/self/status"]
    container = shop.container(ATTACK, "takeover", *wanted, edit={"root": {"readonly": True}})
    got = outcome(container.run())
    assert got == {"opened": 0, "made": 0}
    assert not list(container.bundle.rglob("made-by-attack"))


def test_the_same_may_write_where_the_container_may(shop: Workshop) -> None:
    """Else the test above would pass for an attack that does not work."""
    container = shop.container(ATTACK, "takeover", "bin/attack", edit={"root": {"readonly": False}})
    got = outcome(container.run())
    assert got["opened"] >= 1
    assert got["made"] >= 1
    assert (container.rootfs / "made-by-attack").exists()


@pytest.mark.parametrize("number", [SYS_GETPPID, SYS_SOCKET, SYS_EXECVE, SYS_KILL, SYS_PRCTL])
def test_other_calls_of_the_host_end_it(shop: Workshop, number: int) -> None:
    done = attack(shop, "forbidden", str(number))
    assert (done.status, done.out) == (PANIC, "")
    assert f"the sandbox stopped host system call {number:03}" in done.err


def test_calls_from_elsewhere_end_it(shop: Workshop) -> None:
    done = attack(shop, "elsewhere")
    assert (done.status, done.out) == (PANIC, "")
    assert "the sandbox stopped host system call" in done.err


def test_the_process_has_no_rights_left(shop: Workshop) -> None:
    """On the host: no capability but for files, no new privileges, a filter."""
    edit = {"process": {"capabilities": {"bounding": ["CAP_SYS_ADMIN", "CAP_CHOWN"]}}}
    container = shop.container(ATTACK, "paths", "/", edit=edit)
    container.create().good()
    pid = container.state()["pid"]
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    assert int(status["CapEff"], 16) == 1, "CAP_CHOWN alone"
    assert int(status["CapBnd"], 16) == 1
    assert os.readlink(f"/proc/{pid}/ns/mnt") != os.readlink("/proc/self/ns/mnt")
    os.kill(pid, signal.SIGKILL)


def test_the_list_is_told_and_short(shop: Workshop) -> None:
    told = json.loads(shop.call("features").good().out)["ukontainer"]["hostSystemCalls"]
    assert len(told) == len(set(told)) <= 30
    assert {"openat2", "ppoll"} <= set(told)
    assert not {"execve", "socket", "ptrace", "prctl", "kill", "clone"} & set(told)
