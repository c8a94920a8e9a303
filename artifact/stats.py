# SPDX-License-Identifier: GPL-2.0-only
"""Medians with a seeded percentile-bootstrap interval, and ratios within a round.

Rules (design.md section 6): no outlier is removed, means of growing logs do not exist, and
below six samples there is no interval: the points themselves are all that can be said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from artifact.errors import ArtifactError

RESAMPLES = 10_000
CONFIDENCE = 0.95
SEED = 20210416  # any constant: the same samples give the same interval
FEWEST_FOR_INTERVAL = 6


@dataclass(frozen=True)
class Summary:
    """Median of `points`; `low` and `high` are null below FEWEST_FOR_INTERVAL points."""

    points: tuple[float, ...]
    median: float
    low: float | None
    high: float | None

    @property
    def n(self) -> int:
        """Number of samples."""
        return len(self.points)


def bootstrap(points: Sequence[float]) -> tuple[float, float]:
    """95 % percentile-bootstrap interval of the median."""
    values = np.asarray(points, dtype=float)
    draws = np.random.default_rng(SEED).integers(0, len(values), (RESAMPLES, len(values)))
    medians = np.median(values[draws], axis=1)
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(medians, [tail, 100 - tail])
    return float(low), float(high)


def summarise(points: Sequence[float]) -> Summary:
    """Median and, from six points on, its interval."""
    if not points:
        raise ArtifactError("no samples to summarise")
    values = tuple(float(point) for point in points)
    low, high = bootstrap(values) if len(values) >= FEWEST_FOR_INTERVAL else (None, None)
    return Summary(values, float(np.median(values)), low, high)


def round_ratios(over: Mapping[int, float], under: Mapping[int, float]) -> list[float]:
    """over/under for each round that has both, in order of rounds: drift hits both alike."""
    common = sorted(over.keys() & under.keys())
    if any(under[number] == 0 for number in common):
        raise ArtifactError("a ratio's denominator is zero", "look at the samples of that round")
    return [over[number] / under[number] for number in common]
