# SPDX-License-Identifier: GPL-2.0-only
"""The goals of this project for programs on the library kernel, judged from samples.

They are not the paper's: it publishes no such numbers. Ratios and differences are to native,
taken within a round.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from artifact import stats, styles
from artifact.records import SampleRecord

EXPERIMENT = "programs"
NATIVE = "native"
UKONTAINER = "ukontainer"
TAP = "ukontainer-tap"


@dataclass(frozen=True)
class Measure:
    """One kind of sample of the experiment: what is measured where; libc may be empty."""

    workload: str
    metric: str
    system: str
    libc: str = ""

    def of(self, system: str) -> "Measure":
        """The same of another system."""
        return Measure(self.workload, self.metric, system, self.libc)

    def rounds(self, samples: Sequence[SampleRecord]) -> dict[int, float]:
        """Values by round, without the warm-up."""
        wanted = (EXPERIMENT, *vars(self).values(), False)
        return {
            s.round: s.value
            for s in samples
            if (s.experiment, s.workload, s.metric, s.system, s.params.get("libc", ""), s.warmup)
            == wanted
        }

    def ratios(self, samples: Sequence[SampleRecord]) -> list[float]:
        """Value over native's, round by round."""
        return stats.round_ratios(self.rounds(samples), self.of(NATIVE).rounds(samples))

    def surplus(self, samples: Sequence[SampleRecord]) -> list[float]:
        """What it is more than native's, round by round."""
        mine, native = self.rounds(samples), self.of(NATIVE).rounds(samples)
        return [mine[number] - native[number] for number in sorted(mine.keys() & native.keys())]


@dataclass(frozen=True)
class Goal:
    """A limit for the median of a ratio, of a value, or of the surplus over native."""

    workload: str
    metric: str
    limit: float
    kind: Literal["ratio", "value", "surplus"] = "ratio"
    at_least: bool = False
    systems: tuple[str, ...] = (UKONTAINER,)
    unit: str = ""

    def judge(self, measure: Measure, samples: Sequence[SampleRecord]) -> str:
        """What the goal says: limit, and whether it is reached; empty where it says nothing."""
        here = measure.system in self.systems
        if not here or (measure.workload, measure.metric) != (self.workload, self.metric):
            return ""
        points = {
            "ratio": measure.ratios,
            "value": lambda s: [*measure.rounds(s).values()],
            "surplus": measure.surplus,
        }[self.kind](samples)
        if not points:
            return ""
        middle = stats.summarise(points).median
        reached = middle >= self.limit if self.at_least else middle <= self.limit
        shown = [styles.quantity(v, self.unit) if self.unit else f"{v:.2f}"
                 for v in (self.limit, middle)]  # fmt: skip
        side = "at least" if self.at_least else "at most"
        what = "" if self.kind == "value" else f"{self.kind} "
        word = "reached" if reached else "MISSED"
        return f"{what}{side} {shown[0]}: {shown[1]}, {word}"


BOTH = (UKONTAINER, TAP)
GOALS = (
    Goal("opbench", "getppid", 1 / 3),
    Goal("opbench", "pipe", 1.0),
    Goal("opbench", "clock_gettime", 1.05),
    Goal("hello", "wall", 20e-3, "value", unit="s"),
    Goal("python", "wall", 1.25),
    Goal("python", "max_rss", 8e6, "surplus", unit="B"),
    # python-hello: the program of the cold start, with imports
    Goal("python-hello", "wall", 1.25),
    Goal("python-hello", "max_rss", 8e6, "surplus", unit="B"),
    Goal("redis", "get", 0.9, at_least=True, systems=BOTH),
    Goal("redis", "set", 0.9, at_least=True, systems=BOTH),
    Goal("nginx", "requests", 0.9, at_least=True, systems=BOTH),
)


def judge(measure: Measure, samples: Sequence[SampleRecord]) -> str:
    """What the goals say about a measure."""
    return "; ".join(filter(None, (goal.judge(measure, samples) for goal in GOALS)))


def limit(measure: Measure) -> float | None:
    """The limit of its ratio, where a goal sets one."""
    for goal in GOALS:
        mine = (goal.workload, goal.metric) == (measure.workload, measure.metric)
        if mine and goal.kind == "ratio" and measure.system in goal.systems:
            return goal.limit
    return None
