# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's side of Kernel.spawn(): `python -m artifact.lkl.worker DESCRIPTOR`.

Each request runs on a thread of its own, so that one that waits holds up no other. When the
connection ends the kernel is halted and the process with it.
"""

import io
import itertools
import os
import sys
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

from artifact.lkl.kernel import Kernel
from artifact.lkl.wire import Answer, End, Handle, Method, Request, sendable

_PLAIN = (type(None), bool, int, float, str, bytes, bytearray, os.stat_result)


class Worker:
    """Serves one connection."""

    def __init__(self, connection: Connection, kernel: Kernel) -> None:
        self._connection = connection
        self._objects: dict[int, Any] = {0: kernel}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def serve(self) -> None:
        """Until the other side goes."""
        while True:
            try:
                request = self._connection.recv()
            except (EOFError, ConnectionResetError):
                return
            threading.Thread(target=self._answer, args=(request,), daemon=True).start()

    def _answer(self, request: Request) -> None:
        try:
            answer = Answer(request.number, self._encode(self._do(request)))
        # it is the other process that handles it
        except BaseException as error:  # noqa: BLE001
            answer = Answer(request.number, error=sendable(error))
        try:
            with self._lock:
                self._connection.send(answer)
        except BrokenPipeError:
            return  # nobody is left to tell; serve() ends by itself

    def _do(self, request: Request) -> Any:
        target = self._objects[request.target.number]
        args = tuple(self._decode(value) for value in request.args)
        match request.verb:
            case "get":
                value = getattr(target, request.name)
                return Method() if callable(value) else value
            case "set":
                setattr(target, request.name, *args)
            case "call":
                named = {name: self._decode(value) for name, value in request.kwargs}
                return getattr(target, request.name)(*args, **named)
            case "item":
                return target[args[0]]
            case "setitem":
                target[args[0]] = args[1]
            case "iter":
                return iter(target)
            case "next":
                return next(target, End())
            case "drop":
                del self._objects[request.target.number]
        return None

    def _decode(self, value: Any) -> Any:
        return self._objects[value.number] if isinstance(value, Handle) else value

    def _encode(self, value: Any) -> Any:
        """Objects that belong to this process become handles."""
        if isinstance(value, _PLAIN):
            return value
        if type(value) in (tuple, list):
            return type(value)(self._encode(part) for part in value)
        of_ours = type(value).__module__.startswith("artifact.lkl.")
        if isinstance(value, io.IOBase | Iterator) or (of_ours and not _is_record(value)):
            number = next(self._numbers)
            self._objects[number] = value
            return Handle(number)
        return value


def _is_record(value: Any) -> bool:
    """Dataclasses (routes, the words of wire.py) are values."""
    return hasattr(type(value), "__dataclass_fields__")


def main(descriptor: int) -> int:
    """Start the kernel that the first message asks for, say how that went, serve."""
    connection = Connection(descriptor)
    try:
        kernel = Kernel(**connection.recv())
        kernel.start()
    # the parent raises it
    except Exception as error:  # noqa: BLE001
        connection.send(Answer(0, error=sendable(error)))
        return 1
    connection.send(Answer(0, os.getpid()))
    Worker(connection, kernel).serve()
    if kernel.running:
        kernel.halt()
    return 0


if __name__ == "__main__":
    code = main(int(sys.argv[1]))
    # Threads may still wait for something; the kernel that they ask has gone.
    os._exit(code)
