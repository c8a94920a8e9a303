# SPDX-License-Identifier: GPL-2.0-only
"""OCI bundles: the same for every runtime, nothing privileged, names that can be swept."""

import json
from pathlib import Path

import pytest

from artifact import proc
from artifact.errors import Unavailable
from artifact.systems import cgroups, crun, oci, runc
from artifact.systems.base import Image

IMAGE = Image("python-hello", Path("/image/rootfs"), ("/usr/bin/python3", "/hello.py"))


def test_config_has_the_program_its_own_namespaces_and_no_capabilities() -> None:
    made = oci.config(IMAGE, "uk-1-1", (*IMAGE.argv, "nonce"))
    assert made["process"]["args"][-1] == "nonce"
    assert made["root"] == {"path": "/image/rootfs", "readonly": True}
    assert {"pid", "network", "mount"} <= {n["type"] for n in made["linux"]["namespaces"]}
    assert not any(made["process"]["capabilities"].values())
    assert made["linux"]["cgroupsPath"] == "/uk-1-1"
    json.dumps(made)


HYBRID = cgroups.Hierarchies((Path("/cg/cpu"),), Path("/cg/unified"))
UNIFIED = cgroups.Hierarchies((), Path("/cg"))


def test_only_crun_on_a_hybrid_machine_has_a_mount_hidden() -> None:
    assert crun.system()._hidden_mount(HYBRID) == Path("/cg/unified")
    assert crun.system()._hidden_mount(UNIFIED) is None
    assert runc.system()._hidden_mount(HYBRID) is None


def test_an_absent_runtime_is_skipped_with_the_package_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proc, "which", lambda _: None)
    with pytest.raises(Unavailable, match=r"crun is not installed; .*apt package crun"):
        crun.system().check()


def test_a_plain_chroot_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proc, "need", lambda *_: "/usr/bin/runc")
    monkeypatch.setattr(oci.os, "geteuid", lambda: 0)
    monkeypatch.setattr(cgroups, "is_mount_point", lambda _: False)
    with pytest.raises(Unavailable, match="no mount point"):
        runc.system().check()
