# SPDX-License-Identifier: GPL-2.0-only
"""Kernels in processes of their own: RemoteKernel is a Kernel that lives elsewhere."""

import inspect
import itertools
import os
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing.connection import Connection
from types import TracebackType
from typing import IO, Any, Self

from artifact import paths, proc
from artifact.lkl.devices import DatagramSocket
from artifact.lkl.errors import KernelError
from artifact.lkl.library import library
from artifact.lkl.wire import Answer, End, Handle, Method, Request, Verb


class Channel:
    """Requests from any thread; a thread of ours hands out the answers."""

    def __init__(self, connection: Connection, epitaph: Callable[[], str]) -> None:
        self._connection = connection
        self._epitaph = epitaph
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[Any]] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._receive, name="lkl-channel", daemon=True)

    def start(self) -> None:
        """From now on every message is an answer to a request."""
        self._thread.start()

    def join(self) -> None:
        """Wait until the last answer has come; the other process has ended."""
        if self._thread.is_alive():
            self._thread.join()

    def _receive(self) -> None:
        while True:
            try:
                answer: Answer = self._connection.recv()
            except (EOFError, OSError):
                break
            with self._lock:
                future = self._waiting.pop(answer.number)
            if answer.error is None:
                future.set_result(answer.value)
            else:
                future.set_exception(answer.error)
        with self._lock:
            self._closed = True
            left = list(self._waiting.values())
        for future in left:
            future.set_exception(KernelError(self._epitaph()))

    def ask(self, verb: Verb, target: Handle, name: str = "", *args: Any, **kwargs: Any) -> Any:
        """Send a request and wait for its answer; what it raises there is raised here."""
        sent = tuple(_sent(value) for value in args)
        named = tuple((key, _sent(value)) for key, value in kwargs.items())
        future: Future[Any] = Future()
        with self._lock:
            if self._closed:
                raise KernelError(self._epitaph())
            number = next(self._numbers)
            self._waiting[number] = future
            try:
                self._connection.send(Request(number, verb, target, name, sent, named))
            except BrokenPipeError:
                raise KernelError(self._epitaph()) from None
        return self._received(future.result())

    def drop(self, target: Handle) -> None:
        """Forget an object there, without waiting."""
        with self._lock:
            if not self._closed:
                number = next(self._numbers)
                self._waiting[number] = Future()
                self._connection.send(Request(number, "drop", target))

    def _received(self, value: Any) -> Any:
        if isinstance(value, Handle):
            return Proxy(self, value)
        if type(value) in (tuple, list):
            return type(value)(self._received(part) for part in value)
        return value


def _sent(value: Any) -> Any:
    return value._handle if isinstance(value, Proxy) else value


class Proxy:
    """An object of the kernel's process: attributes, methods, items and iteration go there."""

    _OWN = frozenset({"_channel", "_handle", "_stack"})

    def __init__(self, channel: Channel, handle: Handle) -> None:
        self._channel = channel
        self._handle = handle

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        value = self._channel.ask("get", self._handle, name)
        if not isinstance(value, Method):
            return value

        def method(*args: Any, **kwargs: Any) -> Any:
            return self._channel.ask("call", self._handle, name, *args, **kwargs)

        return method

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._OWN:
            super().__setattr__(name, value)
        else:
            self._channel.ask("set", self._handle, name, value)

    def __getitem__(self, key: Any) -> Any:
        return self._channel.ask("item", self._handle, "", key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._channel.ask("setitem", self._handle, "", key, value)

    def __iter__(self) -> Iterator[Any]:
        iterator = self._channel.ask("iter", self._handle)
        while not isinstance(value := self._channel.ask("next", iterator._handle), End):
            yield value

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._channel.ask("call", self._handle, "close")

    def __del__(self) -> None:
        if self._handle.number:
            self._channel.drop(self._handle)


class RemoteKernel(Proxy):
    """A kernel in another process, with the interface of Kernel. Halt it, or use `with`.

    Values are copied: recv() works over there, recv_into() does not. The process ends with
    the thread that started it, whatever happens to that thread.
    """

    def __init__(self, channel: Channel, stack: ExitStack) -> None:
        super().__init__(channel, Handle(0))
        self._stack = stack

    def __repr__(self) -> str:
        return "<lkl.RemoteKernel>"

    def halt(self) -> None:
        """Halt the kernel and end its process; OSError or KernelError if it was not well."""
        try:
            self._channel.ask("call", self._handle, "halt")
        finally:
            self._stack.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self.running:
                self.halt()
        except KernelError:
            if kind is None:  # the first error is the one to show
                raise
        finally:
            self._stack.close()


def _inherited(device: Any) -> tuple[Any, list[int]]:
    """A device as the other process can use it, and the descriptors that go with it."""
    if isinstance(device, DatagramSocket) and not isinstance(device.end, tuple):
        number = device.end if isinstance(device.end, int) else device.end.fileno()
        return replace(device, end=number), [number]
    return device, []


def _arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
    """Kernel's arguments by name, checked here, and descriptors to pass on."""
    from artifact.lkl.kernel import Kernel

    named = dict(inspect.signature(Kernel).bind(*args, **kwargs).arguments)
    Kernel(**named)
    devices = [_inherited(device) for device in named.get("net", ())]
    named["net"] = [device for device, _ in devices]
    return named, [number for _, numbers in devices for number in numbers]


def _epitaph(errors: IO[bytes]) -> str:
    """Why nobody answers: the last thing that the process said on its stderr."""
    if errors.closed:
        return "no kernel runs: it has been halted"
    errors.seek(0)
    text = errors.read().decode(errors="replace").strip()
    last = text.splitlines()[-1] if text else "it said nothing"
    return f"the kernel's process has ended: {last}"


def spawned(args: tuple[Any, ...], kwargs: dict[str, Any]) -> RemoteKernel:
    """See Kernel.spawn()."""
    named, passed = _arguments(args, kwargs)
    library()  # compiled here, once, and an error is seen here
    with ExitStack() as stack:
        errors = stack.enter_context(tempfile.TemporaryFile())
        ours, theirs = socket.socketpair()
        connection = stack.enter_context(Connection(ours.detach()))
        channel = Channel(connection, lambda: _epitaph(errors))
        stack.callback(channel.join)
        with theirs:
            path = os.pathsep.join([str(paths.REPO), os.environ.get("PYTHONPATH", "")])
            stack.enter_context(
                proc.spawn(
                    [sys.executable, "-m", "artifact.lkl.worker", str(theirs.fileno())],
                    env={"PYTHONPATH": path.rstrip(os.pathsep)},
                    stderr=errors,
                    pass_fds=[theirs.fileno(), *passed],
                )
            )
        connection.send(named)
        try:
            answer: Answer = connection.recv()
        except EOFError:
            raise KernelError(_epitaph(errors)) from None
        if answer.error is not None:
            raise answer.error
        channel.start()
        return RemoteKernel(channel, stack.pop_all())
    raise AssertionError("the block above returns or raises")
