# SPDX-License-Identifier: GPL-2.0-only
"""Do two stacks behave alike, case by case? The claim that the library kernel is Linux.

And that a container's library kernel (runu) is the same one.

A difference is explained in differences.toml, with the place that causes it, or it is a failure;
an explanation of a difference that is not there is one, too.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from artifact.conformance import cases, duts
from artifact.conformance.expect import NEEDS
from artifact.errors import ArtifactError
from artifact.paths import shown
from artifact.records import Verdict, VerdictRecord

FILE = Path(__file__).with_name("differences.toml")
LIBRARY = "lkl"
CONTAINER = "runu"
REFERENCES = ("linux", "linux-uml", "linux-qemu")  # Linux, in whatever form
PAIRS = (*((LIBRARY, name) for name in REFERENCES), (CONTAINER, LIBRARY))
Vector = dict[tuple[str, str], Verdict]  # by condition and case
Explained = Mapping[tuple[str, str, str], tuple[Verdict, Verdict, str]]  # by DUT, reference, case


@dataclass(frozen=True)
class Comparison:
    """What came of comparing a DUT with a reference. Lines are for a reader."""

    dut: str
    reference: str
    compared: int
    explained: list[str]
    unexplained: list[str]
    stale: list[str]

    @property
    def equal(self) -> int:
        """Verdicts that are the same."""
        return self.compared - len(self.explained) - len(self.unexplained)

    @property
    def holds(self) -> bool:
        """Whether nothing is left to explain."""
        return bool(self.compared) and not self.unexplained and not self.stale

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.dut} and {self.reference}: {self.equal} of {self.compared} verdicts equal, "
            f"{len(self.explained)} differences explained, {len(self.unexplained)} not"
        )


def load(file: Path = FILE) -> Explained:
    """The table; ArtifactError for a name that is none or a row that explains nothing."""
    try:
        raw = tomllib.loads(file.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ArtifactError(f"{shown(file)}: {error}") from error
    known = {case.id for case in cases.every()}
    table = {}
    for dut, references in raw.items():
        for reference, rows in references.items():
            for case, row in rows.items():
                place = f"{shown(file)}: [{dut}.{reference}.{case}]"
                if not {dut, reference} <= duts.NAMES or case not in known:
                    raise ArtifactError(f"{place} names no DUT or no case")
                table[dut, reference, case] = _row(place, row)
    return table


def _row(place: str, row: Mapping[str, object]) -> tuple[Verdict, Verdict, str]:
    verdicts, evidence = row.get("verdicts"), row.get("evidence")
    if not isinstance(verdicts, list) or len(verdicts) != 2 or not evidence:
        raise ArtifactError(f"{place} needs verdicts (of both) and evidence")
    try:
        return Verdict(verdicts[0]), Verdict(verdicts[1]), str(evidence)
    except ValueError as error:
        raise ArtifactError(f"{place}: {error}") from error


def vector(records: Iterable[VerdictRecord], dut: str) -> Vector:
    """The verdicts of a DUT by condition and case, without cases that were not run on it."""
    return {(r.mode, r.case): r.verdict for r in records if r.dut == dut and _executed(r)}


def _executed(record: VerdictRecord) -> bool:
    lacking = record.verdict is Verdict.NO_TEST and record.reason.startswith(NEEDS)
    return record.pcap is not None and not lacking


def compare(
    records: Iterable[VerdictRecord], dut: str, reference: str, table: Explained
) -> Comparison:
    """Compare what both were tested with, in the same condition."""
    every = list(records)
    ours, theirs = vector(every, dut), vector(every, reference)
    common = sorted(ours.keys() & theirs.keys())
    explained, unexplained, met = [], [], set()
    for mode, case in common:
        one, other = ours[mode, case], theirs[mode, case]
        if one is other:
            continue
        why = table.get((dut, reference, case))
        line = f"{case} ({mode}): {dut} {one}, {reference} {other}"
        if why and why[:2] == (one, other):
            explained.append(f"{line}: {why[2]}")
            met.add(case)
        else:
            unexplained.append(line)
    tested = {case for _, case in common}
    stale = [
        f"{case}: the difference that is explained does not show"
        for d, r, case in table
        if (d, r) == (dut, reference) and case in tested - met
    ]
    return Comparison(dut, reference, len(common), explained, unexplained, stale)


def with_reference(records: Iterable[VerdictRecord]) -> list[Comparison]:
    """The library kernel with every form of Linux that was tested beside it, and a container's
    with the library kernel.
    """
    every = list(records)
    there = {record.dut for record in every if record.pcap is not None}
    pairs = [pair for pair in PAIRS if there.issuperset(pair)]
    table = load() if pairs else {}
    return [compare(every, *pair, table) for pair in pairs]
