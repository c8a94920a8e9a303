# SPDX-License-Identifier: GPL-2.0-only
"""Network interfaces of the library kernel and their addresses, over rtnetlink(7)."""

import errno
import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

# pyroute2 has no stubs.
from pyroute2.netlink.rtnl import (  # type: ignore[import-untyped]
    RTM_DELADDR,
    RTM_GETADDR,
    RTM_GETLINK,
    RTM_NEWADDR,
    RTM_NEWLINK,
)
from pyroute2.netlink.rtnl.ifaddrmsg import IFA_F_NODAD, ifaddrmsg  # type: ignore[import-untyped]
from pyroute2.netlink.rtnl.ifinfmsg import IFF_UP, ifinfmsg  # type: ignore[import-untyped]

from artifact.lkl.devices import mac_octets
from artifact.lkl.netlink import NLM_F_CREATE, NLM_F_EXCL, Rtnetlink

WAIT_STEP = 0.001  # seconds

Address = ipaddress.IPv4Interface | ipaddress.IPv6Interface


def family_of(version: int) -> int:
    """AF_INET or AF_INET6 of 4 or 6."""
    return int(socket.AF_INET if version == 4 else socket.AF_INET6)


class Interface:
    """One interface, found by its name at each use; OSError (ENODEV) when it is gone."""

    def __init__(self, netlink: Rtnetlink, name: str) -> None:
        self._netlink = netlink
        self.name = name

    def __repr__(self) -> str:
        return f"<lkl.Interface {self.name}>"

    def _link(self) -> Any:
        for message in self._netlink.dump(ifinfmsg, RTM_GETLINK, {}):
            if message.get_attr("IFLA_IFNAME") == self.name:
                return message
        raise OSError(errno.ENODEV, f"there is no interface {self.name}")

    def _change(self, fields: dict[str, Any], attributes: Any = ()) -> None:
        self._netlink.change(ifinfmsg, RTM_NEWLINK, {"index": self.index, **fields}, attributes)

    @property
    def index(self) -> int:
        """Its number."""
        return int(self._link()["index"])

    @property
    def mac(self) -> str:
        """Its hardware address, as "02:00:00:00:00:01"; settable."""
        return str(self._link().get_attr("IFLA_ADDRESS"))

    @mac.setter
    def mac(self, value: str) -> None:
        mac_octets(value)
        self._change({}, [("IFLA_ADDRESS", value)])

    @property
    def mtu(self) -> int:
        """Octets of the largest packet; settable."""
        return int(self._link().get_attr("IFLA_MTU"))

    @mtu.setter
    def mtu(self, value: int) -> None:
        self._change({}, [("IFLA_MTU", value)])

    @property
    def is_up(self) -> bool:
        """Has it been brought up?"""
        return bool(self._link()["flags"] & IFF_UP)

    def up(self, patience: float = 2.0) -> None:
        """Bring it up, and wait for its link: what is sent before that is lost.

        The link is waited for no longer than `patience` seconds of the kernel's time; a
        cable without another end is no error.
        """
        self._change({"flags": IFF_UP, "change": IFF_UP})
        for _ in range(round(patience / WAIT_STEP)):
            if self._link().get_attr("IFLA_OPERSTATE") != "DOWN":
                return
            self._netlink.pause(WAIT_STEP)

    def down(self) -> None:
        """Take it down; its routes go."""
        self._change({"flags": 0, "change": IFF_UP})

    def add_address(self, address: str) -> None:
        """Give it an address, "10.1.0.2/16" or "fd00::2/64" (usable at once: no DAD).

        OSError: EEXIST when it has that address.
        """
        self._address(RTM_NEWADDR, address, NLM_F_CREATE | NLM_F_EXCL)

    def remove_address(self, address: str) -> None:
        """Take an address away; EADDRNOTAVAIL when it does not have it."""
        self._address(RTM_DELADDR, address, 0)

    def _address(self, command: int, text: str, flags: int) -> None:
        address = ipaddress.ip_interface(text)
        attributes = [("IFA_LOCAL", str(address.ip)), ("IFA_ADDRESS", str(address.ip))]
        if address.version == 4 and address.network.prefixlen < 31:
            broadcast = str(address.network.broadcast_address)
            attributes.append(("IFA_BROADCAST", broadcast))
        fields = {
            "family": family_of(address.version),
            "prefixlen": address.network.prefixlen,
            "index": self.index,
            "flags": IFA_F_NODAD if address.version == 6 else 0,
        }
        self._netlink.change(ifaddrmsg, command, fields, attributes, flags)

    def addresses(self) -> list[Address]:
        """Its IPv4 and IPv6 addresses with their prefixes."""
        index = self.index
        found: list[Address] = []
        for message in self._netlink.dump(ifaddrmsg, RTM_GETADDR, {}):
            if message["index"] == index:
                text = message.get_attr("IFA_LOCAL") or message.get_attr("IFA_ADDRESS")
                found.append(ipaddress.ip_interface(f"{text}/{message['prefixlen']}"))
        return found


class Interfaces:
    """All interfaces by name.

    >>> k.net["eth0"].up()
    >>> list(k.net)
    ['lo', 'eth0']
    """

    def __init__(self, netlink: Rtnetlink) -> None:
        self._netlink = netlink

    def __getitem__(self, name: str) -> Interface:
        if name not in list(self):
            raise OSError(errno.ENODEV, f"there is no interface {name}")
        return Interface(self._netlink, name)

    def __iter__(self) -> Iterator[str]:
        for message in self._netlink.dump(ifinfmsg, RTM_GETLINK, {}):
            yield message.get_attr("IFLA_IFNAME")

    def name_of(self, index: int) -> str:
        """The name of an interface with this number."""
        for message in self._netlink.dump(ifinfmsg, RTM_GETLINK, {}):
            if message["index"] == index:
                return str(message.get_attr("IFLA_IFNAME"))
        raise OSError(errno.ENODEV, f"there is no interface number {index}")
