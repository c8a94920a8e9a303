# SPDX-License-Identifier: GPL-2.0-only
"""Parts of the devices under test that need neither root nor the stacks."""

import io
import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from artifact import proc, reproduce
from artifact.conformance import duts, stacks
from artifact.conformance.duts import compile as compiling
from artifact.conformance.duts import machines, packaged
from artifact.conformance.duts.base import FAR, DutInfo
from artifact.conformance.duts.conditions import DEFAULTS, PAPER, Condition
from artifact.conformance.duts.linked import Carrier, LinkedDut, Seat, Stack
from artifact.conformance.duts.packaged import Prepared
from artifact.conformance.duts.process import Voice
from artifact.errors import ArtifactError, Unavailable


def seat(condition: Condition, info: DutInfo) -> Seat:
    return Seat(info, condition, [5, 6][: condition.links], None, ExitStack())


def test_words_of_a_main() -> None:
    info = DutInfo("any", "", "", "02:44:00:00:00:01", alias="198.18.0.2")
    assert seat(DEFAULTS, info).words() == [
        "198.18.0.254", "5,02:44:00:00:00:01,198.18.0.1/16,1500,198.18.0.2",
    ]  # fmt: skip
    two = seat(PAPER, replace(info, far=FAR))
    words = two.words(["eth0", "eth1"], sysctls=["eth0", "eth1"])
    assert words[1].startswith("eth0,")
    assert words[2] == "eth1,02:44:00:00:00:02,198.19.0.1/16,1000"
    assert words[3] == "net/ipv4/ip_forward=1"
    assert "net/ipv4/conf/eth1/arp_accept=1" in words
    assert two.forwarding("forward") == ["forward"]
    assert seat(DEFAULTS, info).forwarding("forward") == []


def test_a_header_that_is_read_back_by_the_system(tmp_path: Path) -> None:
    cpio = proc.which("cpio")
    archive = machines.cpio({"proc": None, "modules/0.ko": b"abc", "init": b"#!x"})
    assert len(archive) % 4 == 0
    assert archive.count(b"070701") == 4
    if cpio is None:
        pytest.skip("cpio is not installed (Debian package cpio)")
    shown = subprocess.run([cpio, "-t"], input=archive, capture_output=True, check=True).stdout
    assert shown.decode().split() == ["proc", "modules/0.ko", "init"]


def spoken(text: bytes, log: Path | None = None) -> Voice:
    voice = Voice(io.BytesIO(text), log)
    voice.close()
    return voice


def test_the_line_that_a_stack_is_ready(tmp_path: Path) -> None:
    voice = spoken(b"noise\n[0.1] ready Linux 6.12\nmore\n", tmp_path / "log")
    assert voice.version(1) == "Linux 6.12"
    assert (tmp_path / "log").read_bytes().endswith(b"more\n")


def test_a_stack_that_ends_early_says_why() -> None:
    with pytest.raises(ArtifactError, match=r"ended before it was ready; it said: a \| b"):
        spoken(b"a\nb\n").version(1)


def test_a_stack_that_is_never_ready() -> None:
    reading, writing = os.pipe()
    with open(reading, "rb") as stream, open(writing, "wb"):
        voice = Voice(stream, None)
        with pytest.raises(ArtifactError, match=r"was not ready within 0 s; it said: nothing"):
            voice.version(0.01)
    voice.close()


def quick(words: list[str], **more: object) -> LinkedDut:
    stack = Stack("q", "here", Carrier.DATAGRAM, lambda: None, lambda _: words, **more)  # type: ignore[arg-type]  # by keyword
    dut = stack.kind.make(None, DEFAULTS)
    assert isinstance(dut, LinkedDut)
    return dut


def test_a_process_has_an_epitaph() -> None:
    with quick([sys.executable, "-c", "import os; print('ready 7', flush=1); os.abort()"]) as dut:
        assert dut.info.version == "7"
        assert dut.child is not None
        dut.child.wait(10)
        assert not dut.running()
        assert dut.epitaph() == " (SIGABRT)"


def test_what_is_prepared_is_made_once_and_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packaged, "HOME", tmp_path)
    made = []

    def make(directory: Path) -> dict[str, str]:
        made.append(directory)
        (directory / "file").touch()
        if len(made) == 1:
            raise ArtifactError("the mirror is silent")
        return {"version": "1"}

    part = Prepared("thing", "1 MB", make)
    with pytest.raises(Unavailable, match=r"thing was not prepared.*conformance-stacks .1 MB"):
        part.need()
    with pytest.raises(ArtifactError, match="the mirror is silent"):
        part.prepare()
    assert list(tmp_path.iterdir()) == []
    part.prepare()
    part.prepare()
    assert part.need() == {"version": "1"}
    assert len(made) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["thing"]


def test_all_stacks_are_tried_and_those_that_failed_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(packaged, "HOME", tmp_path)

    def refuse(directory: Path) -> dict[str, str]:
        raise ArtifactError("no such package")

    good = Prepared("good", "1 MB", lambda directory: {})
    bad = Prepared("bad", "1 MB", refuse)
    for name, part in (("lwip", bad), ("lwipv6", good)):
        kind = replace(duts.find(name), prepare=(part,), packages=(), need=part.need)
        monkeypatch.setitem(duts.DUTS, name, kind)
    with pytest.raises(ArtifactError, match="not prepared: lwip;"):
        stacks.run(["lwip", "lwipv6"])
    said = capsys.readouterr().out
    assert "lwip: no such package" in said
    assert "lwipv6: good: 1 MB" in said
    assert "lwipv6: ready" in said


def test_a_compiler_error_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "CACHE", tmp_path)
    (tmp_path / "bad.c").write_text("int main(void) { return nothing; }\n")
    with pytest.raises(ArtifactError, match=r"nothing.*undeclared"):
        compiling.compiled(tmp_path / "bad.c", [])
    (tmp_path / "good.c").write_text("int main(void) { return 0; }\n")
    assert compiling.compiled(tmp_path / "good.c", []).exists()


def test_a_run_of_everything_has_every_stack() -> None:
    assert sorted((*reproduce.DUTS, *reproduce.OTHERS)) == sorted(duts.REAL)


def test_a_sysctl_can_be_left_out_only_when_it_is_there() -> None:
    key = "net.ipv4.ip_forward"
    assert key not in PAPER.without(key).sysctls
    with pytest.raises(ArtifactError, match=r"has no sysctl net\.ipv4\.tcp_sack"):
        PAPER.without("net.ipv4.tcp_sack")
