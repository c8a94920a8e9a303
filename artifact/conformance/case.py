# SPDX-License-Identifier: GPL-2.0-only
"""A case: one requirement of an RFC and the exchange of frames that checks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from artifact.conformance.candidates import candidates
from artifact.conformance.octets import Frame
from artifact.errors import ArtifactError

if TYPE_CHECKING:
    from artifact.conformance.tester import Tester
    from artifact.conformance.wire import Wire

Body = Callable[["Tester"], None]
# A frame of the DUT and the wire it came from -> None: says nothing about this frame; an empty
# text: as required; otherwise the deviation.
Monitor = Callable[[Frame, "Wire"], str | None]


# What a case may need. The first three are features of a DUT (DutInfo.features).
NEEDS = {
    "udp_echo": "the DUT serves UDP echo on port 7",
    "alias": "the DUT has a second address on its first link",
    "forwarding": "the DUT has a second link and forwards",
    "host": "the DUT is no router: what the case asks for holds for hosts only",
    "slow": "the case waits for timers of many seconds",
    "start": "the case sees what the DUT sends from its start on",
}


class Level(StrEnum):
    """How binding the requirement is."""

    MUST = "MUST"
    MUST_NOT = "MUST NOT"
    SHOULD = "SHOULD"
    SHOULD_NOT = "SHOULD NOT"
    MAY = "MAY"
    DESCRIBED = "described"  # normative text without a keyword: RFC 791, 792, 826
    ROBUST = "robustness"  # no crash, no storm; or a rule from a neighbouring document


@dataclass(frozen=True)
class Case:
    """`rfc` is number and section; `words` stand in that section (a test greps them).

    `stimulus` and `expected` say in words what is sent and what must come of it; those of ARP,
    IPv4 and ICMPv4 are in data/candidates.csv. `mutants` are faults of the mutant DUT on each of
    which the case must fail. A `monitor` case is judged over all frames of the run, not only over
    those its own body provokes.
    """

    suite: str
    id: str
    title: str
    rfc: str
    words: str
    level: Level
    body: Body
    mutants: tuple[str, ...]
    needs: frozenset[str] = frozenset()
    monitor: Monitor | None = None
    told: tuple[str, str] = ("", "")

    @property
    def stimulus(self) -> str:
        """What the tester sends."""
        row = candidates().get(self.id)
        return self.told[0] or (row.stimulus if row else "")

    @property
    def expected(self) -> str:
        """What the DUT must do."""
        row = candidates().get(self.id)
        return self.told[1] or (row.expected if row else "")


def _numbers(id: str) -> list[int]:
    return [int(number) for number in id.split("-")[1].split(".")]


class Suite:
    """The cases of one protocol, in the order in which they are listed.

    `layer` orders the suites; `told` has stimulus and expectation in words for cases that are not
    in data/candidates.csv. A module may add to the suite of another one.
    """

    def __init__(
        self, name: str, layer: float, told: Mapping[str, tuple[str, str]] | None = None
    ) -> None:
        self.name = name
        self.layer = layer
        self._told = told or {}
        self.cases: dict[str, Case] = {}

    def sort(self) -> None:
        """By the numbers in their ids."""
        self.cases = {key: self.cases[key] for key in sorted(self.cases, key=_numbers)}

    def add(
        self,
        id: str,
        title: str,
        rfc: str,
        words: str,
        level: Level,
        body: Body,
        *mutants: str,
        needs: str = "",
        monitor: Monitor | None = None,
    ) -> None:
        """Add a case; an id that is taken is a defect of the suite."""
        if id in self.cases:
            raise ArtifactError(f"case {id} is defined twice")
        wanted, told = frozenset(needs.split()), self._told.get(id, ("", ""))
        if unknown := wanted - NEEDS.keys():
            raise ArtifactError(f"case {id} needs {', '.join(sorted(unknown))}", "see case.NEEDS")
        self.cases[id] = Case(
            self.name, id, title, rfc, words, level, body, mutants, wanted, monitor, told
        )

    def case(
        self,
        id: str,
        title: str,
        rfc: str,
        words: str,
        level: Level,
        *mutants: str,
        needs: str = "",
    ) -> Callable[[Body], Body]:
        """Decorator: the function is the body of a new case."""

        def register(body: Body) -> Body:
            self.add(id, title, rfc, words, level, body, *mutants, needs=needs)
            return body

        return register
