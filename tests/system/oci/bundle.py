# SPDX-License-Identifier: GPL-2.0-only
"""Bundles, containers and runtimes for black-box tests: everything by command line and files.

A Workshop makes bundles under one directory and removes every container in the end. What it
makes is named and noted as the measurements' containers are (artifact.systems.leftovers), so
the next run sweeps up what a killed one left.
"""

import copy
import itertools
import json
import os
import re
import select
import shlex
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from artifact import proc
from artifact.systems import cgroups, leftovers
from artifact.systems.oci import MOUNTS, NAMESPACES

Json = dict[str, Any]
# of one command; runtimes that are wrong on purpose get less
LIMIT_S = float(os.environ.get("UK_OCI_LIMIT_S", "30"))
PROBE = "/bin/probe"
DROP = object()  # as a value in an edit: the key goes away
CAPABILITY_SETS = ("bounding", "effective", "permitted")
_numbers = itertools.count()


def mount(destination: str, kind: str, *options: str, source: str | Path = "") -> Json:
    """An entry of `mounts`."""
    source = str(source or kind)
    return {"destination": destination, "type": kind, "source": source, "options": [*options]}


def standard_mounts() -> list[Json]:
    """The file systems that programs expect."""
    return [mount(where, kind, *options) for where, kind, options in MOUNTS]


def base(args: Sequence[str], group: str) -> Json:
    """A small complete configuration; tests edit it."""
    capabilities = {kind: ["CAP_KILL", "CAP_CHOWN"] for kind in CAPABILITY_SETS}
    return {
        "ociVersion": "1.0.2",
        "root": {"path": "rootfs"},
        "hostname": "uk-oci",
        "process": {
            "user": {"uid": 0, "gid": 0},
            "args": list(args),
            "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
            "cwd": "/",
            "capabilities": capabilities,
        },
        "mounts": standard_mounts(),
        "linux": {
            "namespaces": [{"type": kind} for kind in NAMESPACES],
            "cgroupsPath": f"/{group}",
        },
    }


def edited(config: Json, edit: Mapping[str, Any]) -> Json:
    """A copy with the edit merged in: objects key by key, all else replaced, DROP removed."""
    merged = copy.deepcopy(config)
    for key, value in edit.items():
        if value is DROP:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            merged[key] = edited(merged.get(key, {}), value)
        else:
            merged[key] = value
    return merged


@dataclass(frozen=True)
class Done:
    """How a command ended: status as a shell sees it, and what it wrote."""

    status: int
    out: str
    err: str

    def good(self) -> "Done":
        """The same, after the command was seen to succeed."""
        assert self.status == 0, f"status {self.status}: {self.err or self.out}"
        return self

    def refused(self, *words: str) -> "Done":
        """The same, after the command was seen to fail, with words (any case) in its message."""
        assert self.status != 0, f"succeeded, said {self.out!r}"
        assert self.err.strip(), "failed without a message"
        for word in words:
            assert re.search(word, self.err, re.IGNORECASE), f"no {word!r} in {self.err!r}"
        return self


@dataclass(frozen=True)
class Runtime:
    """A program with runc's command line; `prefix` are words before it."""

    name: str
    program: Path
    prefix: tuple[str, ...] = ()

    @cached_property
    def version(self) -> tuple[int, ...]:
        """Of `--version`: (1, 1, 5)."""
        said = proc.run([self.program, "--version"], timeout=LIMIT_S).stdout
        found = re.search(r"\d+\.\d+(\.\d+)*", said)
        return tuple(map(int, found[0].split("."))) if found else ()

    def argv(self, *words: str | Path) -> list[str]:
        return [*self.prefix, str(self.program), *map(str, words)]

    @staticmethod
    def on_this_machine(name: str, program: Path) -> "Runtime":
        """crun refuses version 1 and 2 groups side by side: it is shown version 1 only."""
        groups = cgroups.here()
        if name != "crun" or groups.mode is not cgroups.Mode.HYBRID:
            return Runtime(name, program)
        hide = f'umount {shlex.quote(str(groups.v2))} && exec "$@"'
        return Runtime(name, program, ("unshare", "-m", "sh", "-c", hide, "sh"))


class Workshop:
    """One runtime, one state root, any number of containers."""

    def __init__(self, runtime: Runtime, place: Path, image: Path) -> None:
        self.runtime = runtime
        self.place = place
        self.image = image
        self.root = place / f"state-{runtime.name}"
        self._made: list[Container] = []

    def call(
        self,
        *words: str | Path,
        options: Sequence[str | Path] = (),
        limit_s: float = LIMIT_S,
        stdin: int = subprocess.DEVNULL,
        pass_fds: Sequence[int] = (),
        cwd: Path | None = None,
    ) -> Done:
        """`RUNTIME --root ROOT OPTIONS WORDS` to its end.

        Streams are files: a container that stays behind holds them open.
        """
        with (self.place / "out").open("w+b") as out, (self.place / "err").open("w+b") as err:
            status = self.start(
                *words,
                options=options,
                stdin=stdin,
                stdout=out.fileno(),
                stderr=err.fileno(),
                pass_fds=pass_fds,
                cwd=cwd,
            ).wait(limit_s)
            texts = []
            for stream in (out, err):
                stream.seek(0)
                texts.append(stream.read().decode(errors="replace"))
        for name in ("out", "err"):
            (self.place / name).unlink()
        return Done(status, *texts)

    def start(
        self,
        *words: str | Path,
        options: Sequence[str | Path] = (),
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.DEVNULL,
        stderr: int = subprocess.DEVNULL,
        pass_fds: Sequence[int] = (),
        cwd: Path | None = None,
    ) -> "Running":
        """The same, beside us."""
        argv = self.runtime.argv("--root", self.root, *options, *words)
        streams = {"stdin": stdin, "stdout": stdout, "stderr": stderr}
        return Running(
            subprocess.Popen(
                argv,
                pass_fds=pass_fds,
                cwd=cwd,
                preexec_fn=proc.die_with_parent(),  # noqa: PLW1509 (prctl and getppid only)
                **streams,  # type: ignore[arg-type]
            )
        )

    def container(self, *args: str, edit: Mapping[str, Any] | None = None) -> "Container":
        """A bundle for a container that is not created yet; by default its program is `loop`."""
        ident = f"{leftovers.prefix()}oci{next(_numbers)}"
        bundle = self.place / ident
        bundle.mkdir()
        shutil.copytree(self.image, bundle / "rootfs", symlinks=True, copy_function=os.link)
        made = Container(self, ident, bundle)
        made.write(edited(base(args or (PROBE, "loop"), ident), edit or {}))
        leftovers.note_container(self.place, str(self.runtime.program), self.root, ident)
        self._made.append(made)
        return made

    def see(self, *paths: str, edit: Mapping[str, Any] | None = None) -> Json:
        """What the probe sees in a container with that configuration."""
        made = self.container(PROBE, "see", *paths, edit=edit)
        return Seen.parse(made.run().good().out)

    def clear(self) -> None:
        """Remove every container, group and bundle."""
        while self._made:
            self._made.pop().remove()


class Running:
    """A command under way."""

    def __init__(self, child: "subprocess.Popen[bytes]") -> None:
        self.child = child

    def wait(self, limit_s: float = LIMIT_S) -> int:
        """Its status as a shell sees it; a command that hangs is killed and shown as that."""
        try:
            status = self.child.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise AssertionError(f"runs after {limit_s:.0f} s: {self.child.args}") from None
        return status if status >= 0 else 128 - status


class Container:
    """One container by its bundle and id."""

    def __init__(self, workshop: Workshop, ident: str, bundle: Path) -> None:
        self.workshop = workshop
        self.ident = ident
        self.bundle = bundle

    def write(self, config: Json) -> None:
        (self.bundle / "config.json").write_text(json.dumps(config))

    @property
    def config(self) -> Json:
        return json.loads((self.bundle / "config.json").read_text())  # type: ignore[no-any-return]

    @property
    def rootfs(self) -> Path:
        return self.bundle / "rootfs"

    def call(self, verb: str, *words: str | Path, after: Sequence[str] = (), **more: Any) -> Done:
        """`RUNTIME VERB WORDS ID AFTER`."""
        return self.workshop.call(verb, *words, self.ident, *after, **more)

    def run(self, *words: str | Path, **more: Any) -> Done:
        return self.call("run", "--bundle", self.bundle, *words, **more)

    def create(self, *words: str | Path, **more: Any) -> Done:
        return self.call("create", "--bundle", self.bundle, *words, **more)

    def begin(self) -> "Container":
        """Created and started, and its program (`loop`, say) has written its first line."""
        reading, writing = os.pipe()
        try:
            words = ("--bundle", self.bundle, self.ident)
            child = self.workshop.start("create", *words, stdout=writing)
            assert child.wait() == 0, "create fails"
        finally:
            os.close(writing)
        self._output = os.fdopen(reading, "rb", buffering=0)
        self.call("start").good()
        self.line()
        return self

    def line(self, limit_s: float = LIMIT_S) -> str:
        """The next line that the program writes, after `begin`."""
        got = b""
        while not got.endswith(b"\n"):
            assert select.select([self._output], [], [], limit_s)[0], "no line comes"
            octet = self._output.read(1)
            assert octet, "the output ends"
            got += octet
        return got.decode().rstrip("\n")

    def state(self) -> Json:
        return json.loads(self.call("state").good().out)  # type: ignore[no-any-return]

    @property
    def status(self) -> str:
        return str(self.state()["status"])

    def wait_for_end(self) -> None:
        """Until its process is gone, as the host sees it."""
        state = self.state()
        if state["status"] == "stopped":
            return
        try:
            handle = os.pidfd_open(state["pid"])
        except ProcessLookupError:
            return
        try:
            assert select.select([handle], [], [], LIMIT_S)[0], "its process does not end"
        finally:
            os.close(handle)

    def remove(self) -> None:
        output = self.__dict__.pop("_output", None)
        if output:
            output.close()
        if (self.workshop.root / self.ident).exists():
            self.call("delete", "--force")
        cgroups.remove(self.ident)
        leftovers.forget_container(self.workshop.place, self.ident)
        unmount_below(self.bundle)
        shutil.rmtree(self.bundle, ignore_errors=True)


def unmount_below(place: Path) -> None:
    """What a wrong runtime left mounted there; else removing the place would empty its source."""
    for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
        where = line.split()[4]
        if Path(where).is_relative_to(place):
            proc.run(["umount", "--lazy", where], timeout=LIMIT_S)


class Seen(dict[str, Any]):
    """The probe's answer."""

    @staticmethod
    def parse(text: str) -> "Seen":
        return Seen(json.loads(text))

    def status(self, key: str) -> str:
        """A field of /proc/self/status."""
        found = re.search(rf"^{key}:\s*(.*)$", self["status"], re.MULTILINE)
        assert found, f"no {key} in /proc/self/status"
        return found[1]

    def capabilities(self, kind: str) -> set[int]:
        """Numbers of a set: Eff, Prm, Bnd, Inh, Amb."""
        bits = int(self.status(f"Cap{kind}"), 16)
        return {number for number in range(64) if bits >> number & 1}

    def mount(self, where: str) -> "Mount":
        """The uppermost mount there."""
        found = [each for each in self.mounts if each.where == where]
        assert found, f"nothing is mounted on {where}"
        return found[-1]

    @property
    def mounts(self) -> list["Mount"]:
        return [Mount.parse(line) for line in self["mountinfo"].splitlines()]

    def file(self, path: str) -> Json:
        found = self["files"][path]
        assert isinstance(found, dict), f"{path}: {os.strerror(found)}"
        return found


@dataclass(frozen=True)
class Mount:
    """A line of proc_pid_mountinfo(5)."""

    where: str
    options: frozenset[str]
    tags: tuple[str, ...]
    kind: str
    source: str
    super_options: frozenset[str]

    @staticmethod
    def parse(line: str) -> "Mount":
        before, after = (part.split() for part in line.split(" - "))
        kind, source, own = after
        tags = tuple(before[6:])
        return Mount(
            before[4],
            frozenset(before[5].split(",")),
            tags,
            kind,
            source,
            frozenset(own.split(",")),
        )


def group_file(container: Container, v1: str, v2: str) -> str:
    """Text of a file of the container's control group on the host: `memory/x` of version 1."""
    here = cgroups.here()
    if here.mode is cgroups.Mode.V2:
        assert here.v2
        return (here.v2 / container.ident / v2).read_text().strip()
    controller, _, file = v1.partition("/")
    (top,) = (top for top in here.v1 if controller in top.name.split(","))
    return (top / container.ident / file).read_text().strip()


def alive(pid: int) -> bool:
    return leftovers.alive(pid)


def signal_number(name: str) -> int:
    return int(getattr(signal, f"SIG{name}"))
