# SPDX-License-Identifier: GPL-2.0-only
"""gVisor as a container runtime: its sentry takes a veth's address and puts its own stack there."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from artifact import proc
from artifact.conformance.duts.base import DutInfo
from artifact.conformance.duts.container import bundle
from artifact.conformance.duts.linux import DUT_MAC, furnish, tester_namespace
from artifact.conformance.duts.machines import configured, guest
from artifact.conformance.duts.packaged import unpacked
from artifact.conformance.duts.process import ProcessDut
from artifact.conformance.timing import PATIENT, Timing
from artifact.net.link import Link
from artifact.net.netns import Namespace, namespace

RUNSC = unpacked("trixie", "runsc", "30 MB to fetch")
# runsc looks at these limits only in the first network namespace and stops when it finds them in
# another; some kernels show them in all. In a mount namespace of its own it does not find them.
HIDE_LIMITS = 'mount -t tmpfs none /proc/sys/net/core && exec "$@"'
OPTIONS = ("--network=sandbox", "--platform=systrap", "--ignore-cgroups", "--overlay2=none")
READY_S = 180.0


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
        link, _ = furnish(held, tester, inside, info)
        argv = self._argv(held, inside, info)
        with inside.entered():  # the mount is over what this namespace sees in /proc/sys/net
            self.launch(held, argv, patience=READY_S)
        return info, link

    def _argv(self, held: ExitStack, inside: Namespace, info: DutInfo) -> list[str | Path]:
        network = f"/proc/{os.getpid()}/fd/{inside.fileno()}"
        place = bundle(held, guest(), configured(info), network)
        return [
            proc.need("unshare", "util-linux"), "--mount", "sh", "-c", HIDE_LIMITS, "sh",
            runtime(), f"--root={place}/state", *OPTIONS, "run", f"--bundle={place}",
            f"uk-{os.getpid()}-{place.name}",
        ]  # fmt: skip


def runtime() -> Path:
    """The program."""
    return RUNSC.directory / "root" / "usr" / "bin" / "runsc"
