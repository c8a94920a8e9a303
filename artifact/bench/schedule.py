# SPDX-License-Identifier: GPL-2.0-only
"""Who is measured when: rounds that run every subject once, in seeded random order.

Randomised complete blocks: drift of the machine hits all subjects of a round alike, and
ratios are taken within a round. Warm-up rounds come first, are stored and flagged.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import JsonValue

SubjectT = TypeVar("SubjectT")


@dataclass(frozen=True)
class Turn(Generic[SubjectT]):
    """One measurement: `round` counts from 0 with the warm-up, `position` within the round."""

    round: int
    warmup: bool
    position: int
    subject: SubjectT


def turns(
    subjects: Sequence[SubjectT], *, rounds: int, warmup: int, seed: int, experiment: str
) -> list[Turn[SubjectT]]:
    """All measurements in order. The same arguments give the same order, so that an
    interrupted experiment continues with the rounds it would have had.
    """
    shuffler = random.Random(f"{experiment}:{seed}")
    plan = []
    for number in range(warmup + rounds):
        order = list(subjects)
        shuffler.shuffle(order)
        plan += [Turn(number, number < warmup, place, who) for place, who in enumerate(order)]
    return plan


def order(plan: Sequence[Turn[SubjectT]]) -> list[JsonValue]:
    """Who comes when, one list of names per round, for the record of the set-up."""
    rounds: dict[int, list[JsonValue]] = {}
    for turn in plan:
        rounds.setdefault(turn.round, []).append(str(turn.subject))
    return [*rounds.values()]
