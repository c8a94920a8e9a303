# SPDX-License-Identifier: GPL-2.0-only
"""`invoke setup`: system packages by apt, the Python environment from its pins.

Asks nothing, says what it installs and why, and does nothing when everything is there.
Without root it prints the command for root and names what does not work until then.
"""

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from artifact import live, packages, paths, proc, pyenv, ui
from artifact.errors import ArtifactError
from artifact.packages import Feature, Package

LOG = paths.CACHE / "log" / "apt.log"
LOCK_WAIT_S = 60
# What the whole table takes on a bare system (measured with apt's own estimate), with a margin.
NEEDED_BYTES = 1_600_000_000
APT_ENV = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}

_CAUSES = (  # what apt says -> what that means; the first match counts
    (r"Could not get lock|Unable to acquire the dpkg", "another apt is running", "wait for it"),
    (r"No space left|enough free space", "no space left on the device", "free some space"),
    (
        r"failure resolving|ould not (resolve|connect)|Network is unreachable|Connection (ref|tim)",
        "the package mirror cannot be reached",
        "check the network and apt's sources",
    ),
    (
        r"does not have a Release file|404 +Not Found",
        "the package mirror lacks what apt's sources name",
        "correct apt's sources",
    ),
    (r"NO_PUBKEY|not signed", "the package mirror's signature is not trusted", "check its keyring"),
)


def explain(output: str) -> tuple[str, str] | None:
    """Cause and remedy of a failed apt-get, or None when the output names none we know."""
    for pattern, cause, remedy in _CAUSES:
        if re.search(pattern, output):
            return cause, remedy
    return None


def install_command(names: Sequence[str]) -> list[str]:
    """The command that installs these packages; also what users without root are shown."""
    return ["apt-get", "install", "--yes", "--no-install-recommends", *names]


def _apt(words: Sequence[str], title: str, total: int | None = None) -> None:
    start = LOG.stat().st_size if LOG.exists() else 0
    with ui.progress(title, total) as bar:

        def each(line: str) -> None:
            seen = re.match(r"(Unpacking|Setting up) (\S+)", line)
            if seen:
                bar.advance(1, seen[2])

        command = ["apt-get", "-o", f"DPkg::Lock::Timeout={LOCK_WAIT_S}", *words[1:]]
        try:
            live.follow(command, log=LOG, what=title, each=each, env=APT_ENV)
        except ArtifactError as error:
            with LOG.open(encoding="utf-8") as log:
                log.seek(start)
                known = explain(log.read())
            if known is None:
                raise
            cause, remedy = known
            raise ArtifactError(f"{title} failed: {cause}", f"{remedy} (log: {LOG})") from error


def _have_lists() -> bool:
    return any(Path("/var/lib/apt/lists").glob("*_Packages*"))


def _candidates(names: Sequence[str]) -> set[str]:
    """Those packages that apt could install from its present lists."""
    shown = proc.run(["apt-cache", "policy", *names], env=APT_ENV).stdout
    found, current = set(), ""
    for line in shown.splitlines():
        if line and not line.startswith(" "):
            current = line.rstrip(":")
        elif line.strip().startswith("Candidate:") and "(none)" not in line:
            found.add(current)
    return found


def _split(wanted: Sequence[Package], features: Sequence[Feature]) -> tuple[list[str], list[str]]:
    """Names that can be installed, and optional ones that this suite does not have."""
    here = _candidates([p.apt for p in wanted])
    absent = [p.apt for p in wanted if p.apt not in here]
    needed = {p.apt for f in features if f.required for p in f.packages}
    lacking = sorted(needed.intersection(absent))
    if lacking:
        raise ArtifactError(
            f"apt knows no package {', '.join(lacking)}", "check apt's sources (main is needed)"
        )
    return [p.apt for p in wanted if p.apt in here], absent


def _install(wanted: Sequence[Package], features: Sequence[Feature]) -> list[str]:
    """Install as root; returns the names that this suite does not have."""
    free = shutil.disk_usage("/usr").free
    if free < NEEDED_BYTES:
        raise ArtifactError(
            f"{free / 1e9:.1f} GB free in /usr, the system packages need up to "
            f"{NEEDED_BYTES / 1e9:.1f} GB",
            "free some space",
        )
    fresh = not _have_lists()
    if fresh:
        _apt(["apt-get", "update"], "apt-get update (there are no package lists)")
    names, absent = _split(wanted, features)
    for attempt in ("first", "last"):
        try:
            _apt(install_command(names), "apt-get install", None)
            break
        except ArtifactError as error:
            # Lists that are out of date name files which the mirror no longer has.
            if attempt == "last" or fresh or "lacks what" not in str(error):
                raise
            _apt(["apt-get", "update"], "apt-get update (the package lists are out of date)")
    return absent


def _explain_need(wanted: Sequence[Package], features: Sequence[Feature]) -> None:
    for feature in features:
        lacking = [p for p in feature.packages if p in wanted]
        if lacking:
            ui.say(f"{feature.name}: {feature.purpose}")
            width = max(len(p.apt) for p in lacking)
            for package in lacking:
                ui.say(f"  {package.apt:<{width}}  {package.why}")


def _for_root(wanted: Sequence[Package], features: Sequence[Feature]) -> None:
    """What a user without root can do, and what does not work until it is done."""
    names = [p.apt for p in wanted]
    ui.say("not root, so nothing was installed; as root run:")
    ui.say("  " + " ".join(install_command(names)))
    for feature in features:
        lacking = [p.apt for p in feature.packages if p in wanted]
        if lacking:
            word = "stops with an error" if feature.required else "is skipped"
            ui.say(f"until then this {word}: {feature.purpose} (lacks {', '.join(lacking)})")


def _by_hand(wanted: Sequence[Package]) -> None:
    ui.say("no apt here; install these programs with your system's own tools:")
    for package in wanted:
        ui.say(f"  {package.tool}  {package.why}")


def system_packages() -> None:
    """Bring the system packages of packages.toml that are not here yet."""
    features = packages.read()
    wanted = packages.missing(features)
    absent: list[str] = []
    if wanted:
        _explain_need(wanted, features)
    if not wanted:
        ui.say("system packages: all here")
    elif not packages.has_apt():
        _by_hand(wanted)
        return
    elif os.geteuid() != 0:
        _for_root(wanted, features)
        return
    else:
        absent = _install(wanted, features)
        ui.say(f"system packages: {len(wanted) - len(absent)} installed")
    for name in absent:
        ui.say(f"system packages: this suite has no {name}; what needs it is skipped")
    packages.write_stamp(absent)


def python_environment() -> None:
    """Bring the Python environment of the present pins and link it as .venv."""
    directory = pyenv.create(pyenv.read_pins())
    pyenv.link(directory)
    ui.say(f"python environment: {directory}")


def run() -> None:
    """Set up everything that is not set up yet."""
    system_packages()
    python_environment()
