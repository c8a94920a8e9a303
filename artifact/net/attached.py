# SPDX-License-Identifier: GPL-2.0-only
"""Links to something that is there already: an interface, or a datagram socket with a name.

Sources: packet(7), unix(7), netdevice(7).
"""

import fcntl
import os
import socket
import struct
from pathlib import Path

from artifact.errors import ArtifactError, Unavailable
from artifact.net.link import (
    ETH_P_ALL,
    PACKET_IGNORE_OUTGOING,
    SOCKET_BUFFER,
    SOL_PACKET,
    Link,
    SocketLink,
)

SIOCGIFFLAGS, SIOCGIFADDR = 0x8913, 0x8915
IFF_UP = 0x1
PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC = 1, 1


def interface_link(name: str) -> Link:
    """The wire behind an interface of this namespace: a tap, a bridge, a veth, a network card.

    ArtifactError when there is no such interface, when it is down, or when it has an IPv4
    address: then this machine's own stack would answer there as well.
    """
    _fit(name)
    try:
        end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    except PermissionError as error:
        why = "a packet socket needs root"
        raise Unavailable(why, "run as root, or use a datagram socket") from error
    try:
        end.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER)
        end.bind((name, ETH_P_ALL))
        # The stations we play have MACs that are not the interface's.
        everything = struct.pack("iHH8x", socket.if_nametoindex(name), PACKET_MR_PROMISC, 0)
        end.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, everything)
    except OSError as error:
        end.close()
        raise ArtifactError(f"cannot use interface {name}: {error.strerror}") from error
    return SocketLink(end, "packet")


def _fit(name: str) -> None:
    known = sorted(entry for _, entry in socket.if_nameindex())
    if name not in known:
        raise ArtifactError(f"no interface {name} here", f"there are {', '.join(known)}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16s24x", name.encode())
        (flags,) = struct.unpack_from("H", fcntl.ioctl(control, SIOCGIFFLAGS, request), 16)
        if not flags & IFF_UP:
            raise ArtifactError(f"interface {name} is down", f"run: ip link set {name} up")
        try:
            answer = fcntl.ioctl(control, SIOCGIFADDR, request)
        except OSError:
            return  # it has none, as it should be
    address = socket.inet_ntoa(answer[20:24])
    raise ArtifactError(
        f"interface {name} has the address {address}: this machine's own stack would answer there",
        f"run: ip address flush dev {name}",
    )


def socket_link(ours: Path, theirs: Path) -> Link:
    """A link over two named datagram sockets: we bind `ours`, the device is bound to `theirs`.

    One datagram is one frame. No root. ArtifactError when nothing is bound to `theirs`.
    """
    end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        if ours.is_socket():
            ours.unlink()  # what an earlier run left there
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
        end.bind(str(ours))
        os.chmod(ours, 0o600)
        end.connect(str(theirs))
    except OSError as error:
        end.close()
        ours.unlink(missing_ok=True)
        raise ArtifactError(
            f"cannot link {ours} to {theirs}: {error.strerror}", "is the device started?"
        ) from error
    return SocketLink(end, "datagram")
