# SPDX-License-Identifier: GPL-2.0-only
"""The library kernel's main routing table, over rtnetlink(7)."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# pyroute2 has no stubs.
from pyroute2.netlink.rtnl import RTM_DELROUTE, RTM_GETROUTE, RTM_NEWROUTE  # type: ignore[import-untyped]
from pyroute2.netlink.rtnl.rtmsg import rtmsg  # type: ignore[import-untyped]

from artifact.lkl.interfaces import Interfaces, family_of
from artifact.lkl.netlink import NLM_F_CREATE, NLM_F_EXCL, Rtnetlink

# rtnetlink(7)
RT_TABLE_MAIN = 254
RTPROT_STATIC = 4
RTN_UNICAST = 1
RT_SCOPE_UNIVERSE = 0
RT_SCOPE_LINK = 253
RT_SCOPE_NOWHERE = 255

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_DEFAULT = {4: "0.0.0.0/0", 6: "::/0"}


@dataclass(frozen=True)
class Route:
    """Where packets for `dst` go: to the router `via`, or to the stations on `dev` itself."""

    dst: str
    via: str | None
    dev: str | None


def destination(dst: str, via: str | None) -> Network:
    """The network of "10.2.0.0/16", of a single address, or of "default"."""
    if dst == "default":
        return ipaddress.ip_network(_DEFAULT[ipaddress.ip_address(via).version if via else 4])
    return ipaddress.ip_network(dst)


class Routes:
    """Static routes.

    >>> k.routes.add("default", via="10.1.0.1")
    >>> [route.dst for route in k.routes]
    ['0.0.0.0/0', '10.1.0.0/16']
    """

    def __init__(self, netlink: Rtnetlink, interfaces: Interfaces) -> None:
        self._netlink = netlink
        self._interfaces = interfaces

    def add(self, dst: str, via: str | None = None, dev: str | None = None) -> None:
        """Add a route; OSError (EEXIST, ENETUNREACH, ...) when the kernel refuses it."""
        scope = RT_SCOPE_UNIVERSE if via else RT_SCOPE_LINK
        self._change(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, dst, via, dev, scope)

    def remove(self, dst: str, via: str | None = None, dev: str | None = None) -> None:
        """Remove a route; OSError (ESRCH) when there is none."""
        self._change(RTM_DELROUTE, 0, dst, via, dev, RT_SCOPE_NOWHERE)

    def _change(
        self, command: int, flags: int, dst: str, via: str | None, dev: str | None, scope: int
    ) -> None:
        network = destination(dst, via)
        attributes: list[tuple[str, Any]] = []
        if network.prefixlen:
            attributes.append(("RTA_DST", str(network.network_address)))
        if via:
            attributes.append(("RTA_GATEWAY", str(ipaddress.ip_address(via))))
        if dev:
            attributes.append(("RTA_OIF", self._interfaces[dev].index))
        fields = {
            "family": family_of(network.version),
            "dst_len": network.prefixlen,
            "table": RT_TABLE_MAIN,
            "proto": RTPROT_STATIC,
            "type": RTN_UNICAST,
            "scope": scope,
        }
        self._netlink.change(rtmsg, command, fields, attributes, flags)

    def __iter__(self) -> Iterator[Route]:
        for version in (4, 6):
            fields = {"family": family_of(version)}
            for message in self._netlink.dump(rtmsg, RTM_GETROUTE, fields):
                if message["table"] == RT_TABLE_MAIN and message["type"] == RTN_UNICAST:
                    yield self._route(message, version)

    def _route(self, message: Any, version: int) -> Route:
        default = _DEFAULT[version]
        address = message.get_attr("RTA_DST") or default.split("/")[0]
        index = message.get_attr("RTA_OIF")
        return Route(
            dst=f"{address}/{message['dst_len']}",
            via=message.get_attr("RTA_GATEWAY"),
            dev=self._interfaces.name_of(index) if index else None,
        )
