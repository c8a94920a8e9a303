# SPDX-License-Identifier: GPL-2.0-only
"""Socket addresses: Python's tuples, as in the socket module, to octets and back.

Source: ip(7), ipv6(7), unix(7), netlink(7), packet(7). Host names are not looked up.
"""

import socket
import struct
from collections.abc import Callable
from typing import Any

_IN = struct.Struct("=H2s4s8x")
_IN6 = struct.Struct("=H2sI16sI")
_NETLINK = struct.Struct("=HHII")
_PACKET = struct.Struct("=H2siHBB8s")
_UNIX_PATH = 108

# Any address of ours, long enough for every family above (struct sockaddr_storage).
STORAGE = 128


def _port(port: int) -> bytes:
    if not 0 <= port <= 0xFFFF:
        raise OverflowError("port must be 0-65535.")
    return port.to_bytes(2, "big")


def _encode_inet(address: Any, _index: Callable[[str], int]) -> bytes:
    host, port = address
    host = {"": "0.0.0.0", "<broadcast>": "255.255.255.255"}.get(host, host)
    return _IN.pack(socket.AF_INET, _port(port), socket.inet_pton(socket.AF_INET, host))


def _encode_inet6(address: Any, index: Callable[[str], int]) -> bytes:
    host, port, flow, scope = (*address, 0, 0)[:4]
    host, _, zone = host.partition("%")
    if zone:
        scope = int(zone) if zone.isdigit() else index(zone)
    raw = socket.inet_pton(socket.AF_INET6, host or "::")
    return _IN6.pack(socket.AF_INET6, _port(port), socket.htonl(flow), raw, scope)


def _encode_unix(address: Any, _index: Callable[[str], int]) -> bytes:
    path = address.encode() if isinstance(address, str) else bytes(address)
    if len(path) >= _UNIX_PATH:
        raise OSError("AF_UNIX path too long")
    end = b"" if path.startswith(b"\0") else b"\0"
    return struct.pack("=H", socket.AF_UNIX) + path + end


def _encode_netlink(address: Any, _index: Callable[[str], int]) -> bytes:
    port, groups = address
    return _NETLINK.pack(socket.AF_NETLINK, 0, port, groups)


def _encode_packet(address: Any, index: Callable[[str], int]) -> bytes:
    defaults: tuple[Any, ...] = ("", 0, 0, 0, b"")
    given = tuple(address)
    name, protocol, kind, hardware, station = given + defaults[len(given) :]
    number = index(name) if name else 0
    return _PACKET.pack(
        socket.AF_PACKET, protocol.to_bytes(2, "big"), number, hardware, kind, len(station),
        station.ljust(8, b"\0"),
    )  # fmt: skip


_ENCODERS = {
    socket.AF_INET: _encode_inet,
    socket.AF_INET6: _encode_inet6,
    socket.AF_UNIX: _encode_unix,
    socket.AF_NETLINK: _encode_netlink,
    socket.AF_PACKET: _encode_packet,
}


def encode(family: int, address: Any, index: Callable[[str], int]) -> bytes:
    """A struct sockaddr. `index` finds the number of an interface by its name."""
    try:
        encoder = _ENCODERS[socket.AddressFamily(family)]
    except (KeyError, ValueError):
        raise OSError(f"no address format for family {family}") from None
    return encoder(address, index)


def _decode_unix(raw: bytes) -> str | bytes:
    path = raw[2:]
    if path.startswith(b"\0"):
        return path
    return path.split(b"\0", 1)[0].decode(errors="surrogateescape")


def _decode_packet(raw: bytes, name: Callable[[int], str]) -> tuple[str, int, int, int, bytes]:
    _, protocol, number, hardware, kind, length, station = _PACKET.unpack_from(raw)
    return (
        name(number) if number else "",
        int.from_bytes(protocol, "big"),
        kind,
        hardware,
        station[:length],
    )


def decode(raw: bytes, name: Callable[[int], str]) -> Any:
    """The address in Python's form; None when there is none. `name` is an interface's name."""
    if len(raw) < 2:
        return None
    family = int.from_bytes(raw[:2], "little")
    if family == socket.AF_INET:
        _, port, host = _IN.unpack_from(raw)
        return socket.inet_ntop(socket.AF_INET, host), int.from_bytes(port, "big")
    if family == socket.AF_INET6:
        _, port, flow, host, scope = _IN6.unpack_from(raw)
        text = socket.inet_ntop(socket.AF_INET6, host)
        return text, int.from_bytes(port, "big"), socket.ntohl(flow), scope
    if family == socket.AF_UNIX:
        return _decode_unix(raw)
    if family == socket.AF_NETLINK:
        return _NETLINK.unpack_from(raw)[2:]
    if family == socket.AF_PACKET:
        return _decode_packet(raw.ljust(_PACKET.size, b"\0"), name)
    return raw
