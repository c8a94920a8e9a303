# SPDX-License-Identifier: GPL-2.0-only
"""Control groups, as the host's files show them."""

import os
from typing import Any

import pytest

from artifact.systems import cgroups
from tests.system.oci.bundle import PROBE, Container, Workshop, group_file
from tests.system.oci.sentences import says

MB = 1 << 20
RESOURCES = {
    "memory": {"limit": 64 * MB, "reservation": 32 * MB},
    "pids": {"limit": 77},
    "cpu": {"shares": 512, "quota": 30000, "period": 60000, "cpus": "0", "mems": "0"},
}


@pytest.fixture(scope="module")
def limited(shared: Workshop) -> Container:
    return shared.container(edit={"linux": {"resources": RESOURCES}}).begin()


def _groups(container: Container) -> list[str]:
    tops = cgroups.here().all
    return [str(top) for top in tops if (top / container.ident).is_dir()]


@says("config-linux#cgroups-path", "absolute: relative to the cgroups mount point")
def test_the_process_is_in_its_group(limited: Container) -> None:
    pid = limited.state()["pid"]
    for v1 in ("memory/cgroup.procs", "pids/cgroup.procs", "cpu/cgroup.procs"):
        assert str(pid) in group_file(limited, v1, "cgroup.procs").split()
    assert str(os.getpid()) not in group_file(limited, "memory/cgroup.procs", "cgroup.procs")


@says("config-linux#memory", "limit, reservation: in bytes")
def test_memory(limited: Container) -> None:
    limit = group_file(limited, "memory/memory.limit_in_bytes", "memory.max")
    soft = group_file(limited, "memory/memory.soft_limit_in_bytes", "memory.low")
    assert (int(limit), int(soft)) == (64 * MB, 32 * MB)


@says("config-linux#pids", "limit: the maximum number of tasks")
def test_pids(limited: Container) -> None:
    assert group_file(limited, "pids/pids.max", "pids.max") == "77"


@says("config-linux#cpu", "quota, period: microseconds")
def test_cpu_quota(limited: Container) -> None:
    if cgroups.here().mode is cgroups.Mode.V2:
        assert group_file(limited, "", "cpu.max") == "30000 60000"
        return
    assert group_file(limited, "cpu/cpu.cfs_quota_us", "") == "30000"
    assert group_file(limited, "cpu/cpu.cfs_period_us", "") == "60000"


@says("config-linux#cpu", "shares: a relative share of time")
def test_cpu_shares(limited: Container) -> None:
    # version 2: 1 + (shares - 2) * 9999 / 262142, the conversion all runtimes use
    wanted = "20" if cgroups.here().mode is cgroups.Mode.V2 else "512"
    assert group_file(limited, "cpu/cpu.shares", "cpu.weight") == wanted


@says("config-linux#cpu", "cpus, mems: where the container runs")
def test_cpuset(limited: Container) -> None:
    assert group_file(limited, "cpuset/cpuset.cpus", "cpuset.cpus") == "0"
    assert group_file(limited, "cpuset/cpuset.mems", "cpuset.mems") == "0"
    assert os.sched_getaffinity(limited.state()["pid"]) == {0}


@says("config-linux#memory", "limit is enforced: tasks that take more are killed")
def test_memory_is_enforced(shared: Workshop) -> None:
    limit = {"memory": {"limit": 64 * MB, "swap": 64 * MB}}
    edit: dict[str, Any] = {"linux": {"resources": limit}}
    done = shared.container(PROBE, "hold", "128", edit=edit).run()
    assert done.status not in (0, 3), done
    assert "ready" not in done.out


@says("config-linux#control-groups", "a group of its own without any resources")
def test_a_group_without_limits(shared: Workshop) -> None:
    container = shared.container()
    container.create().good()
    pid = container.state()["pid"]
    assert str(pid) in group_file(container, "memory/cgroup.procs", "cgroup.procs").split()


@says("runtime#delete", "resources that were created (control groups) are removed")
def test_delete_removes_the_group(oci: Workshop) -> None:
    container = oci.container().begin()
    assert _groups(container)
    container.call("kill", after=["KILL"]).good()
    container.wait_for_end()
    container.call("delete").good()
    assert _groups(container) == []


@says("cli#run", "the control group goes with the container")
def test_run_removes_the_group(oci: Workshop) -> None:
    container = oci.container("/bin/true")
    container.run().good()
    assert _groups(container) == []


@says("cli#delete", "--force removes the control group with everything in it")
def test_delete_by_force_removes_the_group(oci: Workshop) -> None:
    container = oci.container().begin()
    container.call("delete", "--force").good()
    assert _groups(container) == []


@says("runtime#errors", "an error MUST leave the environment as if never attempted")
def test_a_failed_create_leaves_no_group(oci: Workshop) -> None:
    container = oci.container("/bin/absent")
    container.run().refused()
    assert _groups(container) == []


@says("cli#exec", "a program started later is in the group too")
def test_exec_joins_the_group(limited: Container) -> None:
    before = set(group_file(limited, "memory/cgroup.procs", "cgroup.procs").split())
    limited.call("exec", "--detach", after=["/bin/sleep", "60"]).good()
    after = set(group_file(limited, "memory/cgroup.procs", "cgroup.procs").split())
    # a library kernel's second program lives in the first one's process
    assert before <= after
    assert limited.state()["pid"] in map(int, after)
