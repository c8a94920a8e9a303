# SPDX-License-Identifier: GPL-2.0-only
"""The devices under test, by name. A stack is one module here and one line below."""

from artifact.conformance.duts.base import Dut
from artifact.conformance.duts.linux import Linux
from artifact.conformance.duts.lkl import Lkl
from artifact.conformance.duts.lwip import Lwip
from artifact.conformance.duts.mutant import Mutant
from artifact.errors import ArtifactError

DUTS: dict[str, type[Dut]] = {kind.NAME: kind for kind in (Linux, Lwip, Lkl, Mutant)}
NAMES = frozenset(DUTS)


def find(name: str) -> type[Dut]:
    """A DUT by name; ArtifactError lists the names."""
    try:
        return DUTS[name]
    except KeyError:
        raise ArtifactError(f"unknown DUT {name!r}", f"choose {', '.join(DUTS)}") from None
