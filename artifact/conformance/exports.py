# SPDX-License-Identifier: GPL-2.0-only
"""Verdicts for other programs: JUnit XML for CI, CSV for spreadsheets.

JUnit has four outcomes for our five: pass; fail and inconclusive are failures (the type says
which); error is an error; no_test is skipped.
"""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

from artifact.records import Verdict, VerdictRecord, write_atomically

ELEMENTS = {
    Verdict.FAIL: "failure",
    Verdict.INCONCLUSIVE: "failure",
    Verdict.ERROR: "error",
    Verdict.NO_TEST: "skipped",
}
COLUMNS = tuple(VerdictRecord.model_fields)


def junit(records: Sequence[VerdictRecord]) -> str:
    """One testsuite for each DUT, condition and suite."""
    root = ET.Element("testsuites", name="conformance")
    groups: dict[tuple[str, str, str], list[VerdictRecord]] = {}
    for record in records:
        groups.setdefault((record.dut, record.mode, record.suite), []).append(record)
    for key, group in groups.items():
        kinds = [ELEMENTS.get(record.verdict, "") for record in group]
        suite = ET.SubElement(
            root, "testsuite", name=".".join(key), tests=str(len(group)),
            failures=str(kinds.count("failure")), errors=str(kinds.count("error")),
            skipped=str(kinds.count("skipped")), time=f"{sum(r.seconds for r in group):.3f}",
        )  # fmt: skip
        for record in group:
            _testcase(suite, ".".join(key), record)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _testcase(suite: ET.Element, name: str, record: VerdictRecord) -> None:
    case = ET.SubElement(
        suite, "testcase", classname=name, name=record.case, time=f"{record.seconds:.3f}"
    )
    if record.verdict in ELEMENTS:
        ended = ET.SubElement(case, ELEMENTS[record.verdict], message=_printable(record.reason))
        if record.verdict is not Verdict.NO_TEST:
            ended.set("type", record.verdict.value)


def _printable(text: str) -> str:
    """XML cannot hold most control characters, not even escaped."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def as_csv(records: Sequence[VerdictRecord]) -> str:
    """One line for each record, columns as the fields of VerdictRecord."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record in records:
        row = record.model_dump()
        writer.writerow(["" if row[name] is None else row[name] for name in COLUMNS])
    return text.getvalue()


def write(records: Sequence[VerdictRecord], junit_file: Path | None, csv_file: Path | None) -> None:
    """Write what was asked for."""
    if junit_file:
        write_atomically(junit_file, junit(records))
    if csv_file:
        write_atomically(csv_file, as_csv(records))
