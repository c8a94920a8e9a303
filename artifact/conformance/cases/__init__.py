# SPDX-License-Identifier: GPL-2.0-only
"""The suites. A module here that has a SUITE is found by itself: a new protocol is one file."""

import pkgutil
from importlib import import_module

from artifact.conformance.case import Case, Suite
from artifact.errors import ArtifactError


def _found() -> dict[str, Suite]:
    """Every suite that a module of this package defines or adds to, lower layers first."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [import_module(f"{__name__}.{name}") for name in names]
    suites = {module.SUITE for module in modules if hasattr(module, "SUITE")}
    for suite in suites:
        suite.sort()
    return {suite.name: suite for suite in sorted(suites, key=lambda s: (s.layer, s.name))}


SUITES: dict[str, Suite] = _found()


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
