# SPDX-License-Identifier: GPL-2.0-only
"""How often and how long things are measured: the only place where that is decided."""

from dataclasses import dataclass

from artifact.errors import ArtifactError


@dataclass(frozen=True)
class Profile:
    """Repeats (counts) and durations (seconds) of one effort level.

    A round runs every system once; warm-up rounds are stored and flagged, not analysed. Systems
    that take seconds to start (machines) take part in the first `coldstart_slow_rounds` only.
    """

    name: str
    purpose: str
    coldstart_rounds: int
    netperf_rounds: int
    netperf_seconds: int
    core_samples: int
    warmup_rounds: int
    netperf_rr_seconds: int
    netperf_sizes: tuple[int, ...]
    programs_rounds: int
    redis_requests: int
    wrk_seconds: int
    coldstart_slow_rounds: int
    memory_rounds: int
    memory_containers: tuple[int, ...]


# Bytes per send call in the authors' netperf scripts; the shorter profiles take some of them.
PAPER_SIZES = (64, 128, 256, 512, 1024, 1500, 65507)

PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(
            "smoke",
            "does everything run? (no conclusions)",
            2,
            1,
            1,
            20,
            1,
            1,
            (1500,),
            1,
            10_000,
            1,
            1,
            1,
            (1, 2),
        ),
        Profile(
            "quick",
            "first look at the numbers",
            10,
            3,
            3,
            40,
            1,
            3,
            (64, 1500, 65507),
            7,
            50_000,
            2,
            6,
            6,
            (1, 2, 4, 8, 16, 32),
        ),
        Profile(
            "paper",
            "the authors' repeats, or more",
            30,
            10,
            10,
            100,
            2,
            20,
            PAPER_SIZES,
            20,
            100_000,
            5,
            30,
            10,
            (1, 2, 4, 8, 16, 24, 32),
        ),
    )
}


def get(name: str) -> Profile:
    """The profile of that name; ArtifactError lists the names there are."""
    try:
        return PROFILES[name]
    except KeyError:
        raise ArtifactError(f"unknown profile {name!r}", f"choose {', '.join(PROFILES)}") from None
