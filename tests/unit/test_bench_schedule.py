# SPDX-License-Identifier: GPL-2.0-only
"""Rounds: each runs everybody once, warm-up first, in an order that the seed decides."""

from artifact.bench.schedule import Turn, order, turns

SYSTEMS = ("native", "runc", "crun", "null")


def plan(seed: int = 1, rounds: int = 6, experiment: str = "coldstart") -> list[Turn[str]]:
    return turns(SYSTEMS, rounds=rounds, warmup=2, seed=seed, experiment=experiment)


def test_each_round_has_every_system_once() -> None:
    rounds: dict[int, list[str]] = {}
    for turn in plan():
        rounds.setdefault(turn.round, []).append(turn.subject)
    assert list(rounds) == list(range(8))
    assert all(sorted(names) == sorted(SYSTEMS) for names in rounds.values())


def test_warm_up_comes_first_and_is_flagged() -> None:
    assert {turn.round for turn in plan() if turn.warmup} == {0, 1}


def test_the_same_seed_gives_the_same_order() -> None:
    assert plan(seed=5) == plan(seed=5)


def test_another_seed_or_experiment_gives_another_order() -> None:
    assert plan(seed=5) != plan(seed=6)
    assert plan() != plan(experiment="netperf")


def test_the_order_varies_between_rounds() -> None:
    assert len({str(names) for names in order(plan(rounds=20))}) > 5


def test_positions_count_within_the_round() -> None:
    assert [turn.position for turn in plan()] == [*range(len(SYSTEMS))] * 8
