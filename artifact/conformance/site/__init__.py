# SPDX-License-Identifier: GPL-2.0-only
"""The verdicts of a run as a site of static pages: a page per case, a page per stack, an index.

It loads nothing from anywhere and works from a file: links are relative, the script of the index
reads the page itself. It stands in the run's directory, beside the captures it links to.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from artifact.conformance import cases, expect, flips
from artifact.conformance.case import Case
from artifact.conformance.duts.conditions import EVERY
from artifact.errors import ArtifactError
from artifact.records import Run, Verdict, VerdictRecord, latest_verdicts

NAME = "conformance"  # of the directory
HERE = Path(__file__).parent
LETTERS = {
    Verdict.PASS: "P", Verdict.FAIL: "F", Verdict.INCONCLUSIVE: "I", Verdict.ERROR: "E",
    Verdict.NO_TEST: "-",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A stack in a condition."""

    dut: str
    mode: str

    @property
    def page(self) -> str:
        """File name of its page."""
        return f"{self.dut}-{self.mode}.html"

    @property
    def title(self) -> str:
        """How it is called in headings."""
        return self.dut if self.mode == EVERY[0] else f"{self.dut} ({self.mode})"


@dataclass(frozen=True)
class Content:
    """What the pages are made of."""

    run: Run
    cases: Sequence[Case]
    columns: Sequence[Column]
    verdicts: Mapping[tuple[str, Column], VerdictRecord]
    duts: Mapping[str, Mapping[str, Any]]
    flips: Sequence[flips.Flip]
    expected: expect.Table

    @classmethod
    def of(cls, run: Run) -> Content:
        """Read a run; ArtifactError when it has no verdicts."""
        records = latest_verdicts(run.verdicts())
        if not records:
            raise ArtifactError(f"run {run.id} has no conformance verdicts")
        known = {case.id: case for case in cases.every()}
        shown = [r for r in records if r.mode in EVERY and r.case in known]
        columns = list(dict.fromkeys(Column(r.dut, r.mode) for r in shown))
        verdicts = {(r.case, Column(r.dut, r.mode)): r for r in shown}
        present = {case for case, _ in verdicts}
        file = run.dir / "duts.json"
        return cls(
            run, [case for case in known.values() if case.id in present], columns, verdicts,
            json.loads(file.read_text()) if file.exists() else {}, flips.flips(records),
            expect.load(),
        )  # fmt: skip

    def evidence(self, record: VerdictRecord) -> str:
        """Why this verdict is no surprise; empty when it is one or when it is a pass."""
        keys = ((record.dut, record.mode, record.case), (record.dut, "", record.case))
        found = next((self.expected[key] for key in keys if key in self.expected), None)
        return found.evidence if found and found.verdict is record.verdict else ""

    def counts(self, column: Column) -> Counter[Verdict]:
        """How many cases ended how."""
        return Counter(r.verdict for (_, where), r in self.verdicts.items() if where == column)

    def of_case(self, case: Case) -> list[tuple[Column, VerdictRecord]]:
        """The verdicts of a case."""
        pairs = [(column, self.verdicts.get((case.id, column))) for column in self.columns]
        return [(column, record) for column, record in pairs if record]

    def of_column(self, column: Column) -> list[tuple[Case, VerdictRecord]]:
        """The verdicts of a stack in a condition."""
        pairs = [(case, self.verdicts.get((case.id, column))) for case in self.cases]
        return [(case, record) for case, record in pairs if record]


def write(run: Run, directory: Path | None = None) -> Path:
    """Write the site (default: into the run's directory); the path of its index."""
    content = Content.of(run)
    target = directory or run.dir / NAME
    shutil.rmtree(target, ignore_errors=True)
    for name in ("case", "stack"):
        (target / name).mkdir(parents=True)
    for name in ("site.css", "site.js"):
        shutil.copyfile(HERE / name, target / name)
    pages = _environment(content, target)
    _page(pages, target / "index.html", "index.html", root="")
    for case in content.cases:
        _page(pages, target / "case" / f"{case.id}.html", "case.html", root="../", case=case)
    for column in content.columns:
        file = target / "stack" / column.page
        _page(pages, file, "stack.html", root="../", column=column)
    return target / "index.html"


def _environment(content: Content, target: Path) -> Environment:
    pages = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    pages.globals.update(
        content=content, Verdict=Verdict, letters=LETTERS, suites=_suites(content.cases),
        levels=sorted({case.level.value for case in content.cases}),
        pcap=_pcap(content.run, target),
    )  # fmt: skip
    return pages


def _pcap(run: Run, target: Path) -> str:
    """From the site's index to the directory that captures are named relative to."""
    try:
        depth = len(target.resolve().relative_to(run.dir.resolve()).parts)
    except ValueError:
        return (
            f"{run.dir.resolve()}/"  # the site stands elsewhere: the captures stay where they are
        )
    return "../" * depth


def _suites(every: Iterable[Case]) -> list[str]:
    return list(dict.fromkeys(case.suite for case in every))


def _page(pages: Environment, file: Path, template: str, **values: object) -> None:
    file.write_text(pages.get_template(template).render(**values), encoding="utf-8")
