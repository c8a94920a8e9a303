# SPDX-License-Identifier: GPL-2.0-only
"""The table of tests/system/oci: every test has its sentence, every exception its test."""

import os
import re
import tomllib

import pytest

from artifact import paths
from tests.system.oci.bundle import DROP, Done, Mount, Seen, edited
from tests.system.oci.sentences import Sentence, says, table

SUITE = paths.REPO / "tests" / "system" / "oci"
RUNTIMES = {"runc", "crun", "runu"}
EXCEPTIONS = tomllib.loads((SUITE / "exceptions.toml").read_text())["exception"]


def faults(exceptions: list[dict[str, str]], tests: set[str]) -> list[str]:
    """What is wrong with the table of exceptions."""
    found = []
    for entry in exceptions:
        test = entry["test"]
        if entry["runtime"] not in RUNTIMES:
            found.append(f"{test}: unknown runtime {entry['runtime']}")
        if test.partition("[")[0] not in tests:
            found.append(f"{test}: no such test")
        if not entry.get("reason"):
            found.append(f"{test}: no reason")
        if not re.fullmatch(r"(\d+(\.\d+)*)?", entry.get("below", "")):
            found.append(f"{test}: below is no version")
        if set(entry) - {"runtime", "test", "reason", "below"}:
            found.append(f"{test}: unknown key")
    pairs = [(entry["runtime"], entry["test"]) for entry in exceptions]
    found += [
        f"{test}: twice for {runtime}"
        for runtime, test in set(pairs)
        if pairs.count((runtime, test)) > 1
    ]
    both = {test for runtime, test in pairs if runtime == "runc"} & {
        test for runtime, test in pairs if runtime == "crun"
    }
    return found + [f"{test}: fails on runc and crun, so it is wrong" for test in sorted(both)]


def test_every_test_has_one_sentence() -> None:
    tests = table()
    assert len(tests) > 100
    assert [name for name, sentences in tests.items() if len(sentences) != 1] == []


def test_the_exceptions_are_in_order() -> None:
    assert faults(EXCEPTIONS, set(table())) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"runtime": "runsc"}, "unknown runtime"),
        ({"test": "test_cli::test_absent"}, "no such test"),
        ({"reason": ""}, "no reason"),
        ({"below": "two"}, "no version"),
        ({"why": "x"}, "unknown key"),
    ],
)
def test_a_wrong_exception_is_found(change: dict[str, str], words: str) -> None:
    entry = {"runtime": "runc", "test": "a::b", "reason": "known"}
    assert faults([entry], {"a::b"}) == []
    assert any(words in fault for fault in faults([entry | change], {"a::b"}))


def test_an_exception_for_both_references_is_found() -> None:
    entries = [{"runtime": name, "test": "a::b", "reason": "known"} for name in ("runc", "crun")]
    assert faults(entries, {"a::b"}) == ["a::b: fails on runc and crun, so it is wrong"]
    assert faults([entries[0], entries[0]], {"a::b"}) == ["a::b: twice for runc"]


def test_a_sentence_names_its_place() -> None:
    @says("runtime#start", "MUST run")
    def test() -> None: ...

    assert test.sentence == Sentence("runtime", "start", "MUST run")  # type: ignore[attr-defined]
    for place in ("absent#start", "runtime", "runtime#"):
        with pytest.raises(AssertionError):
            says(place, "words")
    with pytest.raises(AssertionError):
        says("runtime#start", "")


def test_edits() -> None:
    config = {"a": {"b": 1, "c": [1, 2]}, "d": 1}
    assert edited(config, {"a": {"c": [3]}, "d": DROP, "e": {"f": 1}}) == {
        "a": {"b": 1, "c": [3]},
        "e": {"f": 1},
    }
    assert config == {"a": {"b": 1, "c": [1, 2]}, "d": 1}


def test_commands_that_end_otherwise_are_told() -> None:
    assert Done(0, "out", "").good().out == "out"
    with pytest.raises(AssertionError, match="status 3: why"):
        Done(3, "", "why").good()
    assert Done(1, "", "No such file").refused("no SUCH")
    for wrong in (Done(0, "x", ""), Done(1, "", ""), Done(1, "", "other")):
        with pytest.raises(AssertionError):
            wrong.refused("such")


STATUS = "Name:\tprobe\nCapEff:\t0000000000000021\n"
MOUNTINFO = "30 20 0:5 / /dev rw,nosuid shared:3 master:1 - tmpfs tmpfs rw,size=64k\n"


def test_what_the_probe_says_is_parsed() -> None:
    seen = Seen({"status": STATUS, "mountinfo": MOUNTINFO, "files": {"/x": 2}})
    assert seen.capabilities("Eff") == {0, 5}
    assert seen.mount("/dev") == Mount(
        "/dev",
        frozenset({"rw", "nosuid"}),
        ("shared:3", "master:1"),
        "tmpfs",
        "tmpfs",
        frozenset({"rw", "size=64k"}),
    )
    with pytest.raises(AssertionError, match="nothing is mounted on /sys"):
        seen.mount("/sys")
    with pytest.raises(AssertionError, match="no CapBnd"):
        seen.capabilities("Bnd")
    with pytest.raises(AssertionError, match=os.strerror(2)):
        seen.file("/x")
