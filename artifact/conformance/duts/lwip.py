# SPDX-License-Identifier: GPL-2.0-only
"""lwIP as Debian packages it, with a small main of ours, on a tap."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from artifact import proc
from artifact.conformance.duts.base import DutInfo
from artifact.conformance.duts.compile import compiled
from artifact.conformance.duts.linux import DUT_MAC, tester_namespace
from artifact.conformance.duts.process import ProcessDut
from artifact.errors import Unavailable
from artifact.net.interfaces import set_up, tap
from artifact.net.link import Link, packet_link
from artifact.net.netns import namespace
from artifact.paths import CSRC

SOURCE = CSRC / "duts" / "lwip.c"
PACKAGE = "liblwip-dev"
HEADER = Path("/usr/include/lwip/lwip/init.h")


class Lwip(ProcessDut):
    """One process per instance; it reads and writes frames on the tap's descriptor."""

    NAME = "lwip"
    OBTAINED = "Debian package liblwip-dev, with artifact/csrc/duts/lwip.c"

    @classmethod
    def need(cls) -> None:
        """The library, what compiles our main, and the right to make a tap."""
        if not HEADER.exists():
            raise Unavailable("lwIP is not installed", f"run: invoke setup (apt package {PACKAGE})")
        proc.need("cc", "gcc")
        proc.need("pkg-config", "pkg-config")
        with namespace() as where, tap(where, "probe"):
            pass

    def attach(self, held: ExitStack) -> tuple[DutInfo, Link]:
        """A tap in a silent namespace; lwIP holds the tap's descriptor, we its interface."""
        flags = proc.run(["pkg-config", "--cflags", "--libs", "lwip"]).stdout.split()
        program = compiled(SOURCE, flags)
        version = proc.run([program, "version"]).stdout.strip()
        info = DutInfo(self.NAME, version, self.OBTAINED, DUT_MAC)
        tester = tester_namespace(held)
        frames = held.enter_context(tap(tester, "wire"))
        set_up(tester, "wire")
        link = packet_link(tester, "wire")
        held.callback(link.close)
        place = f"{info.address}/{info.prefix}"
        argv: list[str | Path] = [program, str(frames), info.mac, place, info.gateway]
        self.launch(held, argv, frames)
        return info, link
