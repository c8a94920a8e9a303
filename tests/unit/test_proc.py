# SPDX-License-Identifier: GPL-2.0-only
"""Child processes: output, failures, and that none outlives us."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from artifact import paths, proc
from artifact.errors import ArtifactError, Unavailable


def gone(pid: int, patience: float = 10.0) -> bool:
    """Whether a process ends (a killed one needs a moment until it has)."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            status = Path(f"/proc/{pid}/stat").read_text()
        except FileNotFoundError:
            return True
        if status.rpartition(")")[2].split()[0] in "ZX":
            return True
        time.sleep(0.01)
    return False


def test_output_and_input() -> None:
    done = proc.run(["sh", "-c", "cat; echo err >&2"], input="in")
    assert (done.returncode, done.stdout, done.stderr) == (0, "in", "err\n")


def test_a_failure_names_program_code_last_lines_and_log(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "tool.log"
    with pytest.raises(ArtifactError) as caught:
        proc.run(["sh", "-c", "for i in 1 2 3 4 5 6 7; do echo line$i; done; exit 3"], log=log)
    assert str(caught.value).startswith("sh failed with exit code 3: line3 | ")
    assert str(log) in str(caught.value)
    assert log.read_text().splitlines()[0] == "line1"


def test_a_log_is_appended_to_and_only_the_new_part_returned(tmp_path: Path) -> None:
    log = tmp_path / "log"
    proc.run(["echo", "one"], log=log)
    assert proc.run(["echo", "two"], log=log).stdout == "two\n"
    assert log.read_text() == "one\ntwo\n"


def test_failure_can_be_a_result() -> None:
    assert proc.run(["false"], check=False).returncode == 1


def test_a_signal_is_named() -> None:
    with pytest.raises(ArtifactError, match="killed by SIGSEGV"):
        proc.run(["sh", "-c", "kill -SEGV $$"])


def test_a_timeout_stops_the_whole_group() -> None:
    with pytest.raises(ArtifactError, match="was stopped") as caught:
        proc.run(["sh", "-c", "sleep 1000 & echo $!; wait"], timeout=0.5)
    pid = int(str(caught.value).split("stopped: ")[1])
    assert gone(pid)


def test_an_absent_program_is_one_line() -> None:
    with pytest.raises(ArtifactError, match="cannot start no-such-program"):
        proc.run(["no-such-program"])
    with pytest.raises(Unavailable, match="apt package nothing"):
        proc.need("no-such-program", "nothing")
    assert proc.need("sh", "dash")


def test_spawned_programs_end_with_the_block(tmp_path: Path) -> None:
    with proc.spawn(["sh", "-c", "trap '' TERM; echo up; sleep 1000"], log=tmp_path / "l") as child:
        while "up" not in (tmp_path / "l").read_text():
            assert child.poll() is None
    assert gone(child.pid)


def test_kill_9_of_the_parent_takes_the_child_along() -> None:
    code = (
        "from artifact import proc\n"
        "with proc.spawn(['sleep', '1000']) as child:\n"
        "    print(child.pid, flush=True)\n"
        "    child.wait()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=paths.REPO
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert gone(pid)
