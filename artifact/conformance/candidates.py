# SPDX-License-Identifier: GPL-2.0-only
"""The list of candidates that the cases were made from, and those that are no case.

data/candidates.csv says where it comes from and what its letters mean.
"""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from artifact.errors import ArtifactError
from artifact.paths import shown

DATA = Path(__file__).with_name("data")
CANDIDATES, NOT_CASES = DATA / "candidates.csv", DATA / "not_cases.toml"
AGAIN = ("same", "as above")  # how a row says that its stimulus is that of the row above


@dataclass(frozen=True)
class Candidate:
    """One row: `stimulus` and `expected` are sentences for a reader."""

    id: str
    stimulus: str
    expected: str
    note: str


@cache
def candidates(file: Path = CANDIDATES) -> dict[str, Candidate]:
    """All candidates by id; ArtifactError for a row that is incomplete or there twice."""
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    found: dict[str, Candidate] = {}
    above = ""
    for row in csv.DictReader(lines):
        key, stimulus, expected = row.get("id"), row.get("stimulus"), row.get("expected")
        if not (key and stimulus and expected) or key in found:
            raise ArtifactError(f"{shown(file)}: row {key or row} is incomplete or there twice")
        above = above if stimulus in AGAIN else stimulus
        found[key] = Candidate(key, above, expected, row.get("note") or "")
    return found


def not_cases(file: Path = NOT_CASES) -> dict[str, str]:
    """Candidates that are no case, with the reason; ArtifactError for one without."""
    table = tomllib.loads(file.read_text())
    for key, reason in table.items():
        if not isinstance(reason, str) or len(reason.split()) < 4:
            raise ArtifactError(f"{shown(file)}: {key} needs a reason")
    return table


def uncovered(known: set[str], listed: dict[str, Candidate], excused: dict[str, str]) -> list[str]:
    """One line for each candidate that is neither a case nor excused, or both, and for each
    excuse of something that is no candidate.
    """
    lines = [f"{key} is neither a case nor excused" for key in listed.keys() - known - set(excused)]
    lines += [f"{key} is a case and excused" for key in known & set(excused)]
    lines += [f"{key} is excused but no candidate" for key in set(excused) - listed.keys()]
    return sorted(lines)
