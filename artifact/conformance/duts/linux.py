# SPDX-License-Identifier: GPL-2.0-only
"""The host's own Linux stack in a namespace, reached over a veth."""

from __future__ import annotations

import platform
import socket
import threading
from contextlib import ExitStack

from artifact.conformance.duts.base import (
    ALIAS,
    FAR,
    FORWARDING,
    HAS_ALIAS,
    UDP_ECHO,
    Dut,
    DutInfo,
)
from artifact.conformance.duts.conditions import EVERY
from artifact.net.interfaces import (
    End,
    add_address,
    add_default_route,
    make_veth,
    offloads_off,
    set_mtu,
    set_up,
)
from artifact.net.link import Link, packet_link
from artifact.net.netns import Namespace, namespace

DUT_MAC, TESTER_MAC = "02:44:00:00:00:01", "02:54:00:00:00:01"
ECHO_PORT = 7
DEVICES = ("eth0", "eth1")

# A new namespace copies these from the host's (Documentation/networking/ip-sysctl.rst,
# devconf_inherit_init_net). They are put back to what the kernel is compiled with, so that the
# verdicts are about Linux and not about how the host was configured.
COMPILED_IN = {
    "net.ipv4.ip_forward": 0,
    "net.ipv4.conf.all.accept_redirects": 1,
    "net.ipv4.conf.all.accept_source_route": 0,
    "net.ipv4.conf.all.secure_redirects": 1,
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.default.rp_filter": 0,
    "net.ipv4.conf.default.accept_redirects": 1,
    "net.ipv4.conf.default.accept_source_route": 1,
    "net.ipv4.conf.all.arp_accept": 0,
    "net.ipv4.conf.all.arp_ignore": 0,
    "net.ipv4.conf.all.arp_announce": 0,
    "net.ipv4.conf.default.arp_accept": 0,
}


def tester_namespace(held: ExitStack) -> Namespace:
    """A namespace whose stack never sends anything of its own."""
    made = held.enter_context(namespace())
    made.sysctl("net.ipv6.conf.all.disable_ipv6", 1)
    made.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
    return made


class EchoService:
    """UDP echo (RFC 862) on port 7 of a namespace, in a thread."""

    def __init__(self, where: Namespace) -> None:
        with where.entered():
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            self._socket.bind(("0.0.0.0", ECHO_PORT))
        self._stopped = threading.Event()
        self._socket.settimeout(0.2)
        self._thread = threading.Thread(target=self._serve, name="udp-echo", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._stopped.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._stopped.is_set():
            try:
                data, peer = self._socket.recvfrom(65536)
                self._socket.sendto(data, peer)
            except TimeoutError:
                continue
            except OSError:
                continue  # the peer cannot be reached: not the service's business


class Linux(Dut):
    """Everything at its defaults, except offloads, which belong to no protocol."""

    NAME = "linux"
    CONDITIONS = EVERY
    OBTAINED = "the kernel this machine runs, in a network namespace behind a veth"

    @classmethod
    def need(cls) -> None:
        """The right to make a network namespace."""
        with namespace():
            pass

    def attach(self, held: ExitStack) -> tuple[DutInfo, Link]:
        """Two namespaces with a veth between them, or two in the condition that forwards."""
        two = self.condition.links == 2
        info = DutInfo(
            self.NAME, platform.release(), self.OBTAINED, DUT_MAC,
            features=UDP_ECHO | {HAS_ALIAS} | ({FORWARDING} if two else set()),
            far=FAR if two else None, alias=ALIAS,
            arp_age=60.0, reassembly=30.0,  # arp(7), ip(7): ipfrag_time
        )  # fmt: skip
        tester, dut = tester_namespace(held), held.enter_context(namespace())
        for key, value in COMPILED_IN.items():
            dut.sysctl(key, value)
        link, self.far = furnish(held, tester, dut, info)
        for key, value in self.condition.for_interfaces(DEVICES[: 1 + two]).items():
            dut.sysctl(key, value)
        held.callback(EchoService(dut).close)
        return info, link


def furnish(
    held: ExitStack, tester: Namespace, dut: Namespace, info: DutInfo
) -> tuple[Link, Link | None]:
    """Give a DUT's namespace its one or two links, addresses and route; the tester's ends."""
    set_up(dut, "lo")
    wired(tester, dut, "wire", DEVICES[0], info.mac)
    for address in (info.address, info.alias):
        if address:
            add_address(dut, DEVICES[0], address, info.prefix)
    if info.far:
        wired(tester, dut, "wire2", DEVICES[1], info.far.mac)
        add_address(dut, DEVICES[1], info.far.address, info.far.prefix)
        set_mtu(dut, DEVICES[1], info.far.mtu)
    add_default_route(dut, info.gateway)
    link = packet_link(tester, "wire")
    held.callback(link.close)
    if not info.far:
        return link, None
    far = packet_link(tester, "wire2")
    held.callback(far.close)
    return link, far


def wired(tester: Namespace, dut: Namespace, ours: str, theirs: str, mac: str) -> None:
    """A veth between two namespaces, without offloads."""
    make_veth(End(tester, ours, TESTER_MAC), End(dut, theirs, mac))
    offloads_off(tester, ours)
    offloads_off(dut, theirs)
