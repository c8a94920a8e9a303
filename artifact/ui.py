# SPDX-License-Identifier: GPL-2.0-only
"""What the user sees: progress, steps with their usual duration, tables.

Rich on a terminal; plain lines, one per event, anywhere else.
"""

import fcntl
import json
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from artifact import paths

PLAIN_PERIOD_S = 5.0


def is_terminal() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout.isatty()


def say(text: str) -> None:
    """One line for the user, shown at once."""
    print(text, flush=True)


def duration(seconds: float) -> str:
    """A duration for people: `0.4 s`, `12 s`, `3 min 05 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"


class Bar(ABC):
    """Progress of one long step."""

    @abstractmethod
    def advance(self, amount: float = 1, what: str = "") -> None:
        """`amount` more units are done, the latest of them being `what`."""


class _RichBar(Bar):
    def __init__(self, progress: Progress, title: str, total: float | None) -> None:
        self._progress, self._title = progress, title
        self._task = progress.add_task(title, total=total)

    def advance(self, amount: float = 1, what: str = "") -> None:
        self._progress.update(self._task, advance=amount, description=f"{self._title} {what}")


class _PlainBar(Bar):
    """Says something every few seconds only, so that logs stay readable."""

    def __init__(self, title: str, total: float | None) -> None:
        self._title, self._total = title, total
        self._done, self._spoken = 0.0, time.monotonic()

    def advance(self, amount: float = 1, what: str = "") -> None:
        self._done += amount
        now = time.monotonic()
        if now - self._spoken >= PLAIN_PERIOD_S or self._done == self._total:
            self._spoken = now
            whole = f"/{self._total:g}" if self._total else ""
            say(f"{self._title}: {self._done:g}{whole} {what}".rstrip())


@contextmanager
def progress(title: str, total: float | None) -> Iterator[Bar]:
    """Progress of a step of `total` units (None: unknown); use `.advance()` on the result."""
    if not is_terminal():
        yield _PlainBar(title, total)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn()) as bars:
        yield _RichBar(bars, title, total)


def durations(file: Path | None = None) -> dict[str, float]:
    """Seconds each step took last time; empty when nothing ran yet or the note is unreadable."""
    try:
        noted = json.loads((file or paths.DURATIONS).read_text())
        return {str(name): float(seconds) for name, seconds in noted.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}  # a convenience only: losing it must never stop a run


def remember(name: str, seconds: float, file: Path | None = None) -> None:
    """Note how long a step took, for the next run's estimate."""
    target = file or paths.DURATIONS
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("a+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        known = {**durations(target), name: round(seconds, 3)}
        handle.truncate(0)
        handle.write(json.dumps(known, indent=1, sort_keys=True) + "\n")


@contextmanager
def step(name: str, file: Path | None = None) -> Iterator[None]:
    """Announce a step with its last duration; note the new one when it ends well."""
    last = durations(file).get(name)
    say(f"== {name}" + (f" (last time {duration(last)})" if last is not None else ""))
    started = time.monotonic()
    yield
    taken = time.monotonic() - started
    remember(name, taken, file)
    say(f"== {name}: done in {duration(taken)}")


def plain_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Aligned text, two spaces between columns."""
    cells = [[str(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    padded = ("  ".join(map(str.ljust, line, widths)).rstrip() for line in cells)
    return "\n".join(padded)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table: rich on a terminal, aligned text elsewhere."""
    if not is_terminal():
        say(f"{title}\n{plain_table(columns, rows)}" if title else plain_table(columns, rows))
        return
    shown = Table(*columns, title=title or None)
    for row in rows:
        shown.add_row(*(str(cell) for cell in row))
    Console().print(shown)
