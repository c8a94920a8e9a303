# SPDX-License-Identifier: GPL-2.0-only
"""gVisor as a container runtime: its sentry takes a veth's address and puts its own stack there."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from artifact import proc
from artifact.conformance.duts.base import DutInfo
from artifact.conformance.duts.linux import DUT_MAC, tester_namespace, wired
from artifact.conformance.duts.machines import guest
from artifact.conformance.duts.packaged import unpacked
from artifact.conformance.duts.process import ProcessDut
from artifact.conformance.duts.scratch import scratch
from artifact.conformance.timing import PATIENT, Timing
from artifact.net.interfaces import add_address, add_default_route, set_up
from artifact.net.link import Link, packet_link
from artifact.net.netns import Namespace, namespace

RUNSC = unpacked("trixie", "runsc", "30 MB to fetch")
# runsc looks at these limits only in the first network namespace and stops when it finds them in
# another; some kernels show them in all. In a mount namespace of its own it does not find them.
HIDE_LIMITS = 'mount -t tmpfs none /proc/sys/net/core && exec "$@"'
OPTIONS = ("--network=sandbox", "--platform=systrap", "--ignore-cgroups", "--overlay2=none")
READY_S = 180.0
CAPABILITIES = ["CAP_NET_BIND_SERVICE", "CAP_NET_ADMIN"]


@dataclass
class Runsc(ProcessDut):
    """A container whose one program is our echo service."""

    timing: Timing = PATIENT

    NAME = "gvisor-runsc"
    OBTAINED = "Debian 13's package runsc, a container with artifact/csrc/duts/guest.c"
    JOBS = 2
    PREPARE = (RUNSC,)

    @classmethod
    def need(cls) -> None:
        """The runtime, what compiles our program, and the right to make namespaces."""
        RUNSC.need()
        proc.need("cc", "gcc")
        proc.need("unshare", "util-linux")
        with namespace():
            pass

    def attach(self, held: ExitStack) -> tuple[DutInfo, Link]:
        """Configure a veth in a namespace of the container's, then start the container."""
        info = DutInfo(self.NAME, f"runsc {RUNSC.need()['version']}", self.OBTAINED, DUT_MAC)
        tester, inside = tester_namespace(held), held.enter_context(namespace())
        set_up(inside, "lo")
        wired(tester, inside, "wire", "eth0", info.mac)
        add_address(inside, "eth0", info.address, info.prefix)
        add_default_route(inside, info.gateway)
        link = packet_link(tester, "wire")
        held.callback(link.close)
        argv = self._argv(held, inside, info)
        with inside.entered():  # the mount is over what this namespace sees in /proc/sys/net
            self.launch(held, argv, patience=READY_S)
        return info, link

    def _argv(self, held: ExitStack, inside: Namespace, info: DutInfo) -> list[str | Path]:
        place = scratch(held)
        (place / "rootfs").mkdir()
        (place / "rootfs" / "proc").mkdir()
        shutil.copy2(guest(), place / "rootfs" / "guest")
        words = [info.gateway, f"-,{info.mac},{info.address}/{info.prefix},{info.mtu}"]
        spec = bundle(["/guest", *words], f"/proc/{os.getpid()}/fd/{inside.fileno()}")
        (place / "config.json").write_text(json.dumps(spec))
        return [
            proc.need("unshare", "util-linux"), "--mount", "sh", "-c", HIDE_LIMITS, "sh",
            runtime(), f"--root={place}/state", *OPTIONS, "run", f"--bundle={place}",
            f"uk-{os.getpid()}-{place.name}",
        ]  # fmt: skip


def runtime() -> Path:
    """The program."""
    return RUNSC.directory / "root" / "usr" / "bin" / "runsc"


def bundle(argv: list[str], network: str = "") -> dict[str, object]:
    """A bundle's config.json (OCI runtime specification); `network` is a namespace's file."""
    place = {"path": network} if network else {}
    kinds = [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]
    return {
        "ociVersion": "1.0.2",
        "process": {
            "user": {"uid": 0, "gid": 0},
            "args": argv,
            "cwd": "/",
            "capabilities": dict.fromkeys(("bounding", "effective", "permitted"), CAPABILITIES),
        },
        "root": {"path": "rootfs", "readonly": True},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
        "linux": {"namespaces": [*kinds, {"type": "network", **place}]},
    }
