# SPDX-License-Identifier: GPL-2.0-only
"""Control groups: both versions are recognised in captured mount tables."""

from pathlib import Path

from artifact.systems import cgroups
from artifact.systems.cgroups import Mode

GOLDEN = Path(__file__).parents[1] / "golden" / "mountinfo"


def captured(name: str) -> cgroups.Hierarchies:
    return cgroups.parse((GOLDEN / f"{name}.txt").read_text())


def test_version_2_alone() -> None:
    found = captured("v2")
    assert (found.mode, found.v1, found.v2) == (Mode.V2, (), Path("/sys/fs/cgroup"))


def test_both_versions_side_by_side() -> None:
    found = captured("hybrid")
    assert (found.mode, found.v2) == (Mode.HYBRID, Path("/sys/fs/cgroup/unified"))
    assert Path("/sys/fs/cgroup/memory") in found.v1
    assert len(found.all) == len(found.v1) + 1


def test_version_1_alone_and_none() -> None:
    text = (GOLDEN / "hybrid.txt").read_text()
    assert cgroups.parse(text.replace("cgroup2", "tmpfs")).mode is Mode.V1
    assert cgroups.parse("").mode is Mode.NONE


def test_a_mount_point_with_a_space_in_its_name() -> None:
    line = r"60 47 0:38 / /mnt/a\040b rw - cgroup2 none rw"
    assert cgroups.parse(line).v2 == Path("/mnt/a b")
