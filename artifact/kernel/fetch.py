# SPDX-License-Identifier: GPL-2.0-only
"""`invoke fetch`: bring the kernel source the port is based on.

From the distribution's source package where there is apt (private apt root, so the machine's
own apt configuration stays as it is), else kernel.org's tarball with a pinned SHA-256. The
tree is unpacked under a temporary name and renamed when it is whole.
"""

import fcntl
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from subprocess import Popen
from typing import IO

from artifact import aptroot, paths, proc, ui
from artifact.errors import ArtifactError, Unavailable
from artifact.kernel import base, download
from artifact.kernel.base import Base, Source

URL_VARIABLE = "UK_KERNEL_URL"
NEEDED_BYTES = 2_500_000_000
CHUNK = 1_000_000


@contextmanager
def locked(name: Path) -> Iterator[None]:
    """Let one process at a time work on what `name` protects; says so when it has to wait."""
    name.parent.mkdir(parents=True, exist_ok=True)
    with name.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            ui.say(f"waiting for another process to release {name}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def check_space(directory: Path, needed: int, what: str) -> None:
    """ArtifactError unless `needed` bytes are free where `directory` is."""
    directory.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise ArtifactError(
            f"{free / 1e9:.1f} GB free in {directory}, {what} needs {needed / 1e9:.1f} GB",
            "free some space or set XDG_CACHE_HOME",
        )


def _feed(source: IO[bytes], sink: IO[bytes], title: str, total: int) -> None:
    with ui.progress(title, round(total / 1e6)) as bar:
        while chunk := source.read(CHUNK):
            sink.write(chunk)
            bar.advance(len(chunk) / 1e6, "MB")


def _unpack(source: IO[bytes], total: int, directory: Path) -> None:
    """Unpack an .tar.xz stream of about `total` bytes into `directory`, top level removed."""
    proc.need("xz", "xz-utils")
    argv = ["tar", "-C", str(directory), "--strip-components=1", "--no-same-owner", "-xJf", "-"]
    log = paths.CACHE / "log" / "unpack.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("wb") as errors,
        proc.spawn(argv, stdin=subprocess.PIPE, stderr=errors) as tar,
    ):
        assert tar.stdin is not None
        try:
            _feed(source, tar.stdin, "unpack", total)
            tar.stdin.close()
        except BrokenPipeError:
            tar.stdin = None  # tar has ended early and says below why
        code = tar.wait()
    if code != 0:
        last = (log.read_text(errors="replace").strip().splitlines() or ["no message"])[-1]
        raise ArtifactError(f"cannot unpack the kernel source: {last}", f"log: {log}")


def _keep(unpacked: Path, origin: str) -> Source:
    """Move a whole tree to its final place, named by the version it has."""
    version = base.tree_version(unpacked)
    final = base.SOURCES / version / base.TREE
    shutil.rmtree(final, ignore_errors=True)
    final.parent.mkdir(parents=True, exist_ok=True)
    unpacked.rename(final)
    return Source(version, origin, final)


@contextmanager
def _unpacking() -> Iterator[Path]:
    """A directory to unpack into; what stays in it is removed, now or at the next start."""
    for left in base.SOURCES.glob("unpack-*"):
        shutil.rmtree(left, ignore_errors=True)
    directory = base.SOURCES / f"unpack-{os.getpid()}"
    directory.mkdir(parents=True)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


class _Watch:
    """Shows how a file grows while something else writes it."""

    def __init__(self, directory: Path, total: int) -> None:
        self._directory, self._total = directory, total
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _show(self) -> None:
        shown = 0
        with ui.progress("download", round(self._total / 1e6)) as bar:
            while not self._stop.wait(0.5):
                sizes = [file.stat().st_size for file in self._directory.glob("*.deb")]
                now = max(sizes, default=0)
                bar.advance(round(max(0, now - shown) / 1e6), "MB")
                shown = max(now, shown)


def suites(pins: Base) -> list[str]:
    """The suites that may have the source package, most fitting first."""
    running = aptroot.host_codename()
    named = [suite.replace("{running}", running) for suite in pins.suites]
    return [*dict.fromkeys(named)]


def _from_package(pins: Base) -> Source:
    """The distribution's source package, from the first suite that has it."""
    proc.need("apt-get", "apt")
    proc.need("dpkg-deb", "dpkg")
    reasons = []
    for suite in suites(pins):
        apt = aptroot.PrivateApt(suite)
        try:
            apt.update()
            version = apt.version(pins.package)
        except Unavailable:
            raise
        except ArtifactError as error:
            reasons.append(f"{suite}: {error.what}")
            continue
        ui.say(f"fetch: {pins.package} {version} from {suite}")
        return _unpack_package(pins, apt, f"{suite}: {pins.package} {version}")
    raise Unavailable(f"no suite has {pins.package}: {' / '.join(reasons)}")


def _member(outer: Popen[bytes], member: str) -> AbstractContextManager[Popen[bytes]]:
    """The contents of one file of the tar archive that `outer` prints."""
    assert outer.stdout is not None
    argv = ["tar", "-xOf", "-", f"./{member}"]
    return proc.spawn(argv, stdin=outer.stdout, stdout=subprocess.PIPE)


def _unpack_package(pins: Base, apt: aptroot.PrivateApt, origin: str) -> Source:
    downloads = base.SOURCES / "download"
    downloads.mkdir(parents=True, exist_ok=True)
    with _Watch(downloads, 153_500_000):
        deb = apt.download(pins.package, downloads)
    with (
        _unpacking() as directory,
        proc.spawn(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as outer,
        _member(outer, pins.member) as inner,
    ):
        assert inner.stdout is not None
        _unpack(inner.stdout, deb.stat().st_size, directory)
        source = _keep(directory, origin)
    deb.unlink()
    return source


def _from_tarball(pins: Base, url: str) -> Source:
    """The pinned tarball, from kernel.org or from the given base address."""
    name = f"linux-{pins.tarball_version}.tar.xz"
    where = f"{url.rstrip('/')}/{name}"
    ui.say(f"fetch: {where}")
    tarball = download.fetch(where, pins.tarball_sha256, base.SOURCES / "download" / name)
    with _unpacking() as directory, tarball.open("rb") as stream:
        _unpack(stream, tarball.stat().st_size, directory)
        source = _keep(directory, f"{where} sha256 {pins.tarball_sha256}")
    tarball.unlink()
    return source


def _bring(pins: Base, url: str) -> Source:
    if url:
        return _from_tarball(pins, url)
    try:
        return _from_package(pins)
    except Unavailable as reason:
        ui.say(f"fetch: not through apt ({reason}); taking the tarball")
        return _from_tarball(pins, pins.tarball_url)


def run(url: str = "", update: bool = False) -> Source:
    """The pristine kernel tree, fetched if it is not in the cache yet.

    url: directory of a kernel.org-style mirror to take the pinned tarball from ($UK_KERNEL_URL);
    update: ask the distribution for a newer point release even when a tree is there.
    """
    pins = base.read()
    address = url or os.environ.get(URL_VARIABLE, "")
    with locked(base.SOURCES / "lock"):
        source = base.current()
        if source is not None and not update and not _other(source, address, pins):
            ui.say(f"fetch: Linux {source.version} is here ({source.origin})")
            return source
        check_space(base.SOURCES, NEEDED_BYTES, "the kernel source")
        source = _bring(pins, address)
        if not source.version.startswith(pins.series + "."):
            raise ArtifactError(
                f"got Linux {source.version}, the port is for {pins.series}", "correct BASE.toml"
            )
        base.note(source)
    ui.say(f"fetch: Linux {source.version} in {source.tree}")
    return source


def _other(source: Source, address: str, pins: Base) -> bool:
    """Whether an address was given and the tree that is here is not the one it would bring."""
    return bool(address) and source.version != pins.tarball_version
