# SPDX-License-Identifier: GPL-2.0-only
"""The README's way in, on this machine. `invoke fresh` does it on a bare one."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from artifact import aptroot, packages, paths, proc

pytestmark = pytest.mark.system


def bootstrap(checkout: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["./bootstrap", *words],
        cwd=checkout,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what is needed to start, without git's directory."""
    copy = tmp_path / "copy"
    leave = shutil.ignore_patterns("__pycache__")
    shutil.copytree(paths.REPO / "artifact", copy / "artifact", ignore=leave)
    for name in ("bootstrap", "pyproject.toml", "tasks.py"):
        shutil.copy2(paths.REPO / name, copy / name)
    return copy


def test_a_copy_without_git_lists_its_tasks(checkout: Path) -> None:
    done = bootstrap(checkout)
    assert done.returncode == 0, done.stderr
    assert "reproduce-all" in done.stdout
    assert (checkout / ".venv").resolve().parent == paths.CACHE.resolve()


def test_setup_is_offered_once_and_then_silent(checkout: Path) -> None:
    if not packages.is_set_up():
        pytest.skip("system packages are not set up here: invoke setup")
    done = bootstrap(checkout, "unit", "--help")
    assert done.returncode == 0, done.stderr
    assert "setup" not in done.stderr


def test_an_unknown_task_is_one_line(checkout: Path) -> None:
    done = bootstrap(checkout, "reproduce-everything")
    assert done.returncode != 0
    assert "No idea what 'reproduce-everything' is" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    place = tmp_path / "small"
    place.mkdir()
    proc.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", place])
    yield place
    proc.run(["umount", place])


def test_a_full_disk_is_one_line_and_leaves_nothing(checkout: Path, small_disk: Path) -> None:
    done = bootstrap(checkout, XDG_CACHE_HOME=str(small_disk))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: 0.0 GB free in")
    left = [file.name for file in (small_disk / "ukontainer").iterdir()]
    assert left == ["venv.lock"]


def test_no_network_is_one_line(checkout: Path, tmp_path: Path) -> None:
    """An environment that has to be made, in a namespace without any network."""
    if os.geteuid() != 0:
        pytest.skip("a network namespace needs root")
    done = subprocess.run(
        ["unshare", "--net", "./bootstrap"],
        cwd=checkout,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PIP_RETRIES": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: pip install failed: the package index"), done.stderr
    assert "Traceback" not in done.stderr


def test_ci_runs_the_readme_command_and_nothing_else() -> None:
    lines = (paths.REPO / ".ci/run").read_text().splitlines()
    commands = [line for line in lines if line and not line.startswith("#")]
    assert commands == ['cd "$(dirname "$0")/.." || exit 1', "exec ./bootstrap test"]


def test_vagrant_accepts_the_vagrantfile(tmp_path: Path) -> None:
    if proc.which("vagrant") is None:
        pytest.skip("vagrant is not installed (apt package vagrant)")
    shutil.copy(paths.REPO / "Vagrantfile", tmp_path)
    env = {"VAGRANT_HOME": str(tmp_path / "home")}
    done = proc.run(["vagrant", "validate"], cwd=tmp_path, env=env, check=False)
    if "No usable default provider" in done.stderr:
        done = proc.run(
            ["vagrant", "validate", "--ignore-provider"], cwd=tmp_path, env=env, check=False
        )
    assert done.returncode == 0, done.stderr
    assert "validated successfully" in done.stdout


def _digest(*roots: Path) -> str:
    total = hashlib.sha256()
    for file in sorted(f for root in roots for f in root.rglob("*") if f.is_file()):
        total.update(f"{file}\0{file.stat().st_mtime_ns}\0".encode())
    return total.hexdigest()


def test_a_private_apt_leaves_the_machines_apt_alone(tmp_path: Path) -> None:
    if not packages.has_apt():
        pytest.skip("no apt here")
    machine = (Path("/etc/apt"), Path("/var/lib/apt"), Path("/var/cache/apt"))
    before = _digest(*machine)
    apt = aptroot.PrivateApt("trixie", root=tmp_path / "apt")
    apt.update()
    assert apt.version("linux-source-6.12").startswith("6.12.")
    assert _digest(*machine) == before
