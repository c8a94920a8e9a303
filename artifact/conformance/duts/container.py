# SPDX-License-Identifier: GPL-2.0-only
"""A container of one program: the bundle that a runtime is given (OCI runtime specification)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from artifact.conformance.duts.scratch import scratch

CAPABILITIES = ("CAP_NET_BIND_SERVICE", "CAP_NET_ADMIN")
NAMESPACES = ("pid", "ipc", "uts", "mount")


def spec(
    argv: Sequence[str], network: str = "", sysctls: Mapping[str, int] | None = None
) -> dict[str, object]:
    """The config.json; `network` is a namespace's file, or empty for a new namespace."""
    place = {"path": network} if network else {}
    kinds = [{"type": kind} for kind in NAMESPACES]
    return {
        "ociVersion": "1.0.2",
        "process": {
            "user": {"uid": 0, "gid": 0},
            "args": [*argv],
            "cwd": "/",
            "capabilities": {
                kind: [*CAPABILITIES] for kind in ("bounding", "effective", "permitted")
            },
        },
        "root": {"path": "rootfs", "readonly": True},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
        "linux": {
            "namespaces": [*kinds, {"type": "network", **place}],
            "sysctl": {key: str(value) for key, value in (sysctls or {}).items()},
        },
    }


def bundle(
    held: ExitStack,
    program: Path,
    words: Sequence[str] = (),
    network: str = "",
    sysctls: Mapping[str, int] | None = None,
) -> Path:
    """A directory with config.json and a root that holds the (static) program alone."""
    place = scratch(held)
    (place / "rootfs" / "proc").mkdir(parents=True)
    shutil.copy2(program, place / "rootfs" / "program")
    text = json.dumps(spec(["/program", *words], network, sysctls))
    (place / "config.json").write_text(text)
    return place
