# SPDX-License-Identifier: GPL-2.0-only
"""PyTCP as a device under test; run by the interpreter of its own environment.

The words are those of dut.h. What is not said here is PyTCP's default; IPv6, which would only add
noise, is off. It probes its address before it uses it (RFC 5227): that takes some seconds.
"""

import sys
from importlib.metadata import version

from pytcp import config  # type: ignore[import-not-found] # only in its own environment

config.LOG_CHANEL = set()
config.IP6_SUPPORT = False
config.IP4_HOST_DHCP = False

from pytcp.lib import socket, stack  # type: ignore[import-not-found] # noqa: E402 - reads config when imported
from pytcp.lib.ip4_address import (  # type: ignore[import-not-found] # noqa: E402 - likewise
    Ip4Address,
    Ip4Host,
)
from pytcp.lib.mac_address import MacAddress  # type: ignore[import-not-found] # noqa: E402

ECHO_PORT = 7


def serve_echo() -> None:
    """UDP echo by a socket of the stack: the one inside PyTCP answers with the ports unchanged."""
    echo = socket.socket(socket.AF_INET4, socket.SOCK_DGRAM)
    echo.bind(("0.0.0.0", ECHO_PORT))
    while True:
        data, peer = echo.recvfrom()
        echo.sendto(data, peer)


def main(gateway: str, link: str) -> None:
    """Put the stack on an inherited tap."""
    where, mac, address, mtu = link.split(",")
    config.TAP_MTU = int(mtu)
    host = Ip4Host(address)
    host.gateway = Ip4Address(gateway)
    stack.packet_handler.assign_mac_address(mac_unicast=MacAddress(mac))
    stack.packet_handler.assign_ip4_address(host)
    stack.timer.start()
    stack.arp_cache.start()
    stack.rx_ring.start(int(where))
    stack.tx_ring.start(int(where))
    stack.packet_handler.start()
    stack.packet_handler.acquire_ip4_addresses()
    print("ready PyTCP", version("PyTCP"), flush=True)
    serve_echo()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: pytcp_main.py GATEWAY LINK")
    main(*sys.argv[1:])
