# SPDX-License-Identifier: GPL-2.0-only
"""The pure parts of the binding: sizes, addresses, modes, names, messages."""

import os
import pickle
import socket
import struct

import pytest

from artifact.lkl import addresses
from artifact.lkl.devices import mac_octets
from artifact.lkl.errors import KernelError
from artifact.lkl.files import flags_of
from artifact.lkl.paths import directory_names
from artifact.lkl.sizes import octets
from artifact.lkl.sysctl import path_of
from artifact.lkl.wire import sendable


@pytest.mark.parametrize(
    ("text", "value"),
    [("64M", 64 << 20), ("64MiB", 64 << 20), ("1g", 1 << 30), ("4096", 4096), (4096, 4096),
     (" 8K ", 8192)],
)  # fmt: skip
def test_sizes(text: int | str, value: int) -> None:
    assert octets(text) == value


@pytest.mark.parametrize("text", ["", "M", "12Q", "-1M", "1.5M", "0", 0, "64 M"])
def test_no_sizes(text: int | str) -> None:
    with pytest.raises(KernelError):
        octets(text)


def _index(name: str) -> int:
    return {"eth0": 7}[name]


def _name(index: int) -> str:
    return {7: "eth0"}[index]


@pytest.mark.parametrize(
    ("family", "address"),
    [
        (socket.AF_INET, ("10.1.2.3", 80)),
        (socket.AF_INET6, ("fd00::1", 65535, 5, 0)),
        (socket.AF_INET6, ("fe80::1", 1, 0, 7)),
        (socket.AF_UNIX, "/run/socket"),
        (socket.AF_UNIX, b"\0abstract"),
        (socket.AF_NETLINK, (12, 3)),
        (socket.AF_PACKET, ("eth0", 0x0806, 0, 1, b"\x02\0\0\0\0\x01")),
    ],
)
def test_addresses_there_and_back(family: int, address: object) -> None:
    assert addresses.decode(addresses.encode(family, address, _index), _name) == address


def test_address_octets() -> None:
    raw = addresses.encode(socket.AF_INET, ("1.2.3.4", 0x1234), _index)
    assert raw == struct.pack("=H", socket.AF_INET) + b"\x12\x34\x01\x02\x03\x04" + bytes(8)


def test_short_forms_of_addresses() -> None:
    def decoded(family: int, address: object) -> object:
        return addresses.decode(addresses.encode(family, address, _index), _name)

    assert decoded(socket.AF_INET, ("", 5)) == ("0.0.0.0", 5)
    assert decoded(socket.AF_INET, ("<broadcast>", 5)) == ("255.255.255.255", 5)
    assert decoded(socket.AF_INET6, ("fe80::1%eth0", 5)) == ("fe80::1", 5, 0, 7)
    assert decoded(socket.AF_PACKET, ("eth0", 3)) == ("eth0", 3, 0, 0, b"")


def test_no_addresses() -> None:
    with pytest.raises(OverflowError):
        addresses.encode(socket.AF_INET, ("1.2.3.4", 65536), _index)
    with pytest.raises(OSError, match="illegal IP"):
        addresses.encode(socket.AF_INET, ("example", 1), _index)
    with pytest.raises(OSError, match="too long"):
        addresses.encode(socket.AF_UNIX, "x" * 108, _index)
    with pytest.raises(OSError, match="no address format"):
        addresses.encode(socket.AF_ALG, ("x", "y"), _index)
    assert addresses.decode(b"", _name) is None


@pytest.mark.parametrize(
    ("mode", "flags"),
    [
        ("r", os.O_RDONLY),
        ("rb", os.O_RDONLY),
        ("r+", os.O_RDWR),
        ("w", os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        ("ab", os.O_WRONLY | os.O_CREAT | os.O_APPEND),
        ("x+b", os.O_RDWR | os.O_CREAT | os.O_EXCL),
    ],
)
def test_modes(mode: str, flags: int) -> None:
    assert flags_of(mode) == flags | os.O_CLOEXEC


@pytest.mark.parametrize("mode", ["", "b", "rw", "rr", "rbt", "q"])
def test_no_modes(mode: str) -> None:
    with pytest.raises(ValueError, match="invalid mode"):
        flags_of(mode)


def _entry(name: bytes) -> bytes:
    length = -(-(19 + len(name) + 1) // 8) * 8
    return struct.pack("=QqHB", 1, 2, length, 8) + name.ljust(length - 19, b"\0")


def test_directory_names() -> None:
    buffer = b"".join(map(_entry, [b".", b"..", b"a", b"longer name", "ä".encode()]))
    assert directory_names(buffer) == ["a", "longer name", "ä"]
    assert directory_names(b"") == []


def test_sysctl_paths() -> None:
    assert path_of("net.ipv4.ip_forward") == "/proc/sys/net/ipv4/ip_forward"
    assert path_of("net/ipv4/conf/eth0.5/forwarding") == "/proc/sys/net/ipv4/conf/eth0.5/forwarding"
    for bad in ("", "/etc/passwd", "net/../../x", ".a"):
        with pytest.raises(ValueError, match="not the name"):
            path_of(bad)


def test_hardware_addresses() -> None:
    assert mac_octets("02:00:00:00:00:0a") == b"\x02\0\0\0\0\x0a"
    for bad in ("", "02:00:00:00:00", "01:00:5e:00:00:01", "02-00-00-00-00-01", "zz:0:0:0:0:0"):
        with pytest.raises(KernelError):
            mac_octets(bad)


class _Unpicklable(Exception):
    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("no")


def test_sendable_errors() -> None:
    error = OSError(2, "gone")
    assert sendable(error) is error
    odd = sendable(_Unpicklable("words"))
    assert str(pickle.loads(pickle.dumps(odd))) == "_Unpicklable: words"
