# SPDX-License-Identifier: GPL-2.0-only
"""Programs on the library kernel, one step at a time, for the notebook lab_programs.

Needs no root: ukrun is an ordinary process. What is looked at from outside is /proc of the
host, proc_pid_maps(5) and proc_pid_smaps(5).
"""

import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen

from artifact import proc
from artifact.errors import ArtifactError
from artifact.images import catalogue
from artifact.images.recipe import Form
from artifact.programs import ukrun
from artifact.tables import Table

LIMIT_S = 60.0
# Evaluates what it is asked, a line each way; `seen` is for signals.
SERVER = """
import json, os, signal, sys, threading
seen = []
for name in ("SIGUSR1", "SIGHUP"):
    signal.signal(getattr(signal, name), lambda number, frame: seen.append(number))
for line in iter(sys.stdin.readline, ""):
    try:
        answer = {"value": eval(json.loads(line))}
    except Exception as error:
        answer = {"error": repr(error)}
    print(json.dumps(answer, default=repr), flush=True)
"""
_MAPPING = re.compile(
    r"^([0-9a-f]+-[0-9a-f]+) (\S{4}) [0-9a-f]+ \S+ \d+ *(.*)$|^(\w+): +(\d+) kB$", re.MULTILINE
)


def command(image: str, *argv: str) -> list[str]:
    """The host's command that runs a program of a public image on the library kernel."""
    root = catalogue.image(image, Form.PUBLIC).rootfs
    return [str(ukrun.program()), "--no-tty", str(root), *argv]


def run(image: str, *argv: str) -> str:
    """What a program says; ArtifactError when it fails."""
    return proc.run(command(image, *argv), timeout=LIMIT_S).stdout


def packed(image: str, *argv: str) -> str:
    """What the private image, one file with kernel and all, says when it is simply executed."""
    return proc.run([catalogue.packed(image), *argv], timeout=LIMIT_S).stdout


@dataclass(frozen=True)
class Mapping:
    """One mapping of a process; sizes in bytes, known from smaps only."""

    addresses: str
    permissions: str
    name: str
    sizes: dict[str, int]

    @property
    def start(self) -> int:
        """Its first address."""
        return int(self.addresses.partition("-")[0], 16)


def parse(text: str) -> list[Mapping]:
    """The mappings in a maps or smaps file; ArtifactError when there is none."""
    found: list[Mapping] = []
    for addresses, permissions, name, key, value in _MAPPING.findall(text):
        if addresses:
            found.append(Mapping(addresses, permissions, name, {}))
        elif found:
            found[-1].sizes[key] = int(value) * 1024
    if not found:
        raise ArtifactError(f"no mapping in {text[:80]!r}")
    return found


class Python:
    """Python in a library kernel of its own, and the host process that both are."""

    def __init__(self, child: Popen[bytes]) -> None:
        self._child = child

    @property
    def host_pid(self) -> int:
        """Id of the host process."""
        return self._child.pid

    def eval(self, expression: str) -> object:
        """Value of a Python expression inside; ArtifactError names an exception."""
        stdin, stdout = self._child.stdin, self._child.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(json.dumps(expression).encode() + b"\n")
            stdin.flush()
            line = stdout.readline()
            answer = json.loads(line)
        except (OSError, ValueError) as error:
            raise ArtifactError(f"python ended: {error}") from error
        if "error" in answer:
            raise ArtifactError(f"{expression}: {answer['error']}")
        return answer["value"]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the host process."""
        os.kill(self.host_pid, number)

    def inside(self) -> list[Mapping]:
        """Its mappings as the library kernel's /proc has them."""
        return parse(str(self.eval("open('/proc/self/maps').read()")))

    def outside(self) -> list[Mapping]:
        """The mappings of the host process, with their sizes."""
        return parse(Path("/proc", str(self.host_pid), "smaps").read_text())

    def text(self) -> Mapping:
        """The mapping of Python's own instructions, as the host has it."""
        for mapping in self.outside():
            if "x" in mapping.permissions and Path(mapping.name).name.startswith("python3"):
                return mapping
        raise ArtifactError("no text of Python is mapped from a file")


@contextmanager
def python() -> Iterator[Python]:
    """Python of the public image, waiting for questions; it ends with the block."""
    argv = command("python", "/usr/bin/python3", "-B", "-c", SERVER)
    with proc.spawn(argv, stdin=PIPE, stdout=PIPE) as child:
        yield Python(child)


def same_addresses(guest: Python) -> Table:
    """File mappings inside beside what the host has at the same address."""
    outside = {mapping.start: mapping for mapping in guest.outside()}
    cells = []
    for mapping in guest.inside():
        if mapping.name.startswith("/") and mapping.start in outside:
            host = outside[mapping.start]
            place = Path(host.name).name if host.name else "anonymous"
            cells.append([mapping.addresses, mapping.permissions, mapping.name,
                          host.permissions, place])  # fmt: skip
    heads = ["addresses", "inside", "file inside", "host", "file of the host"]
    caption = "Mappings of files: the library kernel's view, and the host's of the same addresses."
    return Table("maps", caption, heads, cells)


def sharing(*guests: Python) -> Table:
    """How much of Python's text each process has in memory, and shares."""
    cells = []
    for guest in guests:
        sizes = guest.text().sizes
        row = [f"{sizes[key] / 1024:.0f}" for key in ("Rss", "Shared_Clean", "Private_Clean")]
        cells.append([str(guest.host_pid), *row])
    heads = ["host process", "in memory, KiB", "shared, KiB", "private, KiB"]
    return Table("sharing", "Python's text in the host's smaps.", heads, cells)
