# SPDX-License-Identifier: GPL-2.0-only
"""gVisor as a container runtime: its sentry takes a veth's address and puts its own stack there."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from artifact import proc
from artifact.conformance.duts.base import FAR, FORWARDING, UDP_ECHO, DutInfo, Port
from artifact.conformance.duts.conditions import EVERY
from artifact.conformance.duts.linux import DUT_MAC, tester_namespace, wired
from artifact.conformance.duts.machines import guest
from artifact.conformance.duts.packaged import unpacked
from artifact.conformance.duts.process import ProcessDut
from artifact.net.interfaces import add_address, add_default_route, set_mtu, set_up
from artifact.net.link import Link, packet_link
from artifact.net.netns import Namespace, namespace

RUNSC = unpacked("trixie", "runsc", "30 MB to fetch")
# runsc looks at these limits only in the first network namespace and stops when it finds them in
# another; some kernels show them in all. In a mount namespace of its own it does not find them.
HIDE_LIMITS = 'mount -t tmpfs none /proc/sys/net/core && exec "$@"'
OPTIONS = ("--network=sandbox", "--platform=systrap", "--ignore-cgroups", "--overlay2=none")
CAPABILITIES = ["CAP_NET_BIND_SERVICE", "CAP_NET_ADMIN"]
FORWARD = "net.ipv4.ip_forward"


@dataclass
class Runsc(ProcessDut):
    """A container whose one program is our echo service."""

    NAME = "gvisor-runsc"
    OBTAINED = "Debian 13's package runsc, a container with artifact/csrc/duts/guest.c"
    CONDITIONS = EVERY
    JOBS = 3
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
        two = self.condition.links == 2
        info = DutInfo(
            self.NAME, f"runsc {RUNSC.need()['version']}", self.OBTAINED, DUT_MAC,
            features=UDP_ECHO | ({FORWARDING} if two else set()),
            far=FAR if two else None,
        )  # fmt: skip
        tester, inside = tester_namespace(held), held.enter_context(namespace())
        set_up(inside, "lo")
        near = Port(info.mac, info.address, info.prefix, info.gateway)
        for number, port in enumerate((near, FAR)[: self.condition.links]):
            _place(tester, inside, number, port)
        add_default_route(inside, info.gateway)
        link = packet_link(tester, "wire0")
        held.callback(link.close)
        if two:
            self.far = packet_link(tester, "wire1")
            held.callback(self.far.close)
        argv = self._argv(held, inside, info)
        with inside.entered():  # the mount is over what this namespace sees in /proc/sys/net
            self.launch(held, argv)
        return info, link

    def _argv(self, held: ExitStack, inside: Namespace, info: DutInfo) -> list[str | Path]:
        scratch = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="uk-dut-")))
        (scratch / "rootfs").mkdir()
        (scratch / "rootfs" / "proc").mkdir()
        shutil.copy2(guest(), scratch / "rootfs" / "guest")
        words = [info.gateway, f"-,{info.mac},{info.address}/{info.prefix},{info.mtu}"]
        if FORWARD in self.condition.sysctls:
            words.append(f"{FORWARD.replace('.', '/')}=1")
        spec = bundle(["/guest", *words], f"/proc/{os.getpid()}/fd/{inside.fileno()}")
        (scratch / "config.json").write_text(json.dumps(spec))
        return [
            proc.need("unshare", "util-linux"), "--mount", "sh", "-c", HIDE_LIMITS, "sh",
            runtime(), f"--root={scratch}/state", *OPTIONS, "run", f"--bundle={scratch}",
            f"uk-{os.getpid()}-{scratch.name}",
        ]  # fmt: skip


def _place(tester: Namespace, inside: Namespace, number: int, port: Port) -> None:
    name = f"eth{number}"
    wired(tester, inside, f"wire{number}", name, port.mac)
    add_address(inside, name, port.address, port.prefix)
    set_mtu(inside, name, port.mtu)


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
