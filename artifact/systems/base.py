# SPDX-License-Identifier: GPL-2.0-only
"""What a container system has to offer to be measured, and how one start of it is described."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pydantic import JsonValue

Facts = dict[str, JsonValue]


@dataclass(frozen=True)
class Image:
    """An unpacked image: the root directory and the program that is started in it."""

    name: str
    root: Path
    argv: tuple[str, ...]
    provenance: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Start:
    """One start: what uk-launch executes, and what is prepared before the clock runs.

    around: words before uk-launch itself, such as those that make a namespace. env: a variable
    NAME=VALUE for the program.
    """

    argv: tuple[str, ...]
    chroot: Path | None = None
    unmount: Path | None = None
    env: str = ""
    around: tuple[str, ...] = ()

    def launcher_options(self) -> list[str]:
        """The same, as options of artifact/csrc/bench/uk-launch.c."""
        options = []
        if self.chroot:
            options += ["--chroot", str(self.chroot)]
        if self.unmount:
            options += ["--unmount", str(self.unmount)]
        if self.env:
            options += ["--env", self.env]
        return options


class ContainerSystem(Protocol):
    """Two steps and a description; `prepare` is not timed, what Start describes is."""

    name: str

    def check(self) -> Facts:
        """Facts for the record (version, ...); Unavailable says why it cannot run here."""

    def prepare(self, image: Image, place: Path, ident: str, nonce: str) -> Start:
        """Get ready to start `image` once, as container `ident`, with `nonce` as last argument."""

    def clean(self, place: Path, ident: str) -> None:
        """Remove what one start left, whether it went well or not."""
