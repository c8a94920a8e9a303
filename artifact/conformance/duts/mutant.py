# SPDX-License-Identifier: GPL-2.0-only
"""The mutant DUT: the responder behind a datagram socket, in a thread of this process."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack
from dataclasses import dataclass

from artifact.conformance import octets as o
from artifact.conformance.duts.base import Dut, DutInfo
from artifact.conformance.duts.responder import Responder
from artifact.conformance.timing import SELF_TEST, Timing
from artifact.errors import ArtifactError
from artifact.net.link import LARGEST_FRAME, Link, datagram_pair


@dataclass
class Mutant(Dut):
    """Behaves well, apart from the faults it is given."""

    timing: Timing = SELF_TEST
    faults: frozenset[str] = frozenset()
    defect: str = ""

    NAME = "mutant"
    OBTAINED = "artifact/conformance/duts/responder.py"

    def attach(self, held: ExitStack) -> tuple[DutInfo, Link]:
        """Start the thread; it ends when its end of the link is shut down."""
        link, end = datagram_pair()
        held.callback(end.close)
        named = "+".join(sorted(self.faults)) or "none"
        info = DutInfo(self.NAME, f"faults: {named}", self.OBTAINED, "02:44:00:00:00:01")
        thread = threading.Thread(target=self._serve, args=(info, end), name="mutant", daemon=True)
        thread.start()
        held.callback(thread.join)
        held.callback(end.shutdown, socket.SHUT_RDWR)
        return info, link

    def _serve(self, info: DutInfo, end: socket.socket) -> None:
        responder = Responder(
            mac=o.mac(info.mac),
            ip=o.ip(info.address),
            prefix=info.prefix,
            gateway=o.ip(info.gateway),
            mtu=info.mtu,
            faults=self.faults,
            emit=end.sendall,
        )
        try:
            while frame := end.recv(LARGEST_FRAME):
                responder.receive(frame)
        except ConnectionError:
            return  # the tester left while an answer was on its way
        except Exception as error:  # noqa: BLE001 - must not look like a fault that a case found
            self.defect = repr(error)

    def running(self) -> bool:
        """Whether the responder can go on; a defect of its own is ours to report."""
        if self.defect:
            raise ArtifactError(f"defect of the responder: {self.defect}")
        return True
