# SPDX-License-Identifier: GPL-2.0-only
"""A further protocol is one file: it is found, listed, run, and its mutants are killed."""

import sys
from pathlib import Path

import pytest

from artifact.conformance import cases, selftest
from artifact.conformance.case import Level, Suite
from artifact.errors import ArtifactError

TOY = """
from artifact.conformance.case import Level, Suite
from artifact.conformance.tester import Tester

SUITE = Suite("toy", layer=7, told={"TOY-1.1": ("An echo request", "An echo reply")})


@SUITE.case("TOY-1.2", "later", "792 x", "x", Level.MUST, "icmp-none")
def later(t: Tester) -> None:
    t.exchange(t.echo(t.neighbour()))


@SUITE.case("TOY-1.1", "an echo is answered", "792 x", "x", Level.MUST, "icmp-none", "echo-data")
def answered(t: Tester) -> None:
    t.exchange(t.echo(t.neighbour()))
"""


def test_a_protocol_is_added_as_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toy.py").write_text(TOY)
    monkeypatch.setattr(cases, "__path__", [*cases.__path__, str(tmp_path)])
    try:
        found = cases._found()
    finally:
        sys.modules.pop("artifact.conformance.cases.toy", None)
    assert [*found] == [*cases.SUITES, "toy"]
    toy = found["toy"].cases
    assert [*toy] == ["TOY-1.1", "TOY-1.2"]
    assert (toy["TOY-1.1"].stimulus, toy["TOY-1.1"].expected) == (
        "An echo request",
        "An echo reply",
    )
    assert all(trial.proves for trial in selftest.run([*toy.values()], tmp_path))


def test_a_need_that_nobody_can_meet_is_refused() -> None:
    suite = Suite("toy", layer=7)
    with pytest.raises(ArtifactError, match="needs udp_ecco; see"):
        suite.add("TOY-1.1", "x", "792 x", "x", Level.MUST, lambda t: None, needs="slow udp_ecco")


def test_lower_layers_come_first_and_cases_are_in_the_order_of_their_numbers() -> None:
    assert [*cases.SUITES] == ["arp", "ipv4", "icmpv4", "udp"]
    for suite in cases.SUITES.values():
        numbers = [[int(n) for n in key.split("-")[1].split(".")] for key in suite.cases]
        assert numbers == sorted(numbers)
