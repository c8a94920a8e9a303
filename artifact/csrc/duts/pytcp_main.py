# SPDX-License-Identifier: GPL-2.0-only
"""PyTCP as a device under test; run by the interpreter of its own environment.

The words are those of dut.h. What is not said here is PyTCP's default; UDP echo is its own, and
IPv6, which would only add noise, is off. It probes its address before it uses it (RFC 5227): that
takes some seconds.
"""

import sys
import time
from importlib.metadata import version

from pytcp import config  # type: ignore[import-not-found] # only in its own environment

config.LOG_CHANEL = set()
config.IP6_SUPPORT = False
config.IP4_HOST_DHCP = False
config.UDP_ECHO_NATIVE_DISABLE = False

from pytcp.lib import stack  # type: ignore[import-not-found] # noqa: E402 - reads config when imported
from pytcp.lib.ip4_address import (  # type: ignore[import-not-found] # noqa: E402 - likewise
    Ip4Address,
    Ip4Host,
)
from pytcp.lib.mac_address import MacAddress  # type: ignore[import-not-found] # noqa: E402


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
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: pytcp_main.py GATEWAY LINK")
    main(*sys.argv[1:])
