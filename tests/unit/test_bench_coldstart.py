# SPDX-License-Identifier: GPL-2.0-only
"""Cold start: only a start that did all of the work counts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from artifact import profiles
from artifact.bench import coldstart, common
from artifact.bench.launch import Launched
from artifact.errors import ArtifactError, Unavailable
from artifact.images import python_hello
from artifact.records import Run, sharing
from artifact.systems import registry

GOOD = {
    "hello": "n", "python": "3.11.2", "ssl": "OpenSSL 3", "sqlite3": "3.40.1",
    "csv": ["excel"], "listening": 1, "port": 4711,
}  # fmt: skip


def done(said: object, code: int = 0, stderr: str = "") -> Launched:
    return Launched(0.1, 0.1, code, said if isinstance(said, str) else json.dumps(said), stderr)


def test_the_real_programs_output_is_accepted() -> None:
    argv = [sys.executable, str(python_hello.PROGRAM), "n"]
    ran = subprocess.run(argv, capture_output=True, text=True, check=True)
    coldstart.check_hello("native", done(ran.stdout), "n")


@pytest.mark.parametrize(
    ("ran", "why"),
    [
        (done(GOOD, code=1), "exit code 1"),
        (done(GOOD | {"hello": "other"}), "greeting did not come back"),
        (done(GOOD | {"listening": 0}), "did not listen"),
        (done(GOOD | {"port": 0}), "did not listen"),
        (done(GOOD | {"ssl": ""}), "module was not loaded"),
        (done("", code=0), "greeting did not come back: no output"),
        (done("[]"), "greeting did not come back"),
        (done("", code=1, stderr="a\nb\nlast words"), "exit code 1: a | b | last words"),
    ],
)
def test_a_start_without_the_work_is_an_error(ran: Launched, why: str) -> None:
    with pytest.raises(ArtifactError) as caught:
        coldstart.check_hello("runc", ran, "n")
    assert str(caught.value).startswith("runc: the start failed: ")
    assert why in str(caught.value)


def test_every_system_we_run_has_a_module_and_the_others_a_reason() -> None:
    for row in registry.of(registry.COLDSTART):
        assert (row.name in coldstart.IMPLEMENTED) == (not row.why_not)


def test_every_image_of_a_system_is_known_and_there_is_a_native_of_it() -> None:
    for name, entry in coldstart.IMPLEMENTED.items():
        assert entry.images, name
        for image in entry.images:
            assert entry.files(image) in coldstart.IMAGES
            assert image in coldstart.IMPLEMENTED["native"].images


def test_a_machines_console_may_have_more_lines() -> None:
    noisy = f"booting [ok]\r\n{json.dumps(GOOD)}\r\n[ 1.0] reboot: Power down\r\n"
    coldstart.check_hello("uml", done(noisy), "n")


def phases(*lines: tuple[str, int]) -> str:
    return "".join(json.dumps({"phase": name, "at": at}) + "\n" for name, at in lines)


def test_phases_last_until_the_next() -> None:
    text = phases(("start", 5), ("parse", 10), ("boot", 1_000_010), ("parse", 2_000_010),
                  ("end", 2_000_020))  # fmt: skip
    assert coldstart.parse_phases(text) == pytest.approx(
        {"start": 5e-9, "parse": 1.00001e-3, "boot": 1e-3}, abs=1e-12
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "go from start to end"),
        (phases(("start", 1)), "go from start to end"),
        (phases(("start", 1), ("boot", 2)), "go from start to end"),
        (phases(("boot", 1), ("end", 2)), "go from start to end"),
        (phases(("start", 3), ("end", 2)), "end begins before start"),
        (phases(("start", 3)) + '{"phase": "end", "at', "runu's phases: "),
        ('{"phase": "start", "at": "1"}\n', "valid integer"),
    ],
)
def test_phases_that_are_cut_off_or_wrong_are_refused(text: str, why: str) -> None:
    with pytest.raises(ArtifactError, match=why):
        coldstart.parse_phases(text)


def test_slow_systems_have_fewer_rounds_at_the_same_places() -> None:
    profile = profiles.get("quick")
    subjects = [coldstart.Subject("native", "public"), coldstart.Subject("uml", "public")]
    turns = coldstart.plan(subjects, profile, seed=1)
    count = {str(s): sum(t.subject == s for t in turns) for s in (*subjects, coldstart.HARNESS)}
    rounds, slow = profile.coldstart_rounds, profile.coldstart_slow_rounds
    assert count == {"native public": 1 + rounds, "uml public": 1 + slow, "null true": 1 + rounds}


def test_a_refusal_is_stored_in_a_shared_run(results: Path) -> None:
    run = Run.create("smoke", seed=1)

    def refuse() -> None:
        with common.refusal_stored("coldstart", ["runc"], "smoke"):
            raise Unavailable("no root")

    with sharing(run):
        for _ in range(2):
            with pytest.raises(Unavailable):
                refuse()
    assert [(s.system, s.reason) for s in run.skips("coldstart")] == [("runc", "no root")]


def test_a_refusal_alone_leaves_no_run(results: Path) -> None:
    with (
        pytest.raises(Unavailable),
        common.refusal_stored("coldstart", ["runc"], "smoke"),
    ):
        raise Unavailable("no root")
    assert list(results.iterdir()) == []


def test_without_root_there_is_one_line_and_no_run(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Unavailable, match="run as root"):
        coldstart.run("smoke")
    assert list(results.iterdir()) == []


def test_an_unknown_profile_is_refused(results: Path) -> None:
    with pytest.raises(ArtifactError, match="smoke, quick, paper"):
        coldstart.run("huge")
    assert list(results.iterdir()) == []
