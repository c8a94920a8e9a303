# SPDX-License-Identifier: GPL-2.0-only
"""The experiment `programs` for real, one round; what it leaves; a failing guest."""

from pathlib import Path

import pytest

from artifact import claims
from artifact.bench import opbench, programs
from artifact.errors import ArtifactError, Unavailable
from artifact.images import catalogue, tree
from artifact.programs import ukrun
from artifact.records import Run
from artifact.relations import Outcome

pytestmark = pytest.mark.system


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    try:
        ukrun.program()
        opbench.root()
        for name in ("python", "redis", "nginx"):
            catalogue.image(name)
    except Unavailable as error:
        pytest.skip(str(error))


def test_a_smoke_run_has_everything_and_holds_its_claims(results: Path) -> None:
    links = sorted(path.name for path in Path("/sys/class/net").iterdir())
    before = tree.digest(catalogue.image("python").rootfs)
    run = programs.run("smoke")
    stored = run.samples("programs")
    assert {subject for subject, _ in programs._stored(run)} == set(programs.subjects())
    assert all(sample.value > 0 for sample in stored)
    found = {finding.claim.id: finding.judgement for finding in claims.judge(run)}
    assert found["vfork"].outcome is Outcome.HOLDS
    assert found["public-image"].outcome is Outcome.HOLDS
    assert found["libc-port"].outcome is Outcome.NOT_RUN
    assert tree.digest(catalogue.image("python").rootfs) == before
    assert sorted(path.name for path in Path("/sys/class/net").iterdir()) == links


def test_a_program_that_fails_is_one_line(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "subjects", lambda: [programs.Subject("python", "ukontainer")])
    monkeypatch.setattr(programs, "PYTHON", "/usr/bin/absent")
    with pytest.raises(ArtifactError, match=r"absent on ukontainer ended with exit code 12\d"):
        programs.run("smoke")
    (run,) = Run.all()
    assert run.samples() == []
