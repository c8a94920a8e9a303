# SPDX-License-Identifier: GPL-2.0-only
"""A stack that somebody started behind an interface: a tap, a bridge, two taps."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from artifact import proc
from artifact.conformance import cli, duts
from artifact.conformance.duts import linux
from artifact.conformance.duts.base import FAR, DutInfo
from artifact.conformance.duts.conditions import DEFAULTS, PAPER
from artifact.conformance.duts.linked import Seat
from artifact.conformance.duts.linux import DUT_MAC
from artifact.conformance.duts.lwip import LWIP
from artifact.errors import ArtifactError
from artifact.net.interfaces import set_up, tap
from artifact.net.netns import Namespace
from artifact.records import Run, Verdict

pytestmark = pytest.mark.system


@contextmanager
def started(links: int) -> Iterator[Namespace]:
    """lwIP on one or two taps of a namespace, as a user would start it."""
    if reason := duts.find("lwip").missing():
        pytest.skip(f"lwip: {reason}")
    with ExitStack() as held:
        where = linux.tester_namespace(held)
        frames = [held.enter_context(tap(where, f"tap{n}")) for n in range(links)]
        for number in range(links):
            set_up(where, f"tap{number}")
        info = DutInfo("lwip", "", "", DUT_MAC, far=FAR if links == 2 else None)
        condition = PAPER if links == 2 else DEFAULTS
        argv = LWIP.command(Seat(info, condition, frames, where, held))
        held.enter_context(proc.spawn(argv, pass_fds=frames))
        yield where


def run(where: Namespace, file: Path, *lines: str, **how: str) -> Run:
    file.write_text("\n".join(('name = "mine"', *lines)))
    with where.entered():
        made = cli.run("external", how.pop("suite", "udp"), "smoke", config=file, **how)  # type: ignore[arg-type]  # by keyword
    assert made is not None
    return made


def passed(made: Run) -> int:
    return sum(record.verdict is Verdict.PASS for record in made.verdicts())


def test_behind_a_tap(results: Path, tmp_path: Path) -> None:
    with started(1) as where:
        lines = ['features = ["udp_echo"]', 'link = { interface = "tap0" }']
        made = run(where, tmp_path / "f.toml", *lines)
    assert passed(made) > 15


def test_behind_a_bridge(results: Path, tmp_path: Path) -> None:
    with started(1) as where:
        with where.entered():
            for words in (
                "add br0 type bridge",
                "set tap0 master br0",
                "set br0 up",
            ):
                proc.run(["ip", "link", *words.split()])
        lines = ['features = ["udp_echo"]', 'link = { interface = "br0" }']
        made = run(where, tmp_path / "f.toml", *lines)
    assert passed(made) > 15


def test_an_interface_that_is_down(results: Path, tmp_path: Path) -> None:
    with started(1) as where:
        with where.entered():
            proc.run(["ip", "link", "set", "tap0", "down"])
        with pytest.raises(ArtifactError, match="interface tap0 is down; run: ip link set tap0 up"):
            run(where, tmp_path / "f.toml", 'link = { interface = "tap0" }')


def test_one_that_forwards_between_two_taps(results: Path, tmp_path: Path) -> None:
    with started(2) as where:
        made = run(
            where, tmp_path / "f.toml", 'features = ["udp_echo", "forwarding"]',
            'link = { interface = "tap0" }', 'far = { interface = "tap1" }',
            suite="ipv4", condition="paper", case="IP-7.1",
        )  # fmt: skip
    (record,) = made.verdicts()
    assert (record.mode, record.verdict) == ("paper", Verdict.PASS)
