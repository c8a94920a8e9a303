# SPDX-License-Identifier: GPL-2.0-only
"""artifact.proc.family: a program that forks, and everything it forked, ends with us."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from artifact import paths, proc

pytestmark = pytest.mark.system

# A leader whose child does not heed its end; both have the word in their command line.
FORKS = ["sh", "-c", "sh -c 'trap \"\" TERM HUP; sleep 600; : WORD' & sleep 600; : WORD"]
PARENT = (
    "import sys; from artifact import proc\nwith proc.spawn(proc.family(sys.argv[1:])): input()"
)
LIMIT_S = 20


def command(word: str) -> list[str]:
    return [each.replace("WORD", word) for each in FORKS]


def alive(word: str) -> list[int]:
    """Shells that have the word, without the ones that only started them."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0] == b"sh" and len(words) < 5 and word.encode() in words[2]:
            found.append(int(file.parent.name))
    return found


def until(count: int, word: str) -> None:
    limit = time.monotonic() + LIMIT_S
    while len(alive(word)) != count:
        assert time.monotonic() < limit, alive(word)
        time.sleep(0.02)


def test_kill_9_of_the_parent_ends_all(tmp_path: Path) -> None:
    word = f"uk-{tmp_path.name}"
    argv = [sys.executable, "-c", PARENT, *command(word)]
    with subprocess.Popen(argv, cwd=paths.REPO, stdin=subprocess.PIPE) as parent:
        until(2, word)
        parent.send_signal(signal.SIGKILL)
    until(0, word)


def test_a_stop_ends_all_at_once(tmp_path: Path) -> None:
    word = f"uk-{tmp_path.name}"
    with proc.spawn(proc.family(command(word))) as child:
        until(2, word)
    assert child.returncode == 143
    until(0, word)


def test_its_status_is_the_program_s() -> None:
    assert proc.run(proc.family(["sh", "-c", "exit 7"]), check=False).returncode == 7
