# SPDX-License-Identifier: GPL-2.0-only
"""A link: Ethernet frames in and out, over a packet socket or over a datagram socket.

Whoever uses a link cannot tell which it is. A packet socket belongs to the namespace it was
opened in and hears only what the other side sends (PACKET_IGNORE_OUTGOING); it is bound, and
so listening, when it is handed out: there is no start-up race.

Sources: packet(7), unix(7).
"""

import os
import select
import socket
import time
from abc import ABC, abstractmethod
from collections import deque

from artifact.errors import ArtifactError
from artifact.net.netns import Namespace

ETH_P_ALL = 0x0003
SOL_PACKET = 263
PACKET_IGNORE_OUTGOING = 23
LARGEST_FRAME = 65536
SOCKET_BUFFER = 4 << 20
SEND_LIMIT_S = 5.0


class LinkDown(ArtifactError):
    """The other end of a link is gone."""


class Link(ABC):
    """One end of a link."""

    @abstractmethod
    def send(self, frame: bytes) -> None:
        """Put one frame on the wire."""

    @abstractmethod
    def recv(self, deadline: float) -> bytes | None:
        """The next frame from the other side, or None when none came before the deadline
        (seconds of time.monotonic(); one that has passed means: do not wait).
        """

    @abstractmethod
    def close(self) -> None:
        """Leave the link."""


class SocketLink(Link):
    """A link behind a socket on which one message is one frame."""

    def __init__(self, end: socket.socket, kind: str) -> None:
        self.kind = kind
        self._end = end
        self._end.setblocking(False)
        self._early: deque[bytes] = deque()
        self._readable = select.poll()
        self._readable.register(end, select.POLLIN)
        self._either = select.poll()
        self._either.register(end, select.POLLIN | select.POLLOUT)

    def send(self, frame: bytes) -> None:
        """Put one frame on the wire.

        While the far end is too busy to take it we keep reading: two ends that only write
        would wait for each other for ever.
        """
        limit = time.monotonic() + SEND_LIMIT_S
        while time.monotonic() < limit:
            try:
                self._end.send(frame)
                return
            except (BlockingIOError, InterruptedError):
                self._either.poll(50)
                self._drain()
            except OSError as error:
                raise LinkDown(f"the {self.kind} link is down: {error.strerror}") from error
        raise LinkDown(f"the {self.kind} link took no frame for {SEND_LIMIT_S:g} s")

    def recv(self, deadline: float) -> bytes | None:
        """The next frame from the other side, or None when none came before the deadline."""
        while not self._early:
            left = deadline - time.monotonic()
            if self._drain() or left <= 0:
                break
            self._readable.poll(max(1, round(left * 1000)))
        return self._early.popleft() if self._early else None

    def close(self) -> None:
        """Leave the link."""
        self._end.close()

    def _drain(self) -> bool:
        while True:
            try:
                frame = self._end.recv(LARGEST_FRAME)
            except (BlockingIOError, InterruptedError):
                return bool(self._early)
            except OSError as error:
                raise LinkDown(f"the {self.kind} link is down: {error.strerror}") from error
            if frame:
                self._early.append(frame)


def packet_link(where: Namespace, interface: str) -> Link:
    """The wire behind an interface, as raw frames; the namespace's own stack stays silent
    as long as it has no address.
    """
    with where.entered():
        end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    try:
        end.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER)
        with where.entered():
            end.bind((interface, ETH_P_ALL))
    except OSError:
        end.close()
        raise
    return SocketLink(end, "packet")


def datagram_pair() -> tuple[Link, socket.socket]:
    """Our end of a link without root, and the descriptor for the device under test.

    One datagram is one frame.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    os.set_inheritable(theirs.fileno(), False)
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
    return SocketLink(ours, "datagram"), theirs
