# SPDX-License-Identifier: GPL-2.0-only
"""The OCI runtimes that engines are told of, and where they are."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from artifact import paths, proc
from artifact.conformance.duts.runsc import RUNSC, runtime
from artifact.errors import Unavailable

HIDE_SYSCTLS = Path(__file__).with_name("hide-sysctls.sh")
RUNSC_WORDS = ("--ignore-cgroups", "--overlay2=none")


@dataclass(frozen=True)
class Runtime:
    """A runtime: its program, words that it is always given, and words that go before it."""

    name: str
    program: Path
    words: tuple[str, ...] = ()
    around: tuple[str, ...] = ()

    def executable(self, place: Path) -> Path:
        """The whole as one program, which is written to `place` where it takes more than one."""
        if not (self.words or self.around):
            return self.program
        script = place / f"runtime-{self.name}"
        command = shlex.join((*self.around, str(self.program), *self.words))
        script.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        script.chmod(0o755)
        return script


def _runsc(platform: str) -> Callable[[], Runtime]:
    def find() -> Runtime:
        RUNSC.need()
        words = (f"--platform={platform}", *RUNSC_WORDS)
        around = ("unshare", "--mount", "sh", str(HIDE_SYSCTLS))
        return Runtime(f"runsc-{platform}", runtime(), words, around)

    return find


KNOWN: dict[str, Callable[[], Runtime]] = {
    "runc": lambda: Runtime("runc", Path(proc.need("runc", "runc"))),
    "crun": lambda: Runtime("crun", Path(proc.need("crun", "crun"))),
    "runu": lambda: Runtime("runu", paths.runu()),
    "runsc-systrap": _runsc("systrap"),
    "runsc-ptrace": _runsc("ptrace"),
}


def find(name: str) -> Runtime:
    """A runtime by its name; Unavailable when it is not here."""
    return KNOWN[name]()


def present() -> tuple[dict[str, Runtime], dict[str, str]]:
    """The runtimes that are here, and for the others why not."""
    here: dict[str, Runtime] = {}
    absent: dict[str, str] = {}
    for name in KNOWN:
        try:
            here[name] = find(name)
        except Unavailable as reason:
            absent[name] = str(reason)
    return here, absent
