# SPDX-License-Identifier: GPL-2.0-only
"""Programs that check their kernel themselves (TAP), on the host's and on the library kernel.

A check that fails on the host is wrong, so every program runs there, too.
"""

import re
from pathlib import Path

import pytest

from tests.system.conftest import DYNAMIC, PROGRAMS, Ukrun, finish

pytestmark = pytest.mark.system

CHECKS = sorted(file.stem for file in PROGRAMS.glob("t-*.c"))
RESULT = re.compile(r"(not )?ok (\d+) - .*")


def failures(text: str) -> list[str]:
    """The failed checks in TAP; an error when it is not whole."""
    found = [match for line in text.splitlines() if (match := RESULT.fullmatch(line))]
    assert [int(match[2]) for match in found] == list(range(1, len(found) + 1)), text
    assert found, text
    assert f"1..{len(found)}" in text.splitlines(), text
    return [match[0] for match in found if match[1]]


@pytest.mark.parametrize("program", CHECKS)
def test_on_the_host(program_root: Path, program: str, tmp_path: Path) -> None:
    done = finish([str(program_root / "bin" / program)], cwd=tmp_path, input=b"")
    assert failures(done.text) == [], done
    assert done.status == 0


@pytest.mark.parametrize("place", ["/tmp", "/dev/shm"])
@pytest.mark.parametrize("link", ["", DYNAMIC])
@pytest.mark.parametrize("program", CHECKS)
def test_on_the_library_kernel(ukrun: Ukrun, program: str, link: str, place: str) -> None:
    """In a host directory and in the kernel's own memory."""
    done = ukrun.run(f"/bin/{program}{link}", options=["--cwd", place])
    assert failures(done.text) == [], done.err
    assert done.status == 0, done.err


def test_a_failed_check_is_seen() -> None:
    assert failures("ok 1 - a\nnot ok 2 - b\n1..2\n") == ["not ok 2 - b"]
    for broken in ("ok 1 - a\n", "ok 1 - a\nok 3 - b\n1..2\n", "1..0\n", ""):
        with pytest.raises(AssertionError):
            failures(broken)
