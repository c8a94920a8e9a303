# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's configuration: made by its own Kconfig, checked against what was asked for."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from artifact import live
from artifact.errors import ArtifactError

CONFIGS = Path("arch/lkl/configs")
STAMP = ".ukontainer-config"


@dataclass(frozen=True)
class Config:
    """A named configuration: make targets, merged in order (defconfig, then fragments)."""

    name: str
    purpose: str
    targets: tuple[str, ...]


CONFIGURATIONS = {
    config.name: config
    for config in (
        Config("default", "the library kernel", ("defconfig",)),
        Config("kunit", "the kernel's own unit tests inside", ("defconfig", "kunit.config")),
    )
}


def get(name: str) -> Config:
    """The configuration of that name; ArtifactError lists the names there are."""
    try:
        return CONFIGURATIONS[name]
    except KeyError:
        names = ", ".join(CONFIGURATIONS)
        raise ArtifactError(f"unknown kernel configuration {name!r}", f"choose {names}") from None


def symbols(text: str) -> dict[str, str]:
    """Symbols of a .config or fragment with their values; `n` for `is not set` lines."""
    found = dict(re.findall(r"^(CONFIG_\w+)=(.*)$", text, re.MULTILINE))
    off = re.findall(r"^# (CONFIG_\w+) is not set$", text, re.MULTILINE)
    return {**dict.fromkeys(off, "n"), **found}


def dropped(asked: Sequence[str], got: str) -> list[str]:
    """What the fragments (texts, a later one wins) ask for and the final .config lacks.

    Kconfig drops a symbol whose dependencies are not met, or that does not exist, silently.
    """
    final = symbols(got)
    wanted: dict[str, str] = {}
    for text in asked:
        wanted.update(symbols(text))
    return [f"{name}={value}" for name, value in wanted.items() if final.get(name, "n") != value]


def _files(config: Config, tree: Path) -> list[Path]:
    return [tree / CONFIGS / target for target in config.targets]


def _inputs(config: Config, tree: Path, managed: Sequence[str]) -> str:
    """Hash of what decides the configuration: its fragments and the port's Kconfig files."""
    total = hashlib.sha256(" ".join(config.targets).encode())
    kconfigs = [tree / name for name in managed if Path(name).name.startswith("Kconfig")]
    for file in (*_files(config, tree), *sorted(kconfigs)):
        if not file.is_file():
            raise ArtifactError(f"{file.relative_to(tree)} is missing", "the port needs it")
        total.update(file.read_bytes())
    return total.hexdigest()


def run(
    config: Config, make: Sequence[str], tree: Path, out: Path, managed: Sequence[str], log: Path
) -> None:
    """Make OUT/.config unless it stands for the present inputs.

    `make` is the command up to the targets; `managed` are the port's files in the tree.
    ArtifactError names each option that Kconfig dropped.
    """
    stamp = out / STAMP
    inputs = _inputs(config, tree, managed)
    if stamp.is_file() and stamp.read_text() == inputs and (out / ".config").is_file():
        return
    stamp.unlink(missing_ok=True)
    live.follow([*make, *config.targets], log=log, what=f"configure {config.name}")
    texts = [file.read_text() for file in _files(config, tree)]
    lost = dropped(texts, (out / ".config").read_text())
    if lost:
        raise ArtifactError(
            f"Kconfig dropped {', '.join(lost)}", "remove it or select what it depends on"
        )
    stamp.write_text(inputs)


def digest(out: Path) -> str:
    """SHA-256 of the configuration's set symbols; comments (release, compiler) do not count."""
    lines = sorted((out / ".config").read_text().splitlines())
    text = "\n".join(line for line in lines if line.startswith("CONFIG_") and "VERSION" not in line)
    return hashlib.sha256(text.encode()).hexdigest()
