# SPDX-License-Identifier: GPL-2.0-only
"""The suite on its own: what the page about it says holds, and a wheel has all it needs."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from artifact import paths
from artifact.conformance import console
from artifact.conformance.duts.external import Config

PAGE = (paths.REPO / "docs" / "own_stack.md").read_text()
COMMAND = re.compile(r"^ukconform (.+?)(?: +#.*)?$", re.MULTILINE)


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
def test_descriptions_of_the_page_are_right(text: str) -> None:
    assert Config.model_validate(tomllib.loads(text))


def test_the_page_has_all_keys_and_their_defaults() -> None:
    table = PAGE.partition("## All keys")[2]
    named = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE))))
    assert named == set(Config.model_fields)
    assert Config.model_fields["patience"].default == 10
    assert Config.model_fields["jobs"].default == 4


@pytest.mark.parametrize("words", sorted(set(COMMAND.findall(PAGE))))
def test_commands_of_the_page_are_understood(words: str) -> None:
    assert console._parser().parse_args(words.split())


def test_a_wheel_is_complete(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("artifact", "pyproject.toml", "LICENSE", "README.md"):  # builds leave things there
        (tree / name).symlink_to(paths.REPO / name)
    subprocess.run([*build, "--wheel-dir", tmp_path, tree], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)
        entry = next(name for name in packed.namelist() if name.endswith("entry_points.txt"))
        assert "ukconform = artifact.conformance.console:main" in packed.read(entry).decode()
    argv = [sys.executable, "-c", "from artifact.conformance.console import main; main()"]
    env = {"PYTHONPATH": str(site), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    words = ["run", "--dut", "mutant", "--case", "IC-8.1"]
    done = subprocess.run(
        [*argv, *words], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(tmp_path.glob("conformance-results/*/conformance/index.html"))
    for file in ("duts/dut.h", "duts/gvisor.go", "duts/seastar.cc"):
        assert (site / "artifact" / "csrc" / file).is_file()
