# SPDX-License-Identifier: GPL-2.0-only
"""pyproject.toml is the only place of versions; everything else agrees with it."""

import re
from pathlib import Path

import pytest

from artifact import paths, pyenv
from artifact.errors import ArtifactError

REQUIRED = {"jupyterlab", "papermill", "nbconvert", "cffi", "scapy", "matplotlib", "invoke"}


def test_environment_yml_has_the_same_pins() -> None:
    text = (paths.REPO / "environment.yml").read_text()
    conda = re.findall(r"^ {6}- (\S+==\S+)$", text, re.MULTILINE)
    assert sorted(conda) == sorted(pyenv.read_pins().wanted)


def test_what_the_issue_asks_for_is_pinned() -> None:
    names = {pin.split("==")[0] for pin in pyenv.read_pins().wanted}
    assert names >= REQUIRED


def test_no_package_is_pinned_twice() -> None:
    pins = pyenv.read_pins()
    names = [pin.split("==")[0] for pin in (*pins.wanted, *pins.constraints)]
    assert len(names) == len(set(names))


def test_a_range_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(
        '[project]\ndependencies = ["numpy>=2"]\n[project.optional-dependencies]\ndev = []\n'
        "[tool.ukontainer]\nconstraints = []\n"
    )
    with pytest.raises(ArtifactError, match=r"numpy>=2.*not an exact pin"):
        pyenv.read_pins(file)


def test_changed_pins_make_another_environment() -> None:
    one = pyenv.Pins(("a==1",), ())
    assert pyenv.location(one) != pyenv.location(pyenv.Pins(("a==2",), ()))
    assert pyenv.location(one) == pyenv.location(pyenv.Pins(("a==1",), ()))


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        ("ERROR: Could not install: [Errno 28] No space left on device", "no space left"),
        (
            "x Failed to establish a new connection: y\nERROR: No matching distribution found",
            "reach",
        ),
        ("ERROR: No matching distribution found for numpy==99", "lacks one of the pinned"),
        ("something new\n\n", "something new"),
        ("", "no output"),
    ],
)
def test_pip_failures_are_explained(output: str, cause: str) -> None:
    assert cause in pyenv.explain(output)[0]


def test_link_replaces_an_old_link_but_not_a_directory(tmp_path: Path) -> None:
    name, first, second = tmp_path / ".venv", tmp_path / "one", tmp_path / "two"
    pyenv.link(first, name)
    pyenv.link(second, name)
    assert name.readlink() == second
    name.unlink()
    name.mkdir()
    pyenv.link(first, name)
    assert name.is_dir()
    assert not name.is_symlink()
