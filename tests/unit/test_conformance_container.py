# SPDX-License-Identifier: GPL-2.0-only
"""The bundle that a container of the suite is made from."""

import json
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from artifact import paths
from artifact.conformance.duts import container, runu
from artifact.conformance.duts.conditions import PAPER
from artifact.errors import Unavailable


def test_a_condition_is_the_sysctls_of_the_container() -> None:
    given: dict[str, Any] = container.spec(["/a"], sysctls=PAPER.for_interfaces(("eth0", "eth1")))
    sysctls = given["linux"]["sysctl"]
    assert next(iter(sysctls)) == "net.ipv4.ip_forward"  # the others would be reset by it
    assert sysctls["net.ipv4.neigh.eth1.locktime"] == "-1"
    assert container.spec(["/a"])["linux"]["sysctl"] == {}  # type: ignore[index]  # any JSON


def test_the_network_namespace_is_new_or_a_given_one() -> None:
    new: dict[str, Any] = container.spec(["/a"])
    given: dict[str, Any] = container.spec(["/a"], runu.HERE)
    assert new["linux"]["namespaces"][-1] == {"type": "network"}
    assert given["linux"]["namespaces"][-1] == {"type": "network", "path": "/proc/self/ns/net"}


def test_a_bundle_holds_one_program_and_goes(tmp_path: Path) -> None:
    program = tmp_path / "guest-0123"
    program.write_text("#!/bin/false\n")
    program.chmod(0o755)
    with ExitStack() as held:
        place = container.bundle(held, program, ["a", "b"])
        assert json.loads((place / "config.json").read_text())["process"]["args"][1:] == ["a", "b"]
        assert os.access(place / "rootfs" / "program", os.X_OK)
    assert not place.exists()


def test_without_the_runtime_the_reason_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "liblkl.so").touch()
    monkeypatch.setenv("UK_LKL_PREFIX", str(tmp_path))
    with pytest.raises(Unavailable, match=r"the runtime runu is not built.*invoke build"):
        paths.runu()
    with pytest.raises(Unavailable, match="the runtime runu is not built"):
        runu.Runu.need()
