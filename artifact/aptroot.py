# SPDX-License-Identifier: GPL-2.0-only
"""Packages of any suite, through the machine's own mirror, without touching the machine's apt.

A `PrivateApt` is an apt with its own sources.list, lists, cache and dpkg status, all below one
directory. Network settings (proxies, credentials) still come from the machine's apt
configuration, and every index is verified against the distribution's keyring. The mirror is
read from apt itself, so no host name is written in this repository.

Sources: apt-get(8), sources.list(5), apt.conf(5).
"""

import hashlib
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from artifact import proc
from artifact.errors import ArtifactError, Unavailable
from artifact.paths import CACHE
from artifact.proc import Completed

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
MIRROR_ENV = "UK_APT_MIRROR"


def host_codename() -> str:
    """The suite this machine runs, from os-release(5); Unavailable on anything but Debian."""
    try:
        release = platform.freedesktop_os_release()
    except OSError as error:
        raise Unavailable(f"no os-release file here ({error})", "use Debian 12 or 13") from error
    codename = release.get("VERSION_CODENAME", "")
    if release.get("ID") != "debian" or not codename:
        raise Unavailable(
            f"this is {release.get('ID', 'an unknown system')}, not Debian",
            "use Debian 12 or 13 (the Vagrantfile makes one)",
        )
    return codename


def mirror() -> str:
    """URI of the package mirror this machine is configured with ($UK_APT_MIRROR overrides)."""
    override = os.environ.get(MIRROR_ENV, "")
    if override:
        return override
    proc.need("apt-get", "apt")
    codename = host_codename()
    # --no-release-info also lists sources that were never downloaded (a fresh chroot).
    listing = proc.run(
        [
            "apt-get",
            "indextargets",
            "--no-release-info",
            "--format",
            "$(RELEASE) $(COMPONENT) $(REPO_URI)",
            "Created-By: Packages",
        ]
    ).stdout
    return pick_mirror(listing, codename)


def pick_mirror(listing: str, codename: str) -> str:
    """The URI that serves `codename` main in lines of `RELEASE COMPONENT URI`."""
    for line in listing.splitlines():
        fields = line.split(None, 2)
        if len(fields) == 3 and fields[:2] == [codename, "main"]:
            return fields[2]
    raise Unavailable(
        f"apt has no source for {codename} main on this machine",
        f"add one to its sources, or set {MIRROR_ENV} to a mirror's address",
    )


@dataclass(frozen=True)
class Remote:
    """One file that apt would fetch, as `--print-uris` announces it."""

    name: str
    size: int
    algorithm: str
    digest: str

    def matches(self, path: Path) -> bool:
        """Whether `path` is this file, complete and unaltered."""
        if not path.is_file() or path.stat().st_size != self.size:
            return False
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, self.algorithm).hexdigest() == self.digest


def parse_uris(text: str) -> list[Remote]:
    """Files in the output of `apt-get --print-uris`: lines of `'URI' NAME SIZE HASH:DIGEST`."""
    found = []
    for line in text.splitlines():
        if not line.startswith("'"):
            continue  # remarks such as "Need to get ..."
        fields = line.split()
        algorithm, _, digest = fields[-1].partition(":")
        if len(fields) != 4 or not digest or algorithm.lower() not in hashlib.algorithms_available:
            raise ArtifactError(f"apt announced a file without a usable hash: {line}")
        found.append(Remote(fields[1], int(fields[2]), algorithm.lower(), digest.lower()))
    return found


class PrivateApt:
    """An apt of one suite under its own directory.

    suite: "trixie", "bookworm-backports", ...; components: ("main",), ("main", "non-free"), ...
    root: where its state lives (default CACHE/apt/<suite>-<components>); safe to delete.
    """

    def __init__(
        self,
        suite: str,
        components: Sequence[str] = ("main",),
        *,
        root: Path | None = None,
        uri: str | None = None,
    ) -> None:
        self.suite = suite
        self.components = tuple(components)
        self.root = root or CACHE / "apt" / "-".join((suite, *self.components))
        self._uri = uri

    @property
    def log(self) -> Path:
        """Where the output of apt goes."""
        return self.root / "apt.log"

    def update(self) -> None:
        """Bring the signed indexes; ArtifactError if the mirror is silent or not signed."""
        if not KEYRING.exists():
            raise Unavailable(f"{KEYRING} is missing", "apt-get install debian-archive-keyring")
        for directory in ("lists/partial", "archives/partial", "empty"):
            (self.root / directory).mkdir(parents=True, exist_ok=True)
        (self.root / "status").touch()
        (self.root / "sources.list").write_text(self.sources_list(), encoding="utf-8")
        self._apt_get("update")

    def sources_list(self) -> str:
        """The text of its sources.list."""
        where = f"{self._uri or mirror()} {self.suite} {' '.join(self.components)}"
        options = f"[signed-by={KEYRING}]"
        return f"deb {options} {where}\ndeb-src {options} {where}\n"

    def version(self, package: str) -> str:
        """Candidate version of a binary package; ArtifactError if the suite has none."""
        shown = proc.run(
            ["apt-cache", *self.options(), "show", "--no-all-versions", package], check=False
        )
        for line in shown.stdout.splitlines():
            if line.startswith("Version: "):
                return line.removeprefix("Version: ").strip()
        raise ArtifactError(f"no package {package} in {self.suite}", "check the name and the suite")

    def download(self, package: str, directory: Path) -> Path:
        """Bring one .deb into `directory`, verify its hash and return its path."""
        return self._bring(package, directory, "download")[0]

    def source(self, package: str, directory: Path) -> list[Path]:
        """Bring a source package's tarballs (and its .dsc, where the mirror has it), verified.

        Nothing is unpacked. Some mirrors serve tarballs but no .dsc; every hash comes from
        the signed index, so the .dsc adds nothing that we need.
        """
        return self._bring(package, directory, "source", "--download-only")

    def _bring(self, package: str, directory: Path, *words: str) -> list[Path]:
        directory.mkdir(parents=True, exist_ok=True)
        announced = proc.run(
            ["apt-get", *self.options(), "--quiet=2", "--print-uris", *words, package], check=False
        )
        remotes = parse_uris(announced.stdout)
        if announced.returncode != 0 or not remotes:
            raise ArtifactError(
                f"no package {package} in {self.suite}: {announced.stderr.strip() or 'no file'}",
                "check the name and the suite",
            )
        done = self._apt_get(*words, package, cwd=directory, check=False)
        good = [directory / r.name for r in remotes if r.matches(directory / r.name)]
        bad = [r.name for r in remotes if directory / r.name not in good]
        if [name for name in bad if not name.endswith(".dsc")]:
            last = (done.stdout.strip().splitlines() or ["no output"])[-1]
            raise ArtifactError(
                f"could not fetch {', '.join(bad)}: {last}", f"full log: {self.log}; run again"
            )
        return good

    def options(self) -> list[str]:
        """Command-line options that point apt at this root; they win over every file."""
        root = self.root
        pairs = {
            "Dir::Etc::sourcelist": root / "sources.list",
            "Dir::Etc::sourceparts": root / "empty",
            "Dir::Etc::preferences": root / "preferences",
            "Dir::Etc::preferencesparts": root / "empty",
            "Dir::State": root,
            "Dir::State::lists": root / "lists",
            "Dir::State::status": root / "status",
            "Dir::State::extended_states": root / "extended_states",
            "Dir::Cache": root,
            "Dir::Cache::archives": root / "archives",
            "Acquire::Languages": "none",
            "APT::Update::Post-Invoke-Success::": "",
            # The cache is in a home directory that the _apt user may not enter.
            "APT::Sandbox::User": "root",
        }
        return [word for key, value in pairs.items() for word in ("-o", f"{key}={value}")]

    def _apt_get(self, *words: str, cwd: Path | None = None, check: bool = True) -> Completed:
        argv = ["apt-get", *self.options(), "--assume-yes", "--quiet=2", *words]
        env = {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
        return proc.run(argv, log=self.log, cwd=cwd, env=env, check=check)
