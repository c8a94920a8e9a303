# SPDX-License-Identifier: GPL-2.0-only
"""A container of our runtime: its library kernel takes the interfaces of a network namespace."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from artifact import paths, proc
from artifact.conformance.duts.base import ALIAS, FAR, FORWARDING, HAS_ALIAS, UDP_ECHO, DutInfo
from artifact.conformance.duts.conditions import EVERY
from artifact.conformance.duts.container import bundle
from artifact.conformance.duts.linux import DEVICES, DUT_MAC, furnish, tester_namespace
from artifact.conformance.duts.lkl import AGE_S, REASSEMBLY_S
from artifact.conformance.duts.machines import configured, guest
from artifact.conformance.duts.process import ProcessDut
from artifact.conformance.duts.scratch import GROUP
from artifact.net.link import Link
from artifact.net.netns import namespace
from artifact.systems import cgroups

# A container outlives a killed runtime; in a process namespace of its own it does not.
APART = ("--pid", "--fork", "--kill-child=KILL", "--mount-proc")
HERE = "/proc/self/ns/net"  # the container's network namespace: the one that runu is started in


@dataclass
class Runu(ProcessDut):
    """A container whose one program is our echo service; a condition is its linux.sysctl."""

    NAME = "runu"
    OBTAINED = "runu as `invoke build` makes it, a container with artifact/csrc/duts/guest.c"
    JOBS = 4
    CONDITIONS = EVERY

    @classmethod
    def need(cls) -> None:
        """The runtime, what compiles our program, and the right to make namespaces."""
        paths.runu()
        proc.need("cc", "gcc")
        proc.need("unshare", "util-linux")
        with namespace():
            pass

    def attach(self, held: ExitStack) -> tuple[DutInfo, Link]:
        """Configure veths in a namespace, then start the container on it."""
        two = self.condition.links == 2
        info = DutInfo(
            self.NAME, "", self.OBTAINED, DUT_MAC,
            features=UDP_ECHO | {HAS_ALIAS} | ({FORWARDING} if two else set()),
            far=FAR if two else None, alias=ALIAS, arp_age=AGE_S, reassembly=REASSEMBLY_S,
        )  # fmt: skip
        # Once runu has taken the addresses, the host's stack there has nothing to say.
        tester, inside = tester_namespace(held), tester_namespace(held)
        link, self.far = furnish(held, tester, inside, info)
        sysctls = self.condition.for_interfaces(DEVICES[: 1 + two])
        place = bundle(held, guest(), configured(info), HERE, sysctls)
        held.callback(cgroups.remove, f"{GROUP}/{place.name}")  # when it had to be killed
        with inside.entered():
            version = self.launch(held, command(place))
        return replace(info, version=f"{version} (runu)"), link


def command(place: Path) -> list[str | Path]:
    """What runs the bundle, in the foreground."""
    return [
        proc.need("unshare", "util-linux"), *APART, paths.runu(), f"--root={place}/state", "run",
        f"--bundle={place}", place.name,
    ]  # fmt: skip
