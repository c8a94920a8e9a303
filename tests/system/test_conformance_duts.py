# SPDX-License-Identifier: GPL-2.0-only
"""The whole suites on the real stacks: every verdict is the expected one."""

from pathlib import Path

import pytest
from scapy.utils import PcapReader

from artifact import proc
from artifact.conformance import cases, duts, expect
from artifact.conformance.duts.conditions import DEFAULTS
from artifact.conformance.runner import Session

pytestmark = pytest.mark.system


@pytest.mark.parametrize("name", ["linux", "lwip", "lkl", "lkl-tap"])
def test_verdicts_are_as_expected(name: str, tmp_path: Path) -> None:
    kind = duts.find(name)
    if reason := kind.missing():
        pytest.skip(f"{name}: {reason}")

    def make() -> duts.Dut:
        return kind.make(tmp_path / "dut.log", DEFAULTS)

    every = cases.every()
    records = Session(name, make, every, tmp_path, kind.jobs, lambda record: None).run()
    assert [record.case for record in records] == [case.id for case in every]
    assert expect.surprises(expect.load(), records) == []
    for record in records:
        assert record.pcap is not None
        with PcapReader(str(tmp_path / record.pcap)) as reader:
            assert sum(1 for _ in reader) > 0
    tshark_reads(tmp_path / "pcap" / name)


def tshark_reads(captures: Path) -> None:
    tshark = proc.which("tshark")
    if tshark is None:
        return
    for file in sorted(captures.iterdir())[::40]:
        shown = proc.run([tshark, "-r", file, "-T", "fields", "-e", "frame.protocols"]).stdout
        assert "eth:ethertype" in shown
