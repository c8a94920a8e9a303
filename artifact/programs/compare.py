# SPDX-License-Identifier: GPL-2.0-only
"""Results of one system against those of the host, with the differences that are known.

The table of differences (expect.toml) is checked in both directions: a difference that it
does not have is an error, and so is one that it has and that is not there.
"""

import fnmatch
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from artifact.errors import ArtifactError
from artifact.paths import shown
from artifact.programs.cases import Outcome, Result

FILE = Path(__file__).with_name("expect.toml")
# Not passing, yet nothing that is wrong: the case does not apply, or its author knows.
NEUTRAL = (Outcome.SKIP, Outcome.XFAIL)


@dataclass(frozen=True)
class Difference:
    """Cases (a name, or a pattern with *) that do not pass in a system, and why.

    Outcomes with `pass` among them are those of a case that fails now and then.
    """

    pattern: str
    outcomes: tuple[Outcome, ...]
    reason: str

    def covers(self, case: str) -> bool:
        """Whether the row is about this case."""
        return fnmatch.fnmatchcase(case, self.pattern)


def load(program: str, system: str, file: Path = FILE) -> list[Difference]:
    """The rows of a program on a system; ArtifactError for a row that says nothing."""
    try:
        raw = tomllib.loads(file.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ArtifactError(f"{shown(file)}: {error}") from error
    rows = raw.get(program, {}).get(system, {})
    return [_row(file, f"{program}.{system}.{key}", key, row) for key, row in rows.items()]


def _row(file: Path, place: str, key: str, row: object) -> Difference:
    if not isinstance(row, dict) or set(row) != {"outcome", "reason"} or not row["reason"]:
        raise ArtifactError(f"{shown(file)}: {place} needs outcome and reason, nothing else")
    words = row["outcome"] if isinstance(row["outcome"], list) else [row["outcome"]]
    try:
        outcomes = tuple(Outcome(word) for word in words)
    except ValueError:
        named = ", ".join(Outcome)
        raise ArtifactError(f"{shown(file)}: {place} has no such outcome", f"use {named}") from None
    if outcomes in ((), (Outcome.PASS,)):
        raise ArtifactError(f"{shown(file)}: {place}: what passes needs no row")
    return Difference(key, outcomes, str(row["reason"]))


@dataclass(frozen=True)
class Comparison:
    """Of the cases that pass on the host: how many pass here, and what is not as written."""

    host_passed: int
    passed: int
    differences: Mapping[str, Result]
    surprises: Sequence[str] = field(default=())

    @property
    def share(self) -> float:
        """Part of the host's passing cases that pass here, between 0 and 1."""
        if not self.host_passed:
            raise ArtifactError("no case passed on the host: nothing to compare with")
        return self.passed / self.host_passed

    def __str__(self) -> str:
        return (
            f"of {self.host_passed} cases that pass on the host, {self.passed} pass here"
            f" ({self.share:.1%}); {len(self.surprises)} not as expected"
        )


def with_host(
    host: Sequence[Result], here: Sequence[Result], table: Sequence[Difference]
) -> Comparison:
    """Compare on the cases that pass on the host."""
    by_case = {result.case: result for result in here}
    wanted = [result.case for result in host if result.outcome is Outcome.PASS]
    absent = Result(case="", outcome=Outcome.ERROR, seconds=0.0, reason="no result")
    found = {case: by_case.get(case, absent) for case in wanted}
    different = {case: r for case, r in found.items() if r.outcome is not Outcome.PASS}
    return Comparison(len(wanted), len(wanted) - len(different), different, surprises(found, table))


def alone(results: Sequence[Result], table: Sequence[Difference]) -> list[str]:
    """The same check where there is nothing to compare with: of the host itself."""
    return surprises({r.case: r for r in results if r.outcome not in NEUTRAL}, table)


def surprises(found: Mapping[str, Result], table: Sequence[Difference]) -> list[str]:
    """One line for each case that is not as the table says, and each row without a case."""
    lines = []
    for case, result in found.items():
        row = next((row for row in table if row.covers(case)), None)
        wanted = row.outcomes if row else (Outcome.PASS,)
        if result.outcome not in wanted:
            named = " or ".join(wanted)
            lines.append(f"{case}: expected {named}, is {result.outcome}: {result.reason}")
    for row in table:
        if Outcome.PASS not in row.outcomes and not any(row.covers(case) for case in found):
            lines.append(f"{row.pattern}: expected {' or '.join(row.outcomes)}, has no such case")
    return lines
