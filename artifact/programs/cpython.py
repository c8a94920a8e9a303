# SPDX-License-Identifier: GPL-2.0-only
"""CPython's own regression tests, run by the image's Python under a given launcher."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from artifact import paths, ui
from artifact.images import builder, catalogue, tree
from artifact.images.builder import Built
from artifact.images.recipe import Form
from artifact.kernel.fetch import locked
from artifact.programs import cases
from artifact.programs.cases import Result
from artifact.programs.launcher import Launcher
from artifact.systems import leftovers

MODULES = (
    "test_json", "test_time", "test_select", "test_selectors", "test_mmap", "test_sqlite3",
    "test_threading", "test_socket", "test_ssl", "test_subprocess", "test_signal", "test_os",
)  # fmt: skip
INSIDE = "opt/cases/run_cases.py"
# What the tests ask of a system's /etc: a service by its name; no answer about a host soon.
FILES = {
    "etc/services": "ftp\t21/tcp\nssh\t22/tcp\ndomain\t53/tcp\ndomain\t53/udp\n"
    "http\t80/tcp\t\twww\nntp\t123/udp\nhttps\t443/tcp\n",
    "etc/resolv.conf": "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
}
HOME = paths.CACHE / "images"
LAYOUT = 2


def root() -> Path:
    """Root directory with Python (public form), its tests, a shell, and our driver of the tests.

    The shell is busybox, because subprocess and os.popen call /bin/sh.
    """
    python = catalogue.image("python", Form.PUBLIC)
    shell = catalogue.image("busybox", Form.PUBLIC)
    parts = [python.directory.name, shell.directory.name, cases.PROGRAM.read_text(), FILES, LAYOUT]
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
    final = HOME / f"python-tests-{key}"
    with locked(HOME / "python-tests.lock"):
        if not final.is_dir():
            part = HOME / f"{leftovers.prefix()}python-tests"
            try:
                _assemble(python, shell, part / "rootfs")
                part.rename(final)
            finally:
                shutil.rmtree(part, ignore_errors=True)
        builder.prune(final)
    return final / "rootfs"


def _assemble(python: Built, shell: Built, root: Path) -> None:
    for source in (shell.rootfs, python.rootfs, python.layer("tests")):
        shutil.copytree(source, root, symlinks=True, dirs_exist_ok=True)
    (root / INSIDE).parent.mkdir(parents=True)
    shutil.copyfile(cases.PROGRAM, root / INSIDE)
    for name, text in FILES.items():
        (root / name).write_text(text)
    tree.settle(root)


def run(
    launcher: Launcher, modules: Sequence[str] = MODULES, *, timeout: float = cases.CASE_TIMEOUT_S
) -> Iterator[Result]:
    """Results of every case of the modules, as they come; each module in a process of its own."""
    directory = root()
    argv = [*launcher(directory), "/usr/bin/python3", "-B", f"/{INSIDE}"]
    log = paths.CACHE / "log" / "cpython-tests.log"
    log.unlink(missing_ok=True)
    with ui.progress("CPython's tests", len(modules)) as bar:
        for module in modules:
            yield from cases.run(argv, f"test.{module}", log, timeout)
            bar.advance(1, module)
