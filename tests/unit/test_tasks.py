# SPDX-License-Identifier: GPL-2.0-only
"""The front door as a user meets it: real `invoke` processes."""

import errno
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from artifact import paths
from artifact.errors import ArtifactError, Unavailable
from artifact.frontdoor import guarded
from artifact.records import Run

TASKS = {
    "doctor", "setup", "fetch", "build", "smoke", "test", "conformance", "coldstart", "netperf",
    "libc", "bench-core", "notebooks", "figures", "claims", "reproduce-all", "lab", "clean",
}  # fmt: skip


def invoke(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "invoke", *words],
        cwd=paths.REPO, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_list_is_a_table_of_contents() -> None:
    listed = json.loads(invoke("--list", "--list-format", "json").stdout)["tasks"]
    assert {task["name"] for task in listed} >= TASKS
    chapters = ("Prepare", "Measure", "Evaluate", "Everything", "Check", "Explore", "Remove")
    assert all(task["help"].startswith(chapters) for task in listed)


@pytest.mark.parametrize(
    "words",
    [
        ("claims", "--run", "no-such-run"),
        ("figures", "--run", "no-such-run"),
        ("report", "--run", "no-such-run"),
        ("notebooks",),
        ("reproduce-all", "--profile", "huge"),
        ("conformance", "--profile", "huge"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(results: Path, words: tuple[str, ...]) -> None:
    done = invoke(*words)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
    assert not [*results.iterdir()]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--param", "bogus=1"), "unknown notebook parameter bogus"),
        (("--param", "run dir"), "not a parameter"),
        (("--only", "99_nothing"), "unknown notebook '99_nothing'"),
    ],
)
def test_wrong_notebook_options(
    synthetic_run: Callable[..., Run], words: tuple[str, ...], why: str
) -> None:
    synthetic_run()
    done = invoke("notebooks", *words)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {why}")
    assert len(done.stderr.splitlines()) == 1


def test_corrupt_records_are_one_line(synthetic_run: Callable[..., Run]) -> None:
    run = synthetic_run()
    with (run.dir / "verdicts.jsonl").open("a") as file:
        file.write("nonsense\n")
    done = invoke("claims", "--run", run.id)
    assert done.returncode == 2
    assert "verdicts.jsonl:97: " in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_claims_as_text_and_markdown(synthetic_run: Callable[..., Run]) -> None:
    run = synthetic_run()
    assert "HOLDS" in invoke("claims").stdout
    assert "| --- |" in invoke("claims", "--markdown").stdout
    assert run.id in invoke("claims", "--runs").stdout


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ArtifactError("what", "remedy"), "error: what; remedy"),
        (OSError(errno.ENOSPC, "No space left on device", "/x"),
         "error: /x: No space left on device; free some space"),
        (PermissionError(errno.EPERM, "Operation not permitted"),
         "error: body: Operation not permitted; run as root"),
    ],
)  # fmt: skip
def test_errors_a_user_can_put_right(
    error: Exception, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    @guarded
    def body() -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        body()
    assert ended.value.code == 2
    assert capsys.readouterr().err == line + "\n"


def test_a_defect_of_ours_keeps_its_traceback() -> None:
    @guarded
    def body() -> None:
        raise KeyError("ours")

    with pytest.raises(KeyError):
        body()


@pytest.mark.parametrize(
    ("error", "status"), [(Unavailable("no tun"), "skipped"), (ArtifactError("bad"), "failed")]
)
def test_a_step_reports_whether_it_was_skipped(
    error: ArtifactError, status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UK_OUTCOME_FILE", str(tmp_path / "outcome"))

    @guarded
    def body() -> None:
        raise error

    with pytest.raises(SystemExit):
        body()
    told = json.loads((tmp_path / "outcome").read_text())
    assert told == {"status": status, "reason": str(error)}
