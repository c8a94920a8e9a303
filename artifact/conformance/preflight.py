# SPDX-License-Identifier: GPL-2.0-only
"""Who is there? Asked before the first case, so that a wrong set-up is not taken for a verdict."""

from __future__ import annotations

import time
from dataclasses import dataclass

from artifact.conformance import octets as o
from artifact.conformance.duts.base import DutInfo
from artifact.errors import ArtifactError
from artifact.net.link import Link

ASKER_MAC = bytes.fromhex("025400000001")
AGAIN_S = 1.0  # between two requests: one that comes before the stack listens is lost
SETTLE_S = 0.5  # after the first answer: whoever else answers does so as well


class Silent(ArtifactError):
    """Nobody answers ARP or echo requests."""


@dataclass(frozen=True)
class Asker:
    """A station of the tester that nothing else uses."""

    ip: bytes
    mac: bytes = ASKER_MAC

    @classmethod
    def of(cls, info: DutInfo) -> Asker:
        """An address of the DUT's subnet that no case plays: just below the broadcast address."""
        host = (1 << (32 - info.prefix)) - 3
        base = int.from_bytes(o.ip(info.address), "big") & ~((1 << (32 - info.prefix)) - 1)
        return cls((base | host).to_bytes(4, "big"))


def answering(info: DutInfo, link: Link, patience: float) -> list[bytes]:
    """MACs that answer for the DUT's address, each once, in the order of their answers."""
    asker, dut = Asker.of(info), o.ip(info.address)
    request = o.ethernet(
        b"\xff" * 6, asker.mac, o.ARP, o.arp(o.REQUEST, asker.mac, asker.ip, bytes(6), dut)
    )
    found: list[bytes] = []
    last = time.monotonic() + patience
    while not found and time.monotonic() < last:
        link.send(request)
        deadline = min(last, time.monotonic() + AGAIN_S)
        while (raw := link.recv(deadline)) is not None:
            said = o.Frame(raw).arp
            if said and said.op == o.REPLY and said.spa == dut and said.sha not in found:
                deadline = time.monotonic() + SETTLE_S
                found.append(said.sha)
    return found


def check(info: DutInfo, link: Link, patience: float, place: str) -> bytes:
    """The MAC of the one DUT that is there; ArtifactError says what is there instead."""
    found = answering(info, link, patience)
    if not found:
        raise Silent(
            f"the DUT is silent: nobody answers ARP requests for {info.address} on {place}",
            "is it started, has it this address, is it on this link?",
        )
    named = " and ".join(mac.hex(":") for mac in found)
    if len(found) > 1:
        raise ArtifactError(
            f"{len(found)} stations answer for {info.address} on {place}: {named}",
            "leave one device on the link",
        )
    if info.mac and o.mac(info.mac) != found[0]:
        raise ArtifactError(
            f"{info.address} on {place} is {named}, not {info.mac}", "correct mac, or leave it out"
        )
    return found[0]
