# SPDX-License-Identifier: GPL-2.0-only
"""What Kernel.spawn()'s two processes say to each other: pickled requests and answers.

Plain values travel as they are. Things that live in the kernel's process (sockets, files,
interfaces, ...) stay there and travel as a Handle.
"""

import pickle
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Handle:
    """Stands for an object of the kernel's process; the kernel itself has number 0."""

    number: int


@dataclass(frozen=True)
class Method:
    """The attribute that was asked for is to be called."""


@dataclass(frozen=True)
class End:
    """An iterator has nothing more."""


Verb = Literal["get", "set", "call", "item", "setitem", "iter", "next", "drop"]


@dataclass(frozen=True)
class Request:
    """Do this with an object: its attribute or method `name`, with these arguments."""

    number: int
    verb: Verb
    target: Handle
    name: str = ""
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Answer:
    """The outcome of the request of that number: a value or an exception."""

    number: int
    value: Any = None
    error: BaseException | None = None


def sendable(error: BaseException) -> BaseException:
    """The exception itself, or one with the same words if it does not survive pickling."""
    try:
        pickle.loads(pickle.dumps(error))
    # whatever a foreign exception class does when it is pickled
    except Exception:  # noqa: BLE001
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
