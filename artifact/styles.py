# SPDX-License-Identifier: GPL-2.0-only
"""How systems, verdicts and values look, in figures and tables alike: one row per thing."""

import math
from dataclasses import dataclass

from artifact.errors import ArtifactError
from artifact.records import Verdict
from artifact.systems import registry


@dataclass(frozen=True)
class Style:
    """Label, colour (Okabe-Ito where possible, safe for colour-blind readers)."""

    label: str
    colour: str


# The order is the order in which things are shown.
SYSTEMS: dict[str, Style] = {
    "native": Style("native", "#000000"),
    "host": Style("host kernel", "#000000"),
    "lkl": Style("LKL", "#D55E00"),
    "ukontainer": Style("µKontainer", "#D55E00"),
    "ukontainer-tap": Style("µKontainer (tap)", "#E69F00"),
    "runu-private": Style("µKontainer (private image)", "#D55E00"),
    "runu-public": Style("µKontainer (public image)", "#E69F00"),
    "runu-debian": Style("µKontainer (Debian's image, trapped)", "#CC79A7"),
    "crun": Style("crun", "#56B4E9"),
    "runc": Style("runc", "#0072B2"),
    "gvisor": Style("gVisor", "#009E73"),
    "runsc": Style("gVisor (runsc)", "#009E73"),
    "runsc-ptrace": Style("gVisor (runsc, ptrace)", "#009E73"),
    "docker-runu-private": Style("docker/µKontainer (private image)", "#D55E00"),
    "docker-runu-public": Style("docker/µKontainer (public image)", "#E69F00"),
    "docker-crun": Style("docker/crun", "#56B4E9"),
    "docker-runc": Style("docker/runc", "#0072B2"),
    "docker-runsc": Style("docker/gVisor (runsc)", "#009E73"),
    "nabla": Style("Nabla", "#CC79A7"),
    "kata": Style("Kata", "#F0E442"),
    "uml": Style("User Mode Linux", "#999999"),
    "qemu-tcg": Style("VM (QEMU TCG)", "#777777"),
    "null": Style("harness alone", "#BBBBBB"),
    "lwip": Style("lwIP", "#56B4E9"),
    "lwipv6": Style("LwIPv6", "#56B4E9"),
    "gvisor-runsc": Style("gVisor (runsc)", "#009E73"),
    "ns3": Style("ns-3", "#CC79A7"),
    "pytcp": Style("PyTCP", "#F0E442"),
    "linux-uml": Style("Linux (UML)", "#555555"),
    "linux-qemu": Style("Linux (QEMU)", "#555555"),
    "lkl-tap": Style("LKL (tap)", "#D55E00"),
    "runu": Style("µKontainer (container)", "#D55E00"),
    "seastar": Style("Seastar", "#999999"),
    "osv": Style("OSv", "#999999"),
    "mtcp": Style("mTCP", "#999999"),
    "rump": Style("rump", "#999999"),
    "graphene": Style("Graphene", "#999999"),
    "linux": Style("Linux", "#000000"),
    "lkl-osx": Style("LKL (macOS)", "#E69F00"),
}

VERDICTS: dict[Verdict, Style] = {
    Verdict.PASS: Style("pass", "#009E73"),
    Verdict.FAIL: Style("fail", "#D55E00"),
    Verdict.INCONCLUSIVE: Style("fail (inconclusive)", "#F0E442"),
    Verdict.ERROR: Style("error", "#000000"),
    Verdict.NO_TEST: Style("no test", "#FFFFFF"),
}

SUITES = {"arp": "ARP", "ipv4": "IPv4", "icmpv4": "ICMPv4"}

ABSENT = "not in this run"
NOT_PACKAGED = registry.NOT_PACKAGED


def _registered(experiment: str) -> dict[str, str]:
    return {system.name: system.why_not or ABSENT for system in registry.of(experiment)}


# Rows of each experiment in the paper's order (slides p.17, p.19, p.20), each with the reason
# that is shown when neither a sample nor a skip record says more.
ROWS: dict[str, dict[str, str]] = {
    "coldstart": _registered("coldstart"),
    "netperf": _registered("netperf"),
    "programs": _registered("programs"),
    "memory": _registered("memory"),
    "image_size": _registered("image_size"),
    "core": {"lkl": ABSENT, "host": ABSENT},
    "conformance": {
        "lwip": ABSENT,
        "seastar": ABSENT,
        "osv": NOT_PACKAGED,
        "gvisor": ABSENT,
        "mtcp": NOT_PACKAGED,
        "rump": NOT_PACKAGED,
        "graphene": NOT_PACKAGED,
        "linux": ABSENT,
        "lkl": ABSENT,
        "lkl-osx": "needs macOS",
    },
}


def style(system: str) -> Style:
    """Style of a system; one without a row is shown under its own name in grey."""
    return SYSTEMS.get(system, Style(system, "#777777"))


def rows(experiment: str, present: set[str]) -> list[str]:
    """Systems of an experiment in the paper's order, then those only we have."""
    if experiment not in ROWS:
        raise ArtifactError(f"unknown experiment {experiment!r}", f"choose {', '.join(ROWS)}")
    ours = [name for name in SYSTEMS if name in present - ROWS[experiment].keys()]
    return [*ROWS[experiment], *ours, *sorted(present - ROWS[experiment].keys() - set(ours))]


PREFIXES = {-9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}


def quantity(value: float, unit: str) -> str:
    """A value with three significant digits and an SI prefix: `13.2 ms`, `9.87 Gbit/s`."""
    if unit == "1":  # a pure number
        return f"{value:.3g}"
    if value == 0:
        return f"0 {unit}"
    exponent = min(max(3 * math.floor(math.log10(abs(value)) / 3), -9), 9)
    scaled = value / 10**exponent
    digits = max(0, 2 - math.floor(math.log10(abs(scaled))))
    prefix = PREFIXES[exponent]
    unit = unit.replace("1/s", "/s")
    return f"{scaled:.{min(digits, 3)}f} {prefix}{unit}"
