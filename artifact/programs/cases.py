# SPDX-License-Identifier: GPL-2.0-only
"""Test cases that run inside a system and are watched from outside it.

The system may lack fork(2), and a case may kill or block it: guest/run_cases.py tells each
case before and after it runs, and we start it again behind a case that never came back.
"""

import json
import os
import selectors
import time
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from subprocess import PIPE

from pydantic import BaseModel, ConfigDict, ValidationError

from artifact import paths, proc
from artifact.errors import ArtifactError

PROGRAM = Path(__file__).with_name("guest") / "run_cases.py"
CASE_TIMEOUT_S = 120.0


class Outcome(StrEnum):
    """What became of a case. crash: the process died; timeout: it had to be killed."""

    PASS = "pass"
    FAIL = "fail"
    ERROR = "error"
    SKIP = "skip"
    XFAIL = "xfail"
    UPASS = "upass"
    CRASH = "crash"
    TIMEOUT = "timeout"


class Result(BaseModel):
    """One case. `seconds` is its own time, without that of the set-up of its class."""

    model_config = ConfigDict(extra="forbid", strict=True)

    case: str
    outcome: Outcome
    seconds: float
    reason: str


def write(file: Path, results: Iterable[Result]) -> None:
    """Append results to a JSONL file, each as soon as it is there."""
    with file.open("a") as sink:
        for result in results:
            sink.write(result.model_dump_json() + "\n")
            sink.flush()


def read(file: Path) -> list[Result]:
    """Results of a JSONL file; ArtifactError names the line that is wrong."""
    found = []
    for number, line in enumerate(file.read_text().splitlines(), 1):
        try:
            found.append(Result.model_validate_json(line))
        except ValidationError as error:
            what = error.errors()[0]["msg"]
            raise ArtifactError(f"{paths.shown(file)}:{number}: {what}") from error
    return found


class Transcript:
    """What one run of the guest program tells, line by line."""

    def __init__(self) -> None:
        self.cases: int | None = None
        self.current: tuple[int, str] | None = None
        self.next = 0
        self.done = False

    def line(self, text: str) -> Result | None:
        """Take one line; the result, when it ends a case. ArtifactError on nonsense."""
        try:
            told = json.loads(text)
            if "start" in told:
                self.current = int(told["start"]), str(told["case"])
            elif "end" in told:
                return self._end(told)
            elif "cases" in told:
                self.cases = int(told["cases"])
            else:
                self.done = bool(told["done"])
        except (ValueError, KeyError, TypeError) as error:
            raise ArtifactError(f"the guest program said {text[:80]!r}") from error
        return None

    def _end(self, told: dict[str, object]) -> Result:
        if self.current is None or self.current[0] != told["end"]:
            raise ValueError("a case ended that did not start")
        seconds = float(str(told["seconds"]))
        outcome, reason = Outcome(str(told["outcome"])), str(told["reason"])
        result = Result(case=self.current[1], outcome=outcome, seconds=seconds, reason=reason)
        self.next = max(self.next, self.current[0] + 1)
        self.current = None
        return result


def run(
    argv: Sequence[str], module: str, log: Path, timeout: float = CASE_TIMEOUT_S
) -> Iterator[Result]:
    """Every case of a module under `argv`, to which module and first case are appended.

    timeout: seconds without a word after which the guest is killed. Each case has a result,
    whatever happens; a module that cannot be loaded has one, named like the module.
    """
    first = 0
    while True:
        script = Transcript()
        script.next = first
        words = [*argv, module, str(first)]
        with proc.spawn(words, stdout=PIPE, log=log) as child:
            assert child.stdout is not None
            silent = False
            for text in _lines(child.stdout.fileno(), timeout):
                if text is None:
                    silent = True
                    break
                if (result := script.line(text)) is not None:
                    yield result
            if script.done:
                return
            died = _death(None if silent else child.wait(timeout), timeout)
        if script.cases is None or (script.current is None and script.next >= script.cases):
            yield Result(case=module, outcome=died[0], seconds=0.0, reason=died[1])
            return
        if script.current is not None:
            number, case = script.current
            yield Result(case=case, outcome=died[0], seconds=0.0, reason=died[1])
            first = number + 1
        elif script.next > first:
            first = script.next  # died between two cases
        else:
            yield Result(case=module, outcome=died[0], seconds=0.0, reason=died[1])
            return


def _death(code: int | None, timeout: float) -> tuple[Outcome, str]:
    if code is None:
        return Outcome.TIMEOUT, f"no word for {timeout:g} s"
    if code < 0:
        return Outcome.CRASH, f"killed by signal {-code}"
    return Outcome.CRASH, f"ended with exit code {code}"


def _lines(descriptor: int, timeout: float) -> Iterator[str | None]:
    """Lines as they come; None when there was none for `timeout` seconds."""
    buffer = b""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        limit = time.monotonic() + timeout
        while True:
            if not selector.select(max(0.0, limit - time.monotonic())):
                yield None
                return
            data = os.read(descriptor, 65536)
            if not data:
                return
            *whole, buffer = (buffer + data).split(b"\n")
            if whole:
                limit = time.monotonic() + timeout
            yield from (line.decode(errors="replace") for line in whole)
