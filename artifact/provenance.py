# SPDX-License-Identifier: GPL-2.0-only
"""Where and with what a run was made. What cannot be read is null, with the reason."""

import importlib.metadata
import json
import os
import platform
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue

from artifact import paths
from artifact.errors import ArtifactError
from artifact.proc import need, run

PACKAGES = ("numpy", "matplotlib", "scapy", "pyroute2", "papermill", "pydantic", "cffi")
TOOLS = {  # name of the fact -> (program, its Debian package, argument that prints the version)
    "gcc": ("gcc", "gcc", "--version"),
    "ld": ("ld", "binutils", "--version"),
    "runc": ("runc", "runc", "--version"),
    "crun": ("crun", "crun", "--version"),
    "iproute2": ("ip", "iproute2", "-V"),
}


class Provenance(BaseModel):
    """Facts about a run; each null in `facts` has its reason in `unknown`."""

    model_config = ConfigDict(extra="forbid")

    facts: dict[str, JsonValue]
    unknown: dict[str, str]


def now() -> str:
    """The present moment, UTC, ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _git(*words: str) -> str:
    git = need("git", "git")
    # The reviewer often runs as root on a tree that belongs to another user.
    return run([git, "-c", f"safe.directory={paths.REPO}", "-C", paths.REPO, *words]).stdout.strip()


def git_commit() -> str:
    """Commit of the work tree."""
    return _git("rev-parse", "HEAD")


def git_dirty() -> bool:
    """Whether tracked files differ from that commit."""
    return bool(_git("status", "--porcelain", "--untracked-files=no"))


def _field(file: str, key: str) -> str:
    for line in Path(file).read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    raise ArtifactError(f"{file} has no line {key!r}")


def _first_line(file: str) -> str:
    return Path(file).read_text().splitlines()[0].strip()


def _os_name() -> str:
    return platform.freedesktop_os_release()["PRETTY_NAME"]


def _tool_version(program: str, package: str, argument: str) -> str:
    done = run([need(program, package), argument], timeout=20)
    return (done.stdout + done.stderr).splitlines()[0].strip()


def _kernel_build(key: str) -> JsonValue:
    stamp = paths.KERNEL / "current" / "build.json"
    if not stamp.is_file():
        raise ArtifactError("the library kernel is not built")
    value: JsonValue = json.loads(stamp.read_text())[key]
    return value


def _sources() -> dict[str, Callable[[], JsonValue]]:
    readers: dict[str, Callable[[], JsonValue]] = {
        "git_commit": git_commit,
        "git_dirty": git_dirty,
        "host_name": socket.gethostname,
        "machine": platform.machine,
        "cpu_model": lambda: _field("/proc/cpuinfo", "model name"),
        "cpus": lambda: len(os.sched_getaffinity(0)),
        "memory": lambda: _field("/proc/meminfo", "MemTotal"),
        "load": lambda: _first_line("/proc/loadavg"),
        "host_kernel": platform.release,
        "host_kernel_build": platform.version,
        "clocksource": lambda: _first_line(
            "/sys/devices/system/clocksource/clocksource0/current_clocksource"
        ),
        "governor": lambda: _first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "transparent_hugepages": lambda: _first_line("/sys/kernel/mm/transparent_hugepage/enabled"),
        "os": _os_name,
        "python": platform.python_version,
    }
    for name in PACKAGES:
        readers[f"python_{name}"] = partial(importlib.metadata.version, name)
    for name, tool in TOOLS.items():
        readers[f"tool_{name}"] = partial(_tool_version, *tool)
    for key in ("source_version", "series", "patch_hash", "config_hash"):
        readers[f"kernel_{key}"] = partial(_kernel_build, key)
    return readers


def collect() -> Provenance:
    """Read every fact; a failed reading becomes null plus its reason, never an omission."""
    facts: dict[str, JsonValue] = {}
    unknown: dict[str, str] = {}
    for name, read in _sources().items():
        try:
            facts[name] = read()
        except (ArtifactError, OSError, LookupError, ValueError, ImportError) as error:
            facts[name] = None
            unknown[name] = f"{type(error).__name__}: {error}"
    return Provenance(facts=facts, unknown=unknown)
