# SPDX-License-Identifier: GPL-2.0-only
"""Known deviations of the stacks, each with its evidence, compared in both directions."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from artifact.conformance import cases, duts
from artifact.conformance.duts.conditions import CONDITIONS
from artifact.errors import ArtifactError
from artifact.paths import shown
from artifact.records import Verdict, VerdictRecord

FILE = Path(__file__).with_name("expect.toml")


@dataclass(frozen=True)
class Expectation:
    """What is expected instead of pass, and why."""

    verdict: Verdict
    evidence: str


# By DUT, condition (empty: in any) and case.
Table = Mapping[tuple[str, str, str], Expectation]
LIKE = "like"
NEEDS = "needs "  # how the reason begins when a DUT lacks what a case needs


def load(file: Path = FILE) -> Table:
    """The table; ArtifactError for anything in it that names nothing."""
    try:
        raw = tomllib.loads(file.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ArtifactError(f"{shown(file)}: {error}") from error
    known = {case.id for case in cases.every()}
    table: dict[tuple[str, str, str], Expectation] = {}
    for dut, rows in raw.items():
        if dut not in duts.NAMES:
            raise ArtifactError(f"{shown(file)}: unknown DUT {dut!r}")
        if (other := rows.pop(LIKE, dut)) not in raw:
            raise ArtifactError(f"{shown(file)}: [{dut}] is like {other!r}, which is not here")
        table |= {(dut, *key[1:]): found for key, found in table.items() if key[0] == other}
        for key, row in rows.items():
            mode, group = (key, row) if key in CONDITIONS else ("", {key: row})
            for case, entry in group.items():
                if case not in known:
                    raise ArtifactError(f"{shown(file)}: [{dut}] unknown case {case!r}")
                table[dut, mode, case] = _expectation(file, f"{dut}.{case}", entry)
    return table


def _expectation(file: Path, place: str, row: object) -> Expectation:
    if not isinstance(row, dict) or set(row) != {"verdict", "evidence"} or not row["evidence"]:
        raise ArtifactError(f"{shown(file)}: {place} needs verdict and evidence, nothing else")
    try:
        return Expectation(Verdict(row["verdict"]), str(row["evidence"]))
    except ValueError:
        named = ", ".join(Verdict)
        raise ArtifactError(f"{shown(file)}: {place} has no such verdict", f"use {named}") from None


def expected(table: Table, record: VerdictRecord) -> Verdict:
    """The verdict expected of this case on this DUT."""
    found = table.get((record.dut, record.mode, record.case))
    found = found or table.get((record.dut, "", record.case))
    return found.verdict if found else Verdict.PASS


def surprises(table: Table, records: Iterable[VerdictRecord]) -> list[str]:
    """One line for each verdict that is not the expected one."""
    lines = []
    for record in records:
        if record.verdict is Verdict.NO_TEST and record.reason.startswith(NEEDS):
            continue  # what a DUT has is in its description, not in this table
        wanted = expected(table, record)
        if record.verdict is not wanted:
            lines.append(
                f"{record.dut} {record.case} ({record.mode}): expected {wanted}, "
                f"is {record.verdict}: {record.reason}"
            )
    return lines


def judged(records: Iterable[VerdictRecord]) -> list[VerdictRecord]:
    """Those that the table is about: of stacks that were here, in one of the two conditions, and
    not of cases that do not apply to a stack nobody has described.
    """
    return [
        record
        for record in records
        if record.pcap is not None
        and record.mode in CONDITIONS
        and (record.dut in duts.NAMES or record.verdict is not Verdict.NO_TEST)
    ]
