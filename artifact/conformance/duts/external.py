# SPDX-License-Identifier: GPL-2.0-only
"""A stack that somebody else made: described by a small file (docs/own_stack.md).

Either it is running already on an interface or a datagram socket, or `command` starts it: then
every instance gets a link of its own, cases run side by side, and a dead one is replaced.
"""

from __future__ import annotations

import shlex
import threading
import tomllib
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from artifact.conformance import preflight
from artifact.conformance.duts.base import (
    FAR,
    FORWARDING,
    HAS_ALIAS,
    UDP_ECHO,
    Dut,
    DutInfo,
    Kind,
    Port,
)
from artifact.conformance.duts.conditions import DEFAULTS, PAPER, Condition
from artifact.conformance.duts.linked import Carrier, Seat, Stack
from artifact.conformance.duts.linux import DUT_MAC
from artifact.errors import ArtifactError
from artifact.net.attached import interface_link, socket_link
from artifact.net.link import Link
from artifact.paths import shown

NAME = "external"
GONE = "the DUT was there and does not answer any more"
Mac = Annotated[str, Field(pattern=r"^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$")]
Address = Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+\.\d+/\d+$")]
KNOWN_FEATURES = UDP_ECHO | {FORWARDING}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(_Part):
    """Where the DUT is: on an interface, or at a named datagram socket."""

    interface: str = ""
    socket: Path | None = None
    peer: Path | None = None

    @model_validator(mode="after")
    def _one(self) -> Place:
        if bool(self.interface) == bool(self.socket or self.peer):
            raise ValueError("give either interface, or socket (ours) and peer (the DUT's)")
        if not self.interface and not (self.socket and self.peer):
            raise ValueError("socket is ours, peer the DUT's: both are needed")
        return self

    @property
    def shown(self) -> str:
        """The place in a message."""
        return self.interface or str(self.peer)

    def link(self) -> Link:
        """Our end."""
        if self.interface:
            return interface_link(self.interface)
        assert self.socket is not None
        assert self.peer is not None
        return socket_link(self.socket, self.peer)


class FarPlace(Place):
    """The second link of a DUT that forwards."""

    address: Address = f"{FAR.address}/{FAR.prefix}"
    mac: Mac = FAR.mac
    gateway: str = FAR.gateway
    mtu: int = Field(default=FAR.mtu, ge=576, le=1500)


class Config(_Part):
    """The file. Addresses are the DUT's; the tester plays every other station itself."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    version: str = "unknown"
    how: str = "started by the user"
    address: Address = "198.18.0.1/16"
    gateway: str = "198.18.0.254"
    mac: Mac | None = None
    features: list[str] = []
    alias: str = ""  # a second address of the first link
    arp_age: float | None = None  # seconds, as in DutInfo
    reassembly: float | None = None
    patience: float = Field(default=10.0, gt=0)  # seconds until it must have answered
    link: Place | None = None
    far: FarPlace | None = None
    command: str | None = None
    carrier: Carrier = Carrier.DATAGRAM
    jobs: int = Field(default=4, ge=1, le=32)

    @model_validator(mode="after")
    def _reachable(self) -> Config:
        if (self.link is None) == (self.command is None):
            raise ValueError("give either [link] (it is running already) or command (we start it)")
        if unknown := set(self.features) - KNOWN_FEATURES:
            raise ValueError(f"unknown feature {unknown.pop()!r}; {', '.join(KNOWN_FEATURES)}")
        if (FORWARDING in self.features) != (self.far is not None):
            raise ValueError("the feature forwarding and [far] go together")
        if int(self.address.partition("/")[2]) > 20:
            raise ValueError("address: the cases need a prefix of 20 or less for their stations")
        return self

    @property
    def info(self) -> DutInfo:
        """What the tester is told."""
        address, _, prefix = self.address.partition("/")
        return DutInfo(
            self.name, self.version, self.how, self.mac or "", address, int(prefix), self.gateway,
            features=frozenset(self.features) | ({HAS_ALIAS} if self.alias else set()),
            far=self._far, alias=self.alias, arp_age=self.arp_age, reassembly=self.reassembly,
        )  # fmt: skip

    @property
    def _far(self) -> Port | None:
        if self.far is None:
            return None
        address, _, prefix = self.far.address.partition("/")
        return Port(self.far.mac, address, int(prefix), self.far.gateway, self.far.mtu)


def read(file: Path) -> Config:
    """The description; ArtifactError names the file and the place in it."""
    try:
        return Config.model_validate(tomllib.loads(file.read_text()))
    except OSError as error:
        raise ArtifactError(f"cannot read {shown(file)}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise ArtifactError(f"{shown(file)}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        why = first["msg"].removeprefix("Value error, ")
        raise ArtifactError(f"{shown(file)}: {where}: {why}", "see docs/own_stack.md") from None


@dataclass
class Attached(Dut):
    """The one instance there is of a stack that is running already."""

    config: Config = field(kw_only=True)
    seen: threading.Event = field(kw_only=True)  # it has answered before

    def attach(self, held: ExitStack) -> tuple[DutInfo, Link]:
        """Open the links and see who is there."""
        assert self.config.link is not None
        info = self.config.info
        link = self._link(held, self.config.link)
        patience = 1.0 if self.seen.is_set() else self.config.patience
        try:
            mac = preflight.check(info, link, patience, self.config.link.shown)
        except preflight.Silent:
            if self.seen.is_set():
                raise preflight.Silent(GONE) from None
            raise
        self.seen.set()
        if self.config.far and self.condition.links == 2:
            self.far = self._link(held, self.config.far)
        else:
            info = replace(info, far=None, features=info.features - {FORWARDING})
        return replace(info, mac=mac.hex(":")), link

    def _link(self, held: ExitStack, place: Place) -> Link:
        try:
            link = place.link()
        except ArtifactError:
            if self.seen.is_set():
                raise preflight.Silent(GONE) from None
            raise
        held.callback(link.close)
        if place.socket:
            held.callback(place.socket.unlink, missing_ok=True)
        return link


def kind(file: Path | None, taken: Collection[str] = ()) -> Kind:
    """The DUT that a file describes."""
    if file is None:
        raise ArtifactError("the DUT external needs --config FILE", "see docs/own_stack.md")
    config = read(file)
    if config.name in taken:
        raise ArtifactError(f"{shown(file)}: name: {config.name!r} is a DUT of the suite's own")
    if config.command is not None:
        return _started(config, shlex.split(config.command))
    seen = threading.Event()  # shared by all instances: the first one is asked patiently

    def make(log: Path | None, condition: Condition) -> Dut:
        return Attached(log=log, condition=condition, config=config, seen=seen)

    conditions = (DEFAULTS.name, *((PAPER.name,) if config.far else ()))
    return Kind(config.name, config.how, make, lambda: None, 1, conditions)


def _started(config: Config, words: Sequence[str]) -> Kind:
    if not words:
        raise ArtifactError("the command of the DUT is empty", "see docs/own_stack.md")

    def command(seat: Seat) -> Sequence[str | Path]:
        fields = {"link": str(seat.links[0]), "mac": seat.info.mac, "address": config.address,
                  "gateway": config.gateway}  # fmt: skip
        return [word.format(**fields) for word in words]

    info = replace(config.info, mac=config.mac or DUT_MAC)
    stack = Stack(
        config.name, config.how, config.carrier, lambda: None, command, jobs=config.jobs,
        ready_s=config.patience, info=info, announces=False,
    )  # fmt: skip
    return stack.kind


def preflight_of(kind: Kind, condition: Condition) -> DutInfo:
    """Start an instance and end it again; ArtifactError when the set-up is wrong."""
    with kind.make(None, condition) as dut:
        return dut.info
