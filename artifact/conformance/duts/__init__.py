# SPDX-License-Identifier: GPL-2.0-only
"""The devices under test, by name. A stack is one module here and one line below."""

from artifact.conformance.duts.base import Dut, Kind
from artifact.conformance.duts.gvisor import GVISOR
from artifact.conformance.duts.linux import Linux
from artifact.conformance.duts.lkl import LKL, LKL_TAP
from artifact.conformance.duts.lwip import LWIP
from artifact.conformance.duts.lwipv6 import LWIPV6
from artifact.conformance.duts.machines import QEMU, UML
from artifact.conformance.duts.mutant import Mutant
from artifact.conformance.duts.ns3 import NS3
from artifact.conformance.duts.pytcp import PYTCP
from artifact.conformance.duts.runsc import Runsc
from artifact.conformance.duts.runu import Runu
from artifact.conformance.duts.seastar import SEASTAR
from artifact.errors import ArtifactError

__all__ = ["DUTS", "NAMES", "REAL", "Dut", "Kind", "Mutant", "find"]

STACKS = (LKL, LKL_TAP, QEMU, UML, LWIP, LWIPV6, GVISOR, NS3, SEASTAR, PYTCP)
KINDS = (
    Kind.of(Linux),
    *(stack.kind for stack in STACKS),
    Kind.of(Runsc),
    Kind.of(Runu),
    Kind.of(Mutant),
)
DUTS: dict[str, Kind] = {kind.name: kind for kind in KINDS}
NAMES = frozenset(DUTS)
REAL = tuple(name for name in DUTS if name != Mutant.NAME)


def find(name: str) -> Kind:
    """A DUT by name; ArtifactError lists the names."""
    try:
        return DUTS[name]
    except KeyError:
        raise ArtifactError(f"unknown DUT {name!r}", f"choose {', '.join(DUTS)}") from None
