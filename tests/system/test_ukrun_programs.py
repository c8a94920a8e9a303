# SPDX-License-Identifier: GPL-2.0-only
"""Programs that check their kernel themselves (TAP), on the host's and on the library kernel.

A check that fails on the host is wrong, so every program runs there, too.
"""

import re
from pathlib import Path

import pytest

from tests.system.conftest import DYNAMIC, FIXED, HOST, PROGRAMS, Ukrun, finish

pytestmark = pytest.mark.system

CHECKS = sorted(file.stem for file in PROGRAMS.glob("t-*.c"))
STARTS_ITSELF = {"t-exec", "t-seccomp"}
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


@pytest.mark.parametrize("link", ["", DYNAMIC, FIXED, HOST])
@pytest.mark.parametrize("program", CHECKS)
def test_on_the_library_kernel(ukrun: Ukrun, program: str, link: str) -> None:
    if link == FIXED and program in STARTS_ITSELF:
        pytest.skip("a program with fixed addresses cannot run beside itself")
    done = ukrun.run(f"/bin/{program}{link}", options=["--cwd", "/tmp"])
    assert failures(done.text) == [], done.err
    assert done.status == 0, done.err


@pytest.mark.parametrize("program", ["t-exec", "t-holes", "t-mmap", "t-mmap-model"])
def test_in_the_kernel_s_own_memory(ukrun: Ukrun, program: str) -> None:
    """The same on files of a tmpfs."""
    done = ukrun.run(f"/bin/{program}", options=["--cwd", "/dev/shm"])
    assert failures(done.text) == [], done.err
    assert done.status == 0, done.err


def test_a_full_tmpfs_is_an_error(ukrun: Ukrun) -> None:
    done = ukrun.run("/bin/t-holes", "full", options=["--cwd", "/dev/shm"])
    assert failures(done.text) == [], done.err


def test_one_program_with_fixed_addresses_at_a_time(ukrun: Ukrun) -> None:
    done = ukrun.run("/bin/tool", "fixed")
    lines = [line for line in done.text.splitlines() if line != "ready"]
    assert lines == ["first: No error information", "second: Out of memory", *lines[2:]]
    assert lines[2] == "third: No error information"


@pytest.mark.parametrize("link", ["", DYNAMIC, FIXED])
def test_a_program_takes_its_own_place(ukrun: Ukrun, link: str) -> None:
    assert ukrun.run(f"/bin/tool{link}", "again", "50").status == 12


@pytest.mark.parametrize("place", ["/tmp", "/dev/shm"])
@pytest.mark.parametrize("program", ["t-mmap", "t-mmap-model"])
def test_shared_mappings_of_the_page_cache(ukrun: Ukrun, program: str, place: str) -> None:
    done = ukrun.run(f"/bin/{program}", options=["--map-shared", "--cwd", place])
    assert failures(done.text) == [], done.err
    assert "SKIP" not in done.text


def test_a_failed_check_is_seen() -> None:
    assert failures("ok 1 - a\nnot ok 2 - b\n1..2\n") == ["not ok 2 - b"]
    for broken in ("ok 1 - a\n", "ok 1 - a\nok 3 - b\n1..2\n", "1..0\n", ""):
        with pytest.raises(AssertionError):
            failures(broken)
