# SPDX-License-Identifier: GPL-2.0-only
"""Sockets of the library kernel, with the methods of the standard socket module.

The kernel's descriptor is always non-blocking; a blocking operation tries first and then
waits in poll(2), in slices, so that Ctrl-C works in a notebook.
"""

import errno
import os
import select
import socket
import struct
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from artifact.lkl import addresses
from artifact.lkl.calls import Calls

SIOCGIFNAME = 0x8910
SIOCGIFINDEX = 0x8933
_IFREQ = 40
_BUFFER_OPTION = 256


class Socket:
    """See socket.socket. Addresses are numeric; names are not looked up.

    >>> with k.socket(AF_INET, SOCK_STREAM) as s:
    ...     s.connect(("10.1.0.1", 80))
    ...     s.sendall(b"hello")
    """

    def __init__(
        self,
        calls: Calls,
        family: int = socket.AF_INET,
        type: int = socket.SOCK_STREAM,
        proto: int = 0,
        fileno: int | None = None,
    ) -> None:
        self._calls = calls
        self.family = family
        self.type = type & ~(socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        self.proto = proto
        self._timeout: float | None = None
        flags = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        self.fd = calls("socket", family, self.type | flags, proto) if fileno is None else fileno

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<lkl.Socket fd={self.fd} family={self.family} type={self.type}>"

    def close(self) -> None:
        """Close it; once more does nothing, nor does it after the kernel's halt."""
        fd, self.fd = self.fd, -1
        if fd >= 0 and self._calls.running:
            self._calls("close", fd)

    def fileno(self) -> int:
        """The library kernel's descriptor (no use for host calls), -1 when closed."""
        return self.fd

    # --- waiting ---

    def settimeout(self, value: float | None) -> None:
        """Seconds that an operation may take; None: no limit, 0: never wait."""
        if value is not None and value < 0:
            raise ValueError("Timeout value out of range")
        self._timeout = value

    def gettimeout(self) -> float | None:
        """See settimeout()."""
        return self._timeout

    def setblocking(self, flag: bool) -> None:
        """settimeout(None) or settimeout(0)."""
        self.settimeout(None if flag else 0)

    def _retry(self, events: int, call: str, *args: Any) -> int:
        """The call, again and again while it would block and time is left."""
        while True:
            result = self._calls.raw(call, self.fd, *args)
            if result >= 0:
                return result
            if -result != errno.EAGAIN or self._timeout == 0:
                raise OSError(-result, f"{call}: {os.strerror(-result)}")
            if not self._calls.wait(self.fd, events, self._timeout):
                raise TimeoutError(errno.ETIMEDOUT, "timed out")

    # --- addresses ---

    def _interface(self, command: int, request: bytes) -> bytes:
        """One of the ioctls of netdevice(7) that turn names of interfaces into numbers."""
        buffer = bytearray(request.ljust(_IFREQ, b"\0"))
        self._calls("ioctl", self.fd, command, buffer)
        return bytes(buffer)

    def _index(self, name: str) -> int:
        answer = self._interface(SIOCGIFINDEX, name.encode()[:15])
        return int(struct.unpack_from("=i", answer, 16)[0])

    def _name(self, index: int) -> str:
        answer = self._interface(SIOCGIFNAME, struct.pack("=16xi", index))
        return answer[:16].split(b"\0", 1)[0].decode()

    def _encoded(self, address: Any) -> bytes:
        return addresses.encode(self.family, address, self._index)

    def _ask_address(self, call: Callable[[bytearray, bytearray], int]) -> tuple[int, Any]:
        """Result and address of a call that fills a struct sockaddr and its length."""
        buffer = bytearray(addresses.STORAGE)
        length = bytearray(struct.pack("=I", len(buffer)))
        result = call(buffer, length)
        size = struct.unpack("=I", length)[0]
        return result, addresses.decode(bytes(buffer[:size]), self._name)

    def bind(self, address: Any) -> None:
        """Take a local address."""
        raw = self._encoded(address)
        self._calls("bind", self.fd, raw, len(raw))

    def getsockname(self) -> Any:
        """The local address."""
        return self._ask_address(lambda b, n: self._calls("getsockname", self.fd, b, n))[1]

    def getpeername(self) -> Any:
        """The other side's address."""
        return self._ask_address(lambda b, n: self._calls("getpeername", self.fd, b, n))[1]

    # --- connections ---

    def connect(self, address: Any) -> None:
        """Connect; returns when the connection stands.

        The outcome is asked for by connecting once more: that, other than SO_ERROR, leaves a
        refused socket fit for another try.
        """
        raw = self._encoded(address)
        result = self._calls.raw("connect", self.fd, raw, len(raw))
        if result == -errno.EINPROGRESS and self._timeout != 0:
            if not self._calls.wait(self.fd, select.POLLOUT, self._timeout):
                raise TimeoutError(errno.ETIMEDOUT, "timed out")
            result = self._calls.raw("connect", self.fd, raw, len(raw))
        if result < 0:
            raise OSError(-result, f"connect: {os.strerror(-result)}")

    def connect_ex(self, address: Any) -> int:
        """As connect(), but gives the errno instead of raising it."""
        try:
            self.connect(address)
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    def listen(self, backlog: int = 128) -> None:
        """Let others connect."""
        self._calls("listen", self.fd, backlog)

    def accept(self) -> tuple["Socket", Any]:
        """The next connection and where it comes from."""
        flags = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        fd, address = self._ask_address(
            lambda b, n: self._retry(select.POLLIN, "accept4", b, n, flags)
        )
        return Socket(self._calls, self.family, self.type, self.proto, fileno=fd), address

    def shutdown(self, how: int) -> None:
        """End one direction or both (socket.SHUT_RD, SHUT_WR, SHUT_RDWR)."""
        self._calls("shutdown", self.fd, how)

    # --- data ---

    def send(self, data: bytes | bytearray | memoryview, flags: int = 0) -> int:
        """Send what fits now: octets sent."""
        return self._retry(select.POLLOUT, "sendto", data, len(data), flags, None, 0)

    def sendall(self, data: bytes | bytearray | memoryview, flags: int = 0) -> None:
        """Send everything."""
        view = memoryview(data).cast("B")
        while view:
            view = view[self.send(view, flags) :]

    def sendto(self, data: bytes | bytearray | memoryview, *rest: Any) -> int:
        """Send to (data, address) or (data, flags, address): octets sent."""
        flags, address = rest if len(rest) == 2 else (0, *rest)
        raw = self._encoded(address)
        return self._retry(select.POLLOUT, "sendto", data, len(data), flags, raw, len(raw))

    def recv_into(self, buffer: bytearray | memoryview, nbytes: int = 0, flags: int = 0) -> int:
        """Receive into a buffer: octets received, 0 at the end of a stream."""
        size = nbytes or len(buffer)
        if size > len(buffer):
            raise ValueError("nbytes is greater than the length of the buffer")
        return self._retry(select.POLLIN, "recvfrom", buffer, size, flags, None, None)

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """What has arrived, at most bufsize octets; empty at the end of a stream."""
        buffer = bytearray(bufsize)
        return bytes(buffer[: self.recv_into(buffer, bufsize, flags)]) if bufsize else b""

    def recvfrom(self, bufsize: int, flags: int = 0) -> tuple[bytes, Any]:
        """The next datagram and who sent it."""
        buffer = bytearray(bufsize)
        size, address = self._ask_address(
            lambda b, n: self._retry(select.POLLIN, "recvfrom", buffer, bufsize, flags, b, n)
        )
        return bytes(buffer[:size]), address

    # --- options ---

    def setsockopt(self, level: int, option: int, value: int | bytes | str) -> None:
        """Set an option: an int, or octets (a str, as for SO_BINDTODEVICE, is encoded)."""
        if isinstance(value, int):
            value = struct.pack("=i", value)
        raw = value.encode() if isinstance(value, str) else value
        self._calls("setsockopt", self.fd, level, option, raw, len(raw))

    def getsockopt(self, level: int, option: int, buflen: int = 0) -> Any:
        """An option as an int, or as octets when buflen is given."""
        buffer = bytearray(buflen or _BUFFER_OPTION)
        length = bytearray(struct.pack("=I", buflen or 4))
        self._calls("getsockopt", self.fd, level, option, buffer, length)
        if buflen:
            return bytes(buffer[: struct.unpack("=I", length)[0]])
        return struct.unpack_from("=i", buffer)[0]
