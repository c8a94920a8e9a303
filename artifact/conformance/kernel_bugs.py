# SPDX-License-Identifier: GPL-2.0-only
"""A second proof that the cases find bugs: bugs in the library kernel's own network stack.

Each patch of tests/kernel_bugs breaks one thing, and expected.toml beside them says which cases
must find that, and no others: {bug: {condition: [case]}}. A bug build is the port plus one patch:
one object and the link.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from artifact import ui
from artifact.conformance import cases, expect, runner
from artifact.conformance.duts import lkl
from artifact.conformance.duts.conditions import CONDITIONS, Condition
from artifact.errors import ArtifactError
from artifact.kernel import build
from artifact.net.sweep import sweep
from artifact.paths import REPO, shown
from artifact.records import Verdict

DIRECTORY = REPO / "tests" / "kernel_bugs"
FILE = "expected.toml"
SHOWN = 6
Finders = dict[str, list[str]]  # by condition: the cases that find a bug


@dataclass(frozen=True)
class Bug:
    """A patch, and the cases that must find it."""

    name: str
    patch: Path
    expected: Finders


def bugs(directory: Path = DIRECTORY) -> list[Bug]:
    """All bugs; ArtifactError when patches and table do not name the same, or name no case."""
    patches = {file.stem: file for file in sorted(directory.glob("*.patch"))}
    file = directory / FILE
    table = tomllib.loads(file.read_text())
    if odd := sorted(patches.keys() ^ table.keys()):
        raise ArtifactError(f"{shown(file)}: patch or row is missing for {', '.join(odd)}")
    known = {case.id for case in cases.every()}
    for name, row in table.items():
        found = {case for finders in row.values() for case in finders}
        if not found or set(row) != set(CONDITIONS) or found - known:
            raise ArtifactError(
                f"{shown(file)}: {name} needs a list of cases for each of {', '.join(CONDITIONS)}"
            )
    return [Bug(name, patch, table[name]) for name, patch in patches.items()]


def named(names: Sequence[str], directory: Path = DIRECTORY) -> list[Bug]:
    """Some bugs by the begin of their names (none: all); ArtifactError lists the names."""
    every = bugs(directory)
    chosen = [bug for bug in every if not names or any(bug.name.startswith(n) for n in names)]
    if not chosen:
        raise ArtifactError("no such bug", f"choose {', '.join(bug.name for bug in every)}")
    return chosen


def find(bug: Bug, where: Path, report: Callable[[str], None]) -> Finders:
    """Build the kernel with the bug, run all cases, and return those that find it."""
    prefix = build.variant([bug.patch]).prefix
    return {
        name: _unexpected(prefix, condition, where / bug.name / name, report)
        for name, condition in CONDITIONS.items()
    }


def _unexpected(
    prefix: Path, condition: Condition, where: Path, report: Callable[[str], None]
) -> list[str]:
    """Cases that fail on this kernel and not on the one without the bug."""
    stack = replace(lkl.LKL, command=partial(lkl.command, prefix=prefix))
    kind = stack.kind
    log = where / "dut.log"
    session = runner.Session(
        kind.name, lambda: kind.make(log, condition), cases.every(), where, kind.jobs,
        lambda record: report(record.case), condition,
    )  # fmt: skip
    table = expect.load()
    failed = [record for record in session.run() if record.verdict is Verdict.FAIL]
    return [record.case for record in failed if expect.surprises(table, [record])]


def run(names: Sequence[str] = ()) -> None:
    """`invoke conformance-bugs`: all bugs (or those named), and who found them.

    ArtifactError when a case that must find one does not, or another one does.
    """
    chosen = named(names)
    sweep()
    rows, lines = [], []
    with TemporaryDirectory(prefix="uk-bugs-") as where:
        for bug in chosen:
            with ui.progress(f"bug {bug.name}", len(CONDITIONS) * len(cases.every())) as bar:
                found = find(bug, Path(where), lambda case, bar=bar: bar.advance(1, case))  # type: ignore[misc]  # bar=bar binds early
            wrong = differences(bug, found)
            lines += wrong
            rows += [(bug.name, c, "no" if wrong else "yes", _listed(f)) for c, f in found.items()]
    ui.table("kernel bugs", ("bug", "condition", "as expected", "found by"), rows)
    if lines:
        raise ArtifactError(f"{len(lines)} differences, first: {lines[0]}", f"see {FILE}")
    ui.say(f"{len(chosen)} bugs, each found by the cases that must find it, and by no others")


def _listed(finders: Sequence[str]) -> str:
    more = f" and {len(finders) - SHOWN} more" if len(finders) > SHOWN else ""
    return ", ".join(finders[:SHOWN]) + more or "none"


def differences(bug: Bug, found: Finders) -> list[str]:
    """One line for each case that finds the bug unexpectedly, or does not find it."""
    lines = []
    for condition, cases_ in found.items():
        wanted = set(bug.expected[condition])
        lines += [f"{bug.name} ({condition}): {c} does not find it" for c in wanted - set(cases_)]
        lines += [f"{bug.name} ({condition}): {c} finds it, too" for c in set(cases_) - wanted]
    return sorted(lines)
