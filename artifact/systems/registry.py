# SPDX-License-Identifier: GPL-2.0-only
"""Every container system of the paper's evaluation, and ours: a table, read by the benchmarks.

A system without a module here is not run, and its row says why; the reason is stored with
the results (records.SkipRecord), so no figure can forget it.

Source: VEE'21 slides p.19 (cold start: native < µKontainer < docker/runc < gVisor < Nabla <
Kata) and p.20 (netperf: native, µKontainer), the authors' bench repositories for the rest.
"""

from dataclasses import dataclass

from artifact.errors import ArtifactError

COLDSTART = "coldstart"
NETPERF = "netperf"
PROGRAMS = "programs"
MEMORY = "memory"
IMAGE_SIZE = "image_size"

RUNS = ""  # reason of a system that this repository runs
NEEDS_SERIES = "not measured yet"
NOT_PACKAGED = "in no package registry"


@dataclass(frozen=True)
class System:
    """One row: a system in one experiment. `paper_order` counts from 1 within the experiment,
    0 for a system the slides' figure does not have; `why_not` is empty for one we run.
    """

    experiment: str
    name: str
    label: str
    paper_order: int
    why_not: str


SYSTEMS: tuple[System, ...] = (
    System(COLDSTART, "native", "native", 1, RUNS),
    System(COLDSTART, "runu-private", "µKontainer (private image)", 2, RUNS),
    System(COLDSTART, "runu-public", "µKontainer (public image)", 2, RUNS),
    System(COLDSTART, "runu-debian", "µKontainer (Debian's image, trapped)", 0, RUNS),
    System(COLDSTART, "crun", "crun", 0, RUNS),
    System(COLDSTART, "runc", "runc", 3, RUNS),
    System(COLDSTART, "runsc", "gVisor (runsc)", 4, RUNS),
    System(COLDSTART, "runsc-ptrace", "gVisor (runsc, ptrace)", 4, RUNS),
    System(COLDSTART, "docker-runu-private", "docker/µKontainer (private image)", 2, RUNS),
    System(COLDSTART, "docker-runu-public", "docker/µKontainer (public image)", 2, RUNS),
    System(COLDSTART, "docker-crun", "docker/crun", 0, RUNS),
    System(COLDSTART, "docker-runc", "docker/runc", 3, RUNS),
    System(COLDSTART, "docker-runsc", "docker/gVisor (runsc)", 4, RUNS),
    System(COLDSTART, "nabla", "Nabla", 5, NOT_PACKAGED),
    System(COLDSTART, "kata", "Kata", 6, NOT_PACKAGED),
    System(COLDSTART, "uml", "User Mode Linux", 0, RUNS),
    System(COLDSTART, "qemu-tcg", "VM (QEMU TCG)", 0, RUNS),
    System(NETPERF, "native", "native", 1, RUNS),
    System(NETPERF, "ukontainer", "µKontainer", 2, RUNS),
    System(NETPERF, "ukontainer-tap", "µKontainer (tap)", 0, RUNS),
    System(NETPERF, "runc", "runc", 0, NEEDS_SERIES),
    System(NETPERF, "runsc", "gVisor (runsc)", 0, NEEDS_SERIES),
    System(NETPERF, "nabla", "Nabla", 0, NOT_PACKAGED),
    System(NETPERF, "kata", "Kata", 0, NOT_PACKAGED),
    System(NETPERF, "graphene", "Graphene", 0, NOT_PACKAGED),
    System(NETPERF, "uml", "User Mode Linux", 0, NEEDS_SERIES),
    System(NETPERF, "qemu-tcg", "VM (QEMU TCG)", 0, NEEDS_SERIES),
    System(MEMORY, "native", "native", 0, RUNS),
    System(MEMORY, "runu-private", "µKontainer (private image)", 0, RUNS),
    System(MEMORY, "runu-public", "µKontainer (public image)", 0, RUNS),
    System(MEMORY, "crun", "crun", 0, RUNS),
    System(MEMORY, "runc", "runc", 0, RUNS),
    System(MEMORY, "runsc", "gVisor (runsc)", 0, RUNS),
    System(IMAGE_SIZE, "runu-private", "µKontainer (private image)", 0, RUNS),
    System(IMAGE_SIZE, "runu-public", "µKontainer (public image)", 0, RUNS),
    System(IMAGE_SIZE, "crun", "crun", 0, RUNS),
    System(IMAGE_SIZE, "runc", "runc", 0, RUNS),
    System(IMAGE_SIZE, "runsc", "gVisor (runsc)", 0, RUNS),
    System(IMAGE_SIZE, "uml", "User Mode Linux", 0, RUNS),
    System(IMAGE_SIZE, "qemu-tcg", "VM (QEMU TCG)", 0, RUNS),
    System(PROGRAMS, "native", "native", 0, RUNS),
    System(PROGRAMS, "ukontainer", "µKontainer", 0, RUNS),
    System(PROGRAMS, "ukontainer-tap", "µKontainer (tap)", 0, RUNS),
)


def of(experiment: str) -> list[System]:
    """Rows of an experiment in the order in which they are shown."""
    return [system for system in SYSTEMS if system.experiment == experiment]


def row(experiment: str, name: str) -> System:
    """One row; ArtifactError lists the names there are."""
    for system in of(experiment):
        if system.name == name:
            return system
    names = ", ".join(system.name for system in of(experiment))
    raise ArtifactError(f"unknown system {name!r} in {experiment}", f"choose {names}")
