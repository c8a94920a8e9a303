# SPDX-License-Identifier: GPL-2.0-only
"""bench-core on the library kernel that was built."""

import dataclasses
from pathlib import Path

import pytest

from artifact import paths, profiles
from artifact.bench import core
from artifact.errors import Unavailable

pytestmark = pytest.mark.system


def test_every_subject_is_measured_in_every_round(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        core.program(paths.lkl_prefix())
    except Unavailable as error:
        pytest.skip(str(error))
    few = dataclasses.replace(profiles.get("smoke"), core_samples=2)
    monkeypatch.setitem(profiles.PROFILES, "smoke", few)
    run = core.run("smoke")
    rounds = {str(bench): core._series(run.samples("core"), bench) for bench in core.SUBJECTS}
    assert {name: sorted(series) for name, series in rounds.items()} == {
        str(bench): [1, 2] for bench in core.SUBJECTS
    }
