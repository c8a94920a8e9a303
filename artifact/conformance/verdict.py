# SPDX-License-Identifier: GPL-2.0-only
"""How a case ends: it returns (pass) or raises one of these.

    pass          the requirement was seen to hold
    fail          a deviation was observed, or an answer that must come did not come in
                  any of several attempts although the DUT was proven alive
    inconclusive  nothing can be said: a precondition did not hold
    error         the test system itself broke
    no_test       not applicable to this DUT, or it cannot be run here

The words are those of ISO 9646 and of the paper's table.
"""

from dataclasses import dataclass

from artifact.records import Verdict


class Ended(Exception):
    """A case ended before its last line; the text is the reason in the record."""


class Deviation(Ended):
    """The DUT did something the requirement forbids."""


class NoAnswer(Ended):
    """The DUT did not do something it must do. A failure after several attempts."""


class Undecided(Ended):
    """A precondition of the case does not hold on this DUT."""


class NotApplicable(Ended):
    """The requirement is about something this DUT does not have."""


@dataclass(frozen=True)
class Outcome:
    """What one execution of a case came to."""

    verdict: Verdict
    reason: str


def equal(what: str, expected: bytes, seen: bytes) -> None:
    """Octets must be equal; the reason shows both."""
    if expected != seen:
        raise Deviation(f"{what}: expected {spaced(expected)}, seen {spaced(seen)}")


def spaced(octets: bytes, limit: int = 48) -> str:
    """Octets for a reason, cut when they are many."""
    shown = octets[:limit].hex(" ") or "no octets"
    return f"{shown} ... ({len(octets)} octets)" if len(octets) > limit else shown
