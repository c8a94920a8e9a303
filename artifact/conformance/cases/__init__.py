# SPDX-License-Identifier: GPL-2.0-only
"""The suites: one file per protocol, added to the table here."""

from artifact.conformance.case import Case, Suite
from artifact.conformance.cases import arp, icmpv4, ipv4
from artifact.errors import ArtifactError

SUITES: dict[str, Suite] = {s.name: s for s in (arp.SUITE, ipv4.SUITE, icmpv4.SUITE)}


def every() -> list[Case]:
    """All cases of all suites."""
    return [case for suite in SUITES.values() for case in suite.cases.values()]


def find(name: str) -> Case:
    """A case by its id; ArtifactError lists the ids that look like it."""
    known = {case.id.lower(): case for case in every()}
    if found := known.get(name.lower()):
        return found
    near = [case.id for case in every() if case.id.lower().startswith(name.lower()[:4])]
    listed = ", ".join(near or [case.id for case in every()])
    raise ArtifactError(f"unknown case {name!r}", f"choose {listed}")
