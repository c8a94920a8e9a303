# SPDX-License-Identifier: GPL-2.0-only
"""Devices that are not there: one clear error each, before any kernel is touched."""

import socket
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest

from artifact.lkl.devices import DatagramSocket, Disk, Packet, Tap
from artifact.lkl.errors import KernelError
from artifact.lkl.library import Library

CONSTANTS = SimpleNamespace(LKL_DISK_RO=1, LKL_NET_DGRAM=2, uk_call_count=0)
LIBRARY = Library(cast(ModuleType, SimpleNamespace(ffi=None, lib=CONSTANTS)))


def test_absent_interfaces() -> None:
    for device in (Tap("uk-none0"), Packet("uk-none0")):
        with pytest.raises(KernelError, match="no interface uk-none0; make it: ip "):
            device.open(LIBRARY)


def test_disks(tmp_path: Path) -> None:
    with pytest.raises(KernelError, match="No such file"):
        Disk(tmp_path / "none").open(LIBRARY)
    image = tmp_path / "image"
    image.write_bytes(b"12345")
    for readonly in (False, True):
        descriptor, flags = Disk(image, readonly=readonly).open(LIBRARY)
        with open(descriptor, "rb") as file:
            assert file.read() == b"12345"
        assert flags == int(readonly)


def _owned(device: DatagramSocket) -> socket.socket:
    descriptor, kind = device.open(LIBRARY)
    assert kind == CONSTANTS.LKL_NET_DGRAM
    return socket.socket(fileno=descriptor)


def test_datagram_sockets() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    choices: list[Any] = [theirs, theirs.fileno()]
    with ours, theirs:
        for end in choices:
            with _owned(DatagramSocket(end)) as copy:
                copy.send(b"frame")
                assert ours.recv(100) == b"frame"
    with pytest.raises(KernelError, match="no open socket"):
        DatagramSocket(theirs).open(LIBRARY)


def test_datagram_paths(tmp_path: Path) -> None:
    own, other = str(tmp_path / "own"), str(tmp_path / "other")
    with pytest.raises(KernelError, match="cannot connect"):
        DatagramSocket((own, other)).open(LIBRARY)
    Path(own).unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as station:
        station.bind(other)
        with _owned(DatagramSocket((own, other))) as link:
            link.send(b"frame")
            assert station.recv(100) == b"frame"
