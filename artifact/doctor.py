# SPDX-License-Identifier: GPL-2.0-only
"""`invoke doctor`: what this machine has, what will be skipped and why, what the rest takes.

Looks only: it installs nothing, changes nothing, and every probe is a matter of milliseconds.
"""

import fcntl
import os
import platform
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from artifact import packages, paths, proc, pyenv, ui
from artifact.errors import ArtifactError
from artifact.kernel import base, build

TUNGETFEATURES = 0x800454CF  # linux/if_tun.h
IFF_VNET_HDR = 0x4000
KVM_GET_API_VERSION = 0xAE00  # linux/kvm.h
KVM_API_VERSION = 12
MIN_CORES = 2
MIN_MEMORY = 4_000_000_000
PROBE_TIMEOUT_S = 10


class State(StrEnum):
    """How a finding bears on the rest: fine, something is skipped, or the main job stops."""

    OK = "ok"
    SKIP = "skip"
    STOP = "stop"


@dataclass(frozen=True)
class Finding:
    """One row: what was looked at, what was found, and what follows from it."""

    what: str
    state: State
    found: str
    consequence: str = ""


@dataclass(frozen=True)
class Step:
    """A step of the whole, with minutes and bytes it took on 2 cores when nothing was there."""

    task: str
    duration_key: str
    minutes: float
    size: int
    done: Callable[[], bool]


def _verdict(good: bool, state: State, found: str, consequence: str, what: str) -> Finding:
    return Finding(what, State.OK if good else state, found, "" if good else consequence)


def system() -> Finding:
    """Operating system and architecture."""
    name = f"{platform.system()} {platform.release()} {platform.machine()}"
    good = platform.system() == "Linux" and platform.machine() == "x86_64"
    consequence = "the kernel port is for x86-64 Linux; use the Vagrantfile, or read data/reference"
    return _verdict(good, State.STOP, name, consequence, "system")


def distribution() -> Finding:
    """The suite, which decides where packages and the kernel source come from."""
    suite = packages.suite() or "unknown"
    good = packages.has_apt()
    consequence = "system packages by hand (invoke setup lists them), kernel from kernel.org"
    return _verdict(good, State.SKIP, suite, consequence, "distribution")


def python() -> Finding:
    """The interpreter and whether the cffi binding can be compiled for it."""
    version = platform.python_version()
    if not pyenv.has_headers():
        consequence = "the binding artifact.lkl cannot be built; run: invoke setup"
        return Finding("python", State.STOP, f"{version} without Python.h", consequence)
    return Finding("python", State.OK, f"{version} in {sys.prefix}")


def root() -> Finding:
    """Root makes namespaces, taps and bundles."""
    good = os.geteuid() == 0
    consequence = "cold start, netperf, devices on veth or tap, system tests"
    return _verdict(good, State.SKIP, "yes" if good else f"uid {os.geteuid()}", consequence, "root")


def cores() -> Finding:
    """Cores this process may use."""
    number = len(os.sched_getaffinity(0))
    consequence = "client and server share a core: throughput is not comparable"
    return _verdict(number >= MIN_CORES, State.SKIP, str(number), consequence, "cores")


def memory() -> Finding:
    """Installed memory."""
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    found = f"{size / 1e9:.1f} GB"
    return _verdict(size >= MIN_MEMORY, State.SKIP, found, "the build may swap", "memory")


def disk(needed: int) -> Finding:
    """Free space where the cache is, against what the steps that are left need."""
    place = next(p for p in (paths.CACHE, *paths.CACHE.parents) if p.is_dir())
    free = shutil.disk_usage(place).free
    found = f"{free / 1e9:.1f} GB free in {place}"
    consequence = f"{needed / 1e9:.1f} GB are needed; free some or set XDG_CACHE_HOME"
    return _verdict(free >= needed, State.STOP, found, consequence, "disk")


def _runs(*argv: str) -> bool:
    """Whether a probing command exists and succeeds."""
    if proc.which(argv[0]) is None:
        return False
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def namespaces() -> Finding:
    """Network and mount namespaces, which every measurement runs in."""
    good = _runs("unshare", "--net", "--mount", "true")
    found = "can be made" if good else "refused"
    consequence = "cold start, netperf, devices on veth or tap, system tests"
    return _verdict(good, State.SKIP, found, consequence, "namespaces")


def user_namespaces() -> Finding:
    """User namespaces, by which a rootless runtime isolates."""
    good = _runs("unshare", "--user", "--map-root-user", "true")
    found = "can be made" if good else "refused"
    return _verdict(good, State.SKIP, found, "rootless containers", "user namespaces")


def tun() -> Finding:
    """The tap driver, with the header that carries offloads."""
    try:
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        reason = f"/dev/net/tun: {error.strerror}"
        return Finding("tap", State.SKIP, reason, "lwip as a device, the kernel's tap back end")
    try:
        raw = fcntl.ioctl(descriptor, TUNGETFEATURES, b"\0" * 4)
    finally:
        os.close(descriptor)
    good = bool(struct.unpack("I", raw)[0] & IFF_VNET_HDR)
    found = "with IFF_VNET_HDR" if good else "without IFF_VNET_HDR"
    return _verdict(good, State.SKIP, found, "offloads over tap", "tap")


def kvm() -> Finding:
    """The virtual machine monitor of the host."""
    consequence = "systems that need KVM (none in this release: the VM row is emulated)"
    try:
        descriptor = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        return Finding("kvm", State.SKIP, f"/dev/kvm: {error.strerror}", consequence)
    try:
        version = fcntl.ioctl(descriptor, KVM_GET_API_VERSION)
    finally:
        os.close(descriptor)
    good = version == KVM_API_VERSION
    return _verdict(good, State.SKIP, f"opens, API {version}", consequence, "kvm")


def runtimes() -> Finding:
    """OCI runtimes that cold start compares."""
    have = [name for name in ("runc", "crun") if proc.which(name)]
    lacking = [name for name in ("runc", "crun") if name not in have]
    consequence = f"cold start of {', '.join(lacking)}; run: invoke setup"
    return _verdict(not lacking, State.SKIP, ", ".join(have) or "none", consequence, "runtimes")


def engines() -> Finding:
    """Container engines, started privately."""
    programs = {"docker": "dockerd", "containerd": "containerd", "podman": "podman"}
    lacking = [name for name, program in programs.items() if proc.which(program) is None]
    found = ", ".join(name for name in programs if name not in lacking) or "none"
    consequence = f"cold start by docker, tests of {', '.join(lacking)}; run: invoke setup"
    return _verdict(not lacking, State.SKIP, found, consequence, "engines")


def system_packages() -> Iterator[Finding]:
    """One row for each feature whose packages are not all here."""
    lacking_any = False
    for feature in packages.read():
        lacking = packages.missing([feature])
        if lacking:
            lacking_any = True
            state = State.STOP if feature.required else State.SKIP
            found = "lacks " + ", ".join(p.apt for p in lacking)
            what = f"packages: {feature.name}"
            yield Finding(what, state, found, f"{feature.purpose}; run: invoke setup")
    if not lacking_any:
        yield Finding("packages", State.OK, "all of packages.toml")


def source() -> Finding:
    """The fetched kernel source."""
    have = base.current()
    found = f"{have.version} ({have.origin})" if have else "not fetched yet"
    return Finding("kernel source", State.OK, found)


def library() -> Finding:
    """The library kernel for the checkout as it is now."""
    return Finding("library kernel", State.OK, "built" if _is_built() else "not built yet")


def _is_built() -> bool:
    try:
        return base.current() is not None and (build.plan().prefix / "build.json").is_file()
    except ArtifactError:
        return False  # the compiler or the port is not there; other rows say so


def findings(needed: int) -> list[Finding]:
    """Every row, in the order shown."""
    first = [system(), distribution(), python(), *system_packages(), root(), cores(), memory()]
    machine = [disk(needed), namespaces(), user_namespaces(), tun(), kvm(), runtimes(), engines()]
    return [*first, *machine, source(), library()]


def steps() -> list[Step]:
    """What `reproduce-all` consists of. Minutes and sizes: bare Debian 12, 2 cores, smoke."""
    return [
        Step("setup", "setup", 2, 1_700_000_000, packages.is_set_up),
        Step(
            "fetch",
            "reproduce smoke: fetch",
            0.5,
            1_600_000_000,
            lambda: base.current() is not None,
        ),
        Step("build", "reproduce smoke: build", 8, 700_000_000, _is_built),
        Step("measure, notebooks, report (smoke)", "reproduce-all smoke", 8, 300_000_000, _never),
    ]


def _never() -> bool:
    return False


def _left(step: Step) -> str:
    if step.done():
        return "done"
    last = ui.durations().get(step.duration_key)
    return ui.duration(last) if last is not None else f"about {step.minutes:g} min"


def run() -> None:
    """Print both tables and whether the main job can run."""
    plan = steps()
    needed = sum(step.size for step in plan if not step.done())
    rows = findings(needed)
    cells = [[row.what, row.state, row.found, row.consequence] for row in rows]
    ui.table("this machine", ["what", "", "found", "skipped or stopped by it"], cells)
    times = [[s.task, _left(s), "" if s.done() else f"{s.size / 1e9:.1f} GB"] for s in plan]
    ui.table("what is left to do", ["step", "time", "disk"], times)
    stops = [row.what for row in rows if row.state is State.STOP]
    if stops:
        ui.say(f"not ready: {', '.join(stops)}; as root ./bootstrap sets up what it can")
    else:
        ui.say("ready: invoke reproduce-all --profile smoke")
