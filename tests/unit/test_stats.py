# SPDX-License-Identifier: GPL-2.0-only
"""Medians, intervals, ratios within rounds."""

import random

import pytest

from artifact.errors import ArtifactError
from artifact.stats import bootstrap, round_ratios, summarise


def test_below_six_points_there_is_no_interval() -> None:
    summary = summarise([5, 1, 3, 2, 4])
    assert (summary.n, summary.median, summary.low, summary.high) == (5, 3.0, None, None)
    assert summarise([1, 2, 3, 4, 5, 6]).low is not None


def test_the_interval_contains_the_median_and_is_the_same_every_time() -> None:
    noise = random.Random(3)
    points = [noise.gauss(10, 1) for _ in range(25)]
    summary = summarise(points)
    assert summary.low is not None
    assert summary.high is not None
    assert summary.low <= summary.median <= summary.high
    assert bootstrap(points) == (summary.low, summary.high)


def test_constant_samples_have_an_interval_of_no_width() -> None:
    assert bootstrap([2.0] * 8) == (2.0, 2.0)


def test_the_interval_covers_the_true_median_about_as_often_as_it_says() -> None:
    noise = random.Random(11)
    hits = 0
    for _ in range(100):
        low, high = bootstrap([noise.gauss(0, 1) for _ in range(20)])
        hits += low <= 0 <= high
    assert 88 <= hits <= 100  # 95 nominal; the count for this seed never changes


def test_nothing_cannot_be_summarised() -> None:
    with pytest.raises(ArtifactError, match="no samples"):
        summarise([])


def test_ratios_pair_rounds_and_ignore_lone_ones() -> None:
    assert round_ratios({2: 9.0, 0: 4.0, 7: 1.0}, {0: 2.0, 2: 3.0, 5: 1.0}) == [2.0, 3.0]
    with pytest.raises(ArtifactError, match="zero"):
        round_ratios({0: 1.0}, {0: 0.0})
