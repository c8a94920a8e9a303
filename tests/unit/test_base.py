# SPDX-License-Identifier: GPL-2.0-only
"""errors, paths, profiles: the smallest modules."""

from pathlib import Path

import pytest

from artifact import paths, profiles
from artifact.errors import ArtifactError, Unavailable


def test_an_error_is_one_line_with_its_remedy() -> None:
    error = ArtifactError("two\nlines  here", "do\nthis")
    assert str(error) == "two lines here; do this"
    assert str(ArtifactError("alone")) == "alone"


def test_an_unknown_profile_lists_the_names() -> None:
    with pytest.raises(ArtifactError, match="unknown profile 'big'; choose smoke, quick, paper"):
        profiles.get("big")


def test_more_effort_never_means_fewer_repeats() -> None:
    effort = [profiles.get(name) for name in ("smoke", "quick", "paper")]
    for field in ("coldstart_rounds", "netperf_rounds", "netperf_seconds", "core_samples"):
        values = [getattr(profile, field) for profile in effort]
        assert values == sorted(values)


def test_a_missing_library_kernel_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UK_LKL_PREFIX", raising=False)
    monkeypatch.setattr(paths, "KERNEL", tmp_path)
    with pytest.raises(Unavailable, match="invoke build"):
        paths.lkl_prefix()


def test_a_wrong_prefix_is_blamed_on_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UK_LKL_PREFIX", str(tmp_path))
    with pytest.raises(Unavailable, match="UK_LKL_PREFIX"):
        paths.lkl_prefix()
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "liblkl.so").touch()
    assert paths.lkl_prefix() == tmp_path


def test_paths_are_shown_relative_to_the_repository() -> None:
    assert paths.shown(paths.DATA / "claims.toml") == "data/claims.toml"
    assert paths.shown(Path("/usr")) == "/usr"
