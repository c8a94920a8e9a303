# SPDX-License-Identifier: GPL-2.0-only
"""rtnetlink(7) conversations inside the library kernel.

pyroute2's message classes do the encoding and decoding; the transport is a socket of the
library kernel, which pyroute2 itself cannot open.
"""

import os
import socket
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from artifact.lkl.calls import Calls
from artifact.lkl.sockets import Socket

NLMSG_ERROR = 2
NLMSG_DONE = 3
NLM_F_REQUEST = 0x1
NLM_F_ACK = 0x4
NLM_F_DUMP = 0x300
NLM_F_EXCL = 0x200
NLM_F_CREATE = 0x400
_HEADER = struct.Struct("=IHHII")
_LARGEST = 1 << 16


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and whole text of each message in a datagram."""
    position = 0
    while position + _HEADER.size <= len(data):
        length, kind, *_ = _HEADER.unpack_from(data, position)
        if length < _HEADER.size:
            raise ValueError("a netlink message shorter than its own header")
        yield kind, data[position : position + length]
        position += -(-length // 4) * 4


def _raise_error(message: bytes) -> None:
    """An NLMSG_ERROR without an error is an acknowledgement."""
    number = struct.unpack_from("=i", message, _HEADER.size)[0]
    if number:
        raise OSError(-number, f"netlink: {os.strerror(-number)}")


def encode(
    kind: Any, command: int, flags: int, fields: Mapping[str, Any], attributes: Any
) -> bytes:
    """The octets of a request; `kind` is a message class of pyroute2."""
    message = kind()
    for name, value in fields.items():
        message[name] = value
    message["attrs"] = [list(pair) for pair in attributes]
    message["header"] = {
        "type": command, "flags": NLM_F_REQUEST | flags, "sequence_number": 1, "pid": 0,
    }  # fmt: skip
    message.encode()
    return bytes(message.data)


class Rtnetlink:
    """One request at a time, each on a socket of its own: safe from any thread."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def _socket(self) -> Socket:
        return Socket(self._calls, socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)

    def pause(self, seconds: float) -> None:
        """Let time pass in the kernel."""
        self._calls.sleep(seconds)

    def change(
        self,
        kind: Any,
        command: int,
        fields: Mapping[str, Any],
        attributes: Any = (),
        flags: int = 0,
    ) -> None:
        """A request that is only acknowledged."""
        with self._socket() as link:
            link.send(encode(kind, command, NLM_F_ACK | flags, fields, attributes))
            for number, message in messages(link.recv(_LARGEST)):
                if number == NLMSG_ERROR:
                    _raise_error(message)

    def dump(self, kind: Any, command: int, fields: Mapping[str, Any]) -> list[Any]:
        """All objects of a kind, as decoded messages."""
        found: list[Any] = []
        with self._socket() as link:
            link.send(encode(kind, command, NLM_F_DUMP, fields, ()))
            while True:
                for number, message in messages(link.recv(_LARGEST)):
                    if number == NLMSG_DONE:
                        return found
                    if number == NLMSG_ERROR:
                        _raise_error(message)
                    decoded = kind(message)
                    decoded.decode()
                    found.append(decoded)
