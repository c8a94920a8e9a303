# SPDX-License-Identifier: GPL-2.0-only
"""Run one module of CPython's regression tests and tell each case's outcome at once.

    python3 run_cases.py MODULE FROM

Runs inside the system under test, which may have no fork(2): whoever starts it watches the
clock, and when this process dies or hangs starts it again behind the case that did it. Cases
have a fixed order, and FROM is the number of the first to run. On standard output, a JSON object
a line:

    {"cases": N}                        first
    {"start": I, "case": ID}            before a case
    {"end": I, "outcome": ..., "seconds": ..., "reason": ...}
    {"done": true}                      last

Outcomes: pass, fail, error, skip, xfail (fails as its author expects), upass (does not).
What the tests print goes to standard error.
"""

import collections
import json
import os
import sys
import tempfile
import time
import unittest
from collections.abc import Iterator
from typing import Any, TextIO

REASON_CHARACTERS = 300


def flatten(suite: unittest.TestSuite | unittest.TestCase) -> Iterator[unittest.TestCase]:
    """The cases of nested suites, in the order in which they would run."""
    if isinstance(suite, unittest.TestSuite):
        for each in suite:
            yield from flatten(each)
    else:
        yield suite


def named(module: str, cases: list[unittest.TestCase]) -> list[str]:
    """Unique names, which all begin with the module's (those of doctests do not by themselves).

    A case that comes again (a class imported twice) gets a number.
    """
    seen: collections.Counter[str] = collections.Counter()
    names = []
    for case in cases:
        name = case.id() if case.id().startswith(module) else f"{module}:{case.id()}"
        seen[name] += 1
        names.append(name + (f"#{seen[name]}" if seen[name] > 1 else ""))
    return names


def brief(error: Any) -> str:
    """The kind and the message of an exception, on one line."""
    kind, value = error[0], error[1]
    return " ".join(f"{kind.__name__}: {value}".split())[:REASON_CHARACTERS]


class Reporter(unittest.TestResult):
    """Writes a line when a case starts and one when it has ended."""

    def __init__(self, out: TextIO, numbers: dict[int, int], names: list[str]) -> None:
        super().__init__()
        self.out, self.numbers, self.names = out, numbers, names
        self.verdict: tuple[str, str] | None = None
        self.begun = 0.0
        self.told: set[int] = set()

    def tell(self, **fields: Any) -> None:
        """One line, which the other side sees at once."""
        self.out.write(json.dumps(fields) + "\n")
        self.out.flush()

    def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802 (unittest's name)
        """Note and tell that a case starts."""
        super().startTest(test)
        number = self.numbers[id(test)]
        self.tell(start=number, case=self.names[number])
        self.verdict, self.begun = None, time.monotonic()

    def stopTest(self, test: unittest.TestCase) -> None:  # noqa: N802
        """Tell what became of the case: its first failure, or that it had none."""
        super().stopTest(test)
        outcome, reason = self.verdict or ("pass", "")
        self.end(self.numbers[id(test)], outcome, reason, time.monotonic() - self.begun)
        self.verdict = None

    def end(self, number: int, outcome: str, reason: str, seconds: float) -> None:
        """Tell the outcome of one case."""
        self.told.add(number)
        self.tell(end=number, outcome=outcome, reason=reason, seconds=round(seconds, 4))

    def judge(self, test: Any, outcome: str, reason: str) -> None:
        """Note an outcome; one of a class's or module's set-up is that of all its cases."""
        if isinstance(test, unittest.TestCase):
            bad = self.verdict is not None and self.verdict[0] in ("fail", "error")
            if not bad:
                self.verdict = outcome, reason
            return
        place = test.id().partition("(")[2].rstrip(")")
        for number, name in enumerate(self.names):
            if name.startswith(place + ".") and number not in self.told:
                self.tell(start=number, case=name)
                self.end(number, outcome, f"{test.id()}: {reason}", 0.0)

    def addError(self, test: Any, err: Any) -> None:  # noqa: N802
        """An exception nobody expected."""
        self.judge(test, "error", brief(err))

    def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802
        """An assertion that does not hold."""
        self.judge(test, "fail", brief(err))

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: N802
        """A part of a case: the case fails with it."""
        if err is not None:
            self.judge(test, "fail", f"{subtest._subDescription()} {brief(err)}")

    def addSkip(self, test: Any, reason: str) -> None:  # noqa: N802
        """A case that does not apply here; one of whose parts is skipped still counts."""
        if self.verdict is None:
            self.judge(test, "skip", " ".join(reason.split())[:REASON_CHARACTERS])

    def addExpectedFailure(self, test: Any, err: Any) -> None:  # noqa: N802
        """Fails, as its author knows."""
        self.judge(test, "xfail", brief(err))

    def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: N802
        """Passes, against what its author thinks."""
        self.judge(test, "upass", "")


def load(module: str) -> list[unittest.TestCase]:
    """The cases of a test module, as CPython's own driver would run them by default."""
    from test import support  # type: ignore[import-not-found]

    support.use_resources = []  # neither network nor much time and space
    support.verbose = 0
    return list(flatten(unittest.defaultTestLoader.loadTestsFromName(module)))


def main(module: str, first: int) -> None:
    """Run the cases from number `first` on."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    place = tempfile.mkdtemp(prefix="cases-")
    os.chdir(place)
    cases = load(module)
    numbers = {id(case): number for number, case in enumerate(cases)}
    reporter = Reporter(out, numbers, named(module, cases))
    reporter.tell(cases=len(cases))
    reporter.told.update(range(first))
    unittest.TestSuite(cases[first:]).run(reporter)
    for number in range(first, len(cases)):
        if number not in reporter.told:
            reporter.tell(start=number, case=reporter.names[number])
            reporter.end(number, "error", "never ran", 0.0)
    reporter.tell(done=True)
    # Threads and children that a test left behind must not keep us here.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
