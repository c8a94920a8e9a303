# SPDX-License-Identifier: GPL-2.0-only
"""`invoke fresh`: the README's commands on a bare Debian, in a chroot that is then thrown away.

The chroot is what mmdebstrap's minbase variant gives: no Python, no compiler, no git. It gets
a copy of the checkout without its history, and of this machine's configuration only what any
machine here would need to reach its package mirrors: resolver, apt and pip settings, the
certificate bundle. The commands run in their own mount and PID namespaces, so however they
end, no mount and no process stays (mount_namespaces(7), pid_namespaces(7)).
"""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from artifact import aptroot, paths, proc, ui
from artifact.errors import ArtifactError, Unavailable

SUITES = ("bookworm", "trixie")
HOME = paths.CACHE / "fresh"
CERTIFICATES = "/etc/ssl/host-certificates.crt"
# Variables by which programs are told where the certificate bundle is.
CERTIFICATE_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
PASSED_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "PIP_DEFAULT_TIMEOUT", "CI")
NOT_COPIED = (".git", ".venv", "results", "__pycache__", ".mypy_cache", ".ruff_cache")
NEEDED_BYTES = 12_000_000_000

# Runs as the first process of the new PID namespace; $1 is the chroot, the rest the command.
INSIDE = """
set -eu
root=$1; shift
mount --make-rprivate /
mount --bind "$root" "$root"  # container runtimes refuse a root that is no mount point
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
exec chroot "$root" "$@"
"""


def _base(suite: str) -> Path:
    """Tarball of the bare system, made once per suite."""
    tarball = HOME / f"{suite}.tar"
    if tarball.is_file():
        return tarball
    mmdebstrap = proc.need("mmdebstrap", "mmdebstrap")
    HOME.mkdir(parents=True, exist_ok=True)
    part = HOME / f"{suite}.{os.getpid()}.tar"
    with ui.step(f"fresh: mmdebstrap {suite}"):
        try:
            log = paths.CACHE / "log" / f"mmdebstrap-{suite}.log"
            proc.run([mmdebstrap, "--variant=minbase", suite, part, aptroot.mirror()], log=log)
            part.replace(tarball)
        finally:
            part.unlink(missing_ok=True)
    return tarball


def _sweep() -> None:
    """Remove chroots of processes that were killed; nothing is mounted there any more."""
    for left in HOME.glob("run-*"):
        owner = left.name.removeprefix("run-")
        if owner.isdigit() and not Path("/proc", owner).exists():
            shutil.rmtree(left, ignore_errors=True)


def _apt_settings() -> str:
    """The Acquire settings by which apt reaches its mirrors on this machine."""
    dump = proc.run(["apt-config", "dump", "Acquire"]).stdout
    kept = re.compile(r"Acquire::(Check-|Retries|http|https|ForceIPv4)", re.IGNORECASE)
    return "\n".join(line for line in dump.splitlines() if kept.match(line)) + "\n"


def _pip_setting(name: str) -> str:
    """A setting of this machine's pip; empty when it has none."""
    argv = [sys.executable, "-m", "pip", "config", "get", f"global.{name}"]
    return proc.run(argv, check=False).stdout.strip()


def _configure(root: Path) -> dict[str, str]:
    """Give the chroot this machine's way to its mirrors; returns variables for its commands."""
    for name in ("resolv.conf", "hosts"):
        shutil.copyfile(Path("/etc", name), root / "etc" / name)
    (root / "etc/apt/apt.conf.d/99host").write_text(_apt_settings())
    env = {name: os.environ[name] for name in PASSED_VARIABLES if name in os.environ}
    if index := os.environ.get("PIP_INDEX_URL") or _pip_setting("index-url"):
        env["PIP_INDEX_URL"] = index
    bundle = Path(os.environ.get("SSL_CERT_FILE") or "/etc/ssl/certs/ca-certificates.crt")
    if bundle.is_file():
        target = root / CERTIFICATES.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(bundle, target)
        env.update(dict.fromkeys(CERTIFICATE_VARIABLES, CERTIFICATES))
    return env


def _copy_checkout(target: Path) -> None:
    """Copy the checkout: what git would commit, or everything where there is no git."""
    listed = proc.run(
        ["git", "-C", paths.REPO, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=False,
    )
    if listed.returncode != 0:
        shutil.copytree(paths.REPO, target, ignore=shutil.ignore_patterns(*NOT_COPIED))
        return
    for name in filter(None, listed.stdout.split("\0")):
        source, copy = paths.REPO / name, target / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy, follow_symlinks=False)


@contextmanager
def chroot(suite: str, keep: bool = False) -> Iterator[tuple[Path, dict[str, str]]]:
    """A bare system with the checkout in /root/artifact, and the environment of its commands."""
    _sweep()
    root = HOME / f"run-{os.getpid()}"
    tarball = _base(suite)
    root.mkdir(parents=True)
    try:
        proc.run(["tar", "-C", root, "--numeric-owner", "-xf", tarball])
        env = {"HOME": "/root", "LANG": "C.UTF-8", "TERM": os.environ.get("TERM", "dumb")}
        env["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        env.update(_configure(root))
        _copy_checkout(root / "root/artifact")
        yield root, env
    finally:
        if keep:
            ui.say(f"kept: {root}")
        else:
            shutil.rmtree(root, ignore_errors=True)


def _enter(root: Path, env: dict[str, str], words: list[str]) -> int:
    """Run a command in the chroot with our own standard streams; returns its exit code."""
    variables = [f"{name}={value}" for name, value in env.items()]
    command = 'cd /root/artifact && exec "$@"'
    argv = ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL"]
    argv += ["sh", "-c", INSIDE, "fresh", str(root)]
    argv += ["env", "-i", *variables, "sh", "-c", command, "sh", *words]
    with proc.spawn(argv, stdout=1, stderr=2) as child:
        return child.wait()


def run(suite: str = "bookworm", command: str = "test", keep: bool = False) -> None:
    """Run `./bootstrap COMMAND` on a bare system; several commands are separated by `;`.

    ArtifactError when one of them fails or the suite is unknown; `keep` leaves the chroot.
    """
    if suite not in SUITES:
        raise ArtifactError(f"unknown suite {suite!r}", f"choose {', '.join(SUITES)}")
    if os.geteuid() != 0:
        raise Unavailable("a chroot needs root", "run as root")
    paths.CACHE.mkdir(parents=True, exist_ok=True)
    if (free := shutil.disk_usage(paths.CACHE).free) < NEEDED_BYTES:
        raise ArtifactError(
            f"{free / 1e9:.1f} GB free in {paths.CACHE}, a fresh run needs "
            f"{NEEDED_BYTES / 1e9:.0f} GB",
            "free some space or set XDG_CACHE_HOME",
        )
    with chroot(suite, keep) as (root, env):
        for words in (shlex.split(part) for part in command.split(";")):
            with ui.step(f"fresh {suite}: ./bootstrap {shlex.join(words)}"):
                code = _enter(root, env, ["./bootstrap", *words])
                if code != 0:
                    raise ArtifactError(
                        f"./bootstrap {shlex.join(words)} failed in a bare {suite} "
                        f"(exit code {code})",
                        "its own error stands above",
                    )
