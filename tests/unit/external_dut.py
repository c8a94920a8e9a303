# SPDX-License-Identifier: GPL-2.0-only
"""Somebody's stack, for tests: the suite's own responder as a program with its own socket.

usage: external_dut.py FD|PATH [die-after=FRAMES] [twins] [mute]
"""

import socket
import sys
import time

from artifact.conformance import octets as o
from artifact.conformance.duts.responder import Interface, Responder

MACS = ("02:44:00:00:00:01", "02:44:00:00:00:99")


def main(where: str, *words: str) -> None:
    if where.isdigit():
        end = socket.socket(fileno=int(where))
        emit = end.send
        peer = None
    else:
        end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        end.bind(where)
        peer = where + ".tester"

        def emit(frame: bytes) -> int:
            return end.sendto(frame, peer)

    macs = MACS if "twins" in words else MACS[:1]
    stacks = [
        Responder([Interface(o.mac(mac), o.ip("198.18.0.1"), 16, 1500, emit)],
                  o.ip("198.18.0.254"), frozenset())
        for mac in macs
    ]  # fmt: skip
    limit = next((int(w.partition("=")[2]) for w in words if w.startswith("die-after=")), 0)
    then = time.monotonic()
    seen = 0
    while frame := end.recv(65536):
        seen += 1
        if limit and seen > limit:
            return
        now = time.monotonic()
        for stack in stacks if "mute" not in words else ():
            stack.advance(now - then)
            stack.receive(frame, 0)
        then = now


if __name__ == "__main__":
    main(*sys.argv[1:])
