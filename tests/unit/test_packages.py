# SPDX-License-Identifier: GPL-2.0-only
"""The table of system packages and what set-up makes of it."""

from pathlib import Path

import pytest

from artifact import packages, setup
from artifact.errors import ArtifactError
from artifact.packages import Feature, Package


def test_the_table_is_valid_and_names_no_package_twice() -> None:
    names = [p.apt for f in packages.read(running="bookworm") for p in f.packages]
    assert len(names) == len(set(names))
    assert {"gcc", "python3-venv", "iproute2"} <= set(names)


def test_an_entry_for_another_suite_is_left_out(tmp_path: Path) -> None:
    table = tmp_path / "packages.toml"
    table.write_text(
        '[a]\npurpose = "p"\nrequired = true\n'
        'packages = [{ apt = "x", why = "w", only = ["trixie"] }, { apt = "y", why = "w" }]\n'
    )
    assert [p.apt for p in packages.read(table, "bookworm")[0].packages] == ["y"]
    assert [p.apt for p in packages.read(table, "trixie")[0].packages] == ["x", "y"]


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "packages.toml"
    table.write_text(
        '[a]\npurpose = "p"\nrequired = true\npackages = [{ apt = "x", why = "w", sort = 1 }]\n'
    )
    with pytest.raises(ArtifactError, match="bad entry"):
        packages.read(table, "")


def _on_path(monkeypatch: pytest.MonkeyPatch, directory: Path, script: str) -> None:
    program = directory / "dpkg-query"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    (directory / "apt-get").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(directory), prepend=":")


def test_installed_counts_providers_but_not_removed_packages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    listing = (
        "pkgconf installed pkg-config (= 1.8), pkg-config:any\\ngcc config-files\\nmake installed"
    )
    _on_path(monkeypatch, tmp_path, f"printf '{listing}\\n'")
    assert packages.installed(["pkg-config", "gcc", "make", "bc"]) == {"pkg-config", "make"}


def test_set_up_is_needed_again_when_the_table_or_the_system_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stamp = tmp_path / "setup.json"
    lacking: list[Package] = []
    monkeypatch.setattr(packages, "missing", lambda _: lacking)
    assert not packages.is_set_up(stamp)
    packages.write_stamp(["crun"], stamp)
    assert packages.is_set_up(stamp)
    lacking.append(Package("crun", "w"))
    assert packages.is_set_up(stamp)
    lacking.append(Package("gcc", "w"))
    assert not packages.is_set_up(stamp)
    lacking.clear()
    stamp.write_text("{")
    assert not packages.is_set_up(stamp)


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        ("E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by 7", "another apt"),
        ("Err:1 Temporary failure resolving 'mirror'", "cannot be reached"),
        ("E: You don't have enough free space in /var/cache/apt/archives/.", "no space"),
        ("E: The repository 'x' does not have a Release file.", "lacks what"),
    ],
)
def test_apt_failures_are_explained(output: str, cause: str) -> None:
    known = setup.explain(output)
    assert known is not None
    assert cause in known[0]


def test_an_unknown_apt_failure_is_not_explained_away() -> None:
    assert setup.explain("E: something new") is None


def test_without_root_the_command_and_the_consequences_are_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    gcc, crun = Package("gcc", "compiles"), Package("crun", "runs")
    features = [
        Feature("kernel", "invoke build", True, (gcc,)),
        Feature("coldstart", "invoke coldstart", False, (crun,)),
    ]
    monkeypatch.setattr(packages, "read", lambda: features)
    monkeypatch.setattr(packages, "missing", lambda _: [gcc, crun])
    monkeypatch.setattr(packages, "has_apt", lambda: True)
    monkeypatch.setattr(packages, "STAMP", tmp_path / "setup.json")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    setup.system_packages()
    shown = capsys.readouterr().out
    assert "apt-get install --yes --no-install-recommends gcc crun" in shown
    assert "until then this stops with an error: invoke build (lacks gcc)" in shown
    assert "until then this is skipped: invoke coldstart (lacks crun)" in shown
    assert not (tmp_path / "setup.json").exists()
