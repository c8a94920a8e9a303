# SPDX-License-Identifier: GPL-2.0-only
"""The two conditions in which stacks are tested.

    defaults  the stack as it comes, one link
    paper     conditioned as the authors did for IxANVL: a second link, forwarding, source routes
              accepted, ARP entries made from unsolicited packets and replaced at once

Source of the second: the authors' public bench repository, whose commit "improve arp test by
changing sysctl params" says why. A stack without sysctls gets of it what it has: the second link
and forwarding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from artifact import records
from artifact.errors import ArtifactError

WITHOUT = " without "


@dataclass(frozen=True)
class Condition:
    """`sysctls` are Linux's, as sysctl(8) writes them; `{dev}` is each interface of the DUT."""

    name: str
    links: int = 1
    sysctls: Mapping[str, int] = field(default_factory=dict, hash=False)

    def for_interface(self, dev: str) -> dict[str, int]:
        """The sysctls with an interface's name put in."""
        return {key.replace("{dev}", dev): value for key, value in self.sysctls.items()}

    def for_interfaces(self, devs: Sequence[str]) -> dict[str, int]:
        """The sysctls for several interfaces."""
        return {key: value for dev in devs for key, value in self.for_interface(dev).items()}

    def label(self, dut: str) -> str:
        """A DUT in this condition, for names of files."""
        return dut if self == DEFAULTS else f"{dut}-{self.name.replace(' ', '-')}"

    def without(self, key: str) -> Condition:
        """The same without one of its sysctls: what does that one explain?"""
        if key not in self.sysctls:
            raise ArtifactError(f"condition {self.name} has no sysctl {key}")
        rest = {other: value for other, value in self.sysctls.items() if other != key}
        return Condition(f"{self.name}{WITHOUT}{key}", self.links, rest)


DEFAULTS = Condition(records.DEFAULTS)
PAPER = Condition(
    records.PAPER,
    2,
    {
        "net.ipv4.ip_forward": 1,  # first: writing it resets others
        "net.ipv4.conf.all.accept_source_route": 1,
        "net.ipv4.conf.{dev}.accept_source_route": 1,
        "net.ipv4.conf.{dev}.arp_accept": 1,
        "net.ipv4.neigh.{dev}.locktime": -1,
    },
)
CONDITIONS: Mapping[str, Condition] = MappingProxyType({c.name: c for c in (DEFAULTS, PAPER)})
EVERY = tuple(CONDITIONS)
