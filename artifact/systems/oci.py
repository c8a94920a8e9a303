# SPDX-License-Identifier: GPL-2.0-only
"""Runtimes with the command line of runc, started on a bundle without any engine.

Each start is `RUNTIME --root STATE run --bundle BUNDLE ID`, the direct series of the authors'
bench repositories. The bundle's config.json (OCI runtime-spec 1.0) is the same for all: own
pid, network, ipc, uts and mount namespaces, read-only root, a control group without limits,
no capabilities, no seccomp filter.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from artifact import proc
from artifact.engines.runtimes import Runtime
from artifact.errors import Unavailable
from artifact.systems import cgroups, leftovers
from artifact.systems.base import Facts, Image, Start

NAMESPACES = ("pid", "network", "ipc", "uts", "mount")
CAPABILITY_SETS = ("bounding", "effective", "inheritable", "permitted", "ambient")
# destination, type, options: what the runtime-spec expects on Linux for ordinary programs
MOUNTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("/proc", "proc", ()),
    ("/dev", "tmpfs", ("nosuid", "strictatime", "mode=755", "size=65536k")),
    ("/dev/pts", "devpts", ("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620")),
    ("/dev/shm", "tmpfs", ("nosuid", "noexec", "nodev", "mode=1777", "size=65536k")),
    ("/dev/mqueue", "mqueue", ("nosuid", "noexec", "nodev")),
    ("/sys", "sysfs", ("nosuid", "noexec", "nodev", "ro")),
)
ENVIRONMENT = ("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",)


def config(image: Image, ident: str, argv: tuple[str, ...]) -> dict[str, Any]:
    """The bundle's config.json for one container."""
    return {
        "ociVersion": "1.0.0",
        "root": {"path": str(image.root), "readonly": True},
        "hostname": "uk",
        "process": {
            "terminal": False,
            "user": {"uid": 0, "gid": 0},
            "args": list(argv),
            "env": list(ENVIRONMENT),
            "cwd": "/",
            "noNewPrivileges": True,
            "capabilities": {kind: [] for kind in CAPABILITY_SETS},
        },
        "mounts": [
            {"destination": where, "type": kind, "source": kind, "options": list(options)}
            for where, kind, options in MOUNTS
        ],
        "linux": {
            "namespaces": [{"type": kind} for kind in NAMESPACES],
            "cgroupsPath": f"/{ident}",
            "resources": {"devices": [{"allow": False, "access": "rwm"}]},
        },
    }


class OciRuntime:
    """A runtime that is called as runc is called."""

    def __init__(
        self,
        name: str,
        find: Callable[[], Runtime],
        *,
        bears_hybrid: bool,
        words: tuple[str, ...] = (),
    ) -> None:
        """`find`: where it is, or Unavailable. `bears_hybrid`: whether it accepts cgroup versions 1
        and 2 mounted side by side. `words`: options for it, beside those that it always has.
        """
        self.name = name
        self._find = find
        self._bears_hybrid = bears_hybrid
        self._program = ""
        self._own_words = words
        self._words: tuple[str, ...] = ()
        self._around: tuple[str, ...] = ()

    def check(self) -> Facts:
        """Its version, and how control groups look to it."""
        found = self._find()
        self._program = str(found.program)
        self._words, self._around = (*found.words, *self._own_words), found.around
        if os.geteuid() != 0:
            raise Unavailable(f"{self.name} on a bundle like ours needs root", "run as root")
        if not cgroups.is_mount_point("/"):
            raise Unavailable(
                "the root directory is no mount point (a plain chroot), runtimes refuse that",
                "bind-mount the chroot onto itself before entering it",
            )
        groups = cgroups.here()
        if groups.mode is cgroups.Mode.NONE:
            raise Unavailable("no control groups are mounted", "mount /sys/fs/cgroup")
        version = proc.run([self._program, "--version"]).stdout.splitlines()[0]
        return {
            "version": version.split()[-1],
            "options": " ".join(self._words),
            "cgroup": str(groups.mode),
            "cgroup_unified_hidden": self._hidden_mount(groups) is not None,
        }

    def prepare(self, image: Image, place: Path, ident: str, nonce: str) -> Start:
        """Write the bundle and note the container."""
        bundle = place / ident
        bundle.mkdir()
        text = json.dumps(config(image, ident, (*image.argv, nonce)))
        (bundle / "config.json").write_text(text)
        leftovers.note_container(place, self._program, self._state(place), ident)
        argv = (*self._called(place), "run", "--bundle", str(bundle), ident)
        return Start(argv, unmount=self._hidden_mount(cgroups.here()), around=self._around)

    def clean(self, place: Path, ident: str) -> None:
        """Check that the runtime removed everything; remove it by force if not."""
        if any(self._state(place).glob(f"{ident}*")):
            proc.run(
                [*self._called(place), "delete", "--force", ident],
                check=False,  # fails where the runtime is half-way gone; the group is next
                timeout=20,
            )
        cgroups.remove(ident)
        leftovers.forget_container(place, ident)

    def _called(self, place: Path) -> tuple[str, ...]:
        return (self._program, "--root", str(self._state(place)), *self._words)

    def _state(self, place: Path) -> Path:
        return place / f"state-{self.name}"

    def _hidden_mount(self, groups: cgroups.Hierarchies) -> Path | None:
        """The mount that is taken out of this runtime's sight, in a namespace of its own."""
        hybrid = groups.mode is cgroups.Mode.HYBRID
        return groups.v2 if hybrid and not self._bears_hybrid else None
