# SPDX-License-Identifier: GPL-2.0-only
"""How often and how long things are measured: the only place where that is decided."""

from dataclasses import dataclass

from artifact.errors import ArtifactError


@dataclass(frozen=True)
class Profile:
    """Repeats (counts) and durations (seconds) of one effort level.

    A round runs every system once; warm-up rounds are stored and flagged, not analysed.
    """

    name: str
    purpose: str
    coldstart_rounds: int
    netperf_rounds: int
    netperf_seconds: int
    core_samples: int
    warmup_rounds: int


PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile("smoke", "does everything run? (no conclusions)", 2, 1, 1, 20, 1),
        Profile("quick", "first look at the numbers", 10, 3, 3, 40, 1),
        Profile("paper", "the repeats the paper's authors used, or more", 30, 10, 10, 100, 2),
    )
}


def get(name: str) -> Profile:
    """The profile of that name; ArtifactError lists the names there are."""
    try:
        return PROFILES[name]
    except KeyError:
        raise ArtifactError(f"unknown profile {name!r}", f"choose {', '.join(PROFILES)}") from None
