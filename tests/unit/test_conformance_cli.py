# SPDX-License-Identifier: GPL-2.0-only
"""The command line's part: names, tables, records, exit by exception."""

import json
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from artifact import proc
from artifact.conformance import cases, cli, duts
from artifact.conformance.duts.base import DutInfo
from artifact.errors import ArtifactError, Unavailable
from artifact.records import Run, Verdict


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("windows", "arp"), "unknown DUT 'windows'; choose linux, lkl, lkl-tap, "),
        (("mutant", "ipx"), "unknown suite 'ipx'; choose arp, ipv4, icmpv4, udp, all"),
        (("mutant,,tcp", "arp"), "unknown DUT 'tcp'"),
        (("mutant", "arp", "smoke", "ARP-99"), "unknown case 'ARP-99'; choose ARP-1.1, ARP-1.2"),
        (("mutant", "arp", "smoke", "IP-1.1"), "case IP-1.1 is in suite ipv4, not arp"),
        (("mutant", "arp", "epic"), "unknown profile 'epic'; choose smoke, quick, paper"),
    ],
)
def test_unknown_names_list_the_known_ones(
    results: Path, arguments: tuple[str, ...], why: str
) -> None:
    with pytest.raises(ArtifactError, match=why):
        cli.run(*arguments, **({} if len(arguments) > 2 else {"profile": "smoke"}))  # type: ignore[arg-type]  # positional by table
    assert list(results.iterdir()) == []


def test_one_case_gives_one_record_and_a_table(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = cli.run("mutant", "arp", "smoke", case="arp-1.5")
    assert run is not None
    records = Run.open(run.dir).verdicts()
    assert [(r.suite, r.case, r.dut, r.mode) for r in records] == [
        ("arp", "ARP-1.5", "mutant", "defaults")
    ]
    assert records[0].verdict is Verdict.PASS
    tested = json.loads((run.dir / "duts.json").read_text())
    assert tested["mutant"]["version"] == "faults: none"
    assert run.manifest.ended is not None
    said = capsys.readouterr().out
    assert "hardware space of a request" in said
    assert "1 verdicts as expected, 0 not" in said


def test_a_dut_that_cannot_run_here_is_no_test_with_the_reason(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def need() -> None:
        raise Unavailable("needs root")

    monkeypatch.setitem(duts.DUTS, "lwip", replace(duts.find("lwip"), need=need))
    run = cli.run("lwip", "arp", "smoke")
    assert run is not None
    records = run.verdicts()
    assert len(records) == len(cases.SUITES["arp"].cases)
    assert {(r.verdict, r.reason) for r in records} == {(Verdict.NO_TEST, "needs root")}
    assert [(s.system, s.reason) for s in run.skips("conformance")] == [("lwip", "needs root")]


def test_a_deviation_is_a_result_and_a_defect_is_an_error(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dataclass
    class Deviating(duts.Mutant):
        faults: frozenset[str] = frozenset({"arp-request-hrd"})

    class Failing(duts.Mutant):
        def start(self) -> DutInfo:
            raise ArtifactError("the stack is broken")

    monkeypatch.setitem(duts.DUTS, "mutant", duts.Kind.of(Deviating))
    run = cli.run("mutant", "arp", "smoke", case="ARP-1.5")
    assert run is not None
    assert [r.verdict for r in run.verdicts()] == [Verdict.FAIL]
    assert "expected 00 01, seen 00 06" in run.verdicts()[0].reason
    monkeypatch.setitem(duts.DUTS, "mutant", duts.Kind.of(Failing))
    with pytest.raises(ArtifactError, match=r"the suite broke in 1 cases, first mutant ARP-1\.5"):
        cli.run("mutant", "arp", "smoke", case="ARP-1.5")


def test_listing_makes_no_run(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run("all", "icmpv4", "smoke", list_cases=True) is None
    said = capsys.readouterr().out
    assert "IC-8.1" in said
    assert "RFC 1122 3.2.2.6" in said
    assert list(results.iterdir()) == []


def test_the_self_test_counts_kills(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.run("mutant", "icmpv4", "smoke", case="IC-8.3", self_test=True)
    said = capsys.readouterr().out
    assert "1 of 1 cases pass on the good responder; 2 of 2 mutants are killed" in said


def test_a_survivor_is_an_error(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weak = replace(cases.find("IC-8.3"), mutants=("arp-no-probe",))
    monkeypatch.setattr(cli, "_cases", lambda suites, only: [weak])
    with pytest.raises(ArtifactError, match=r"first IC-8\.3 on arp-no-probe: pass"):
        cli.run("mutant", "icmpv4", "smoke", self_test=True)


def test_tshark_opens_the_capture_of_a_case(results: Path) -> None:
    tshark = proc.which("tshark")
    if tshark is None:
        pytest.skip("tshark is not installed (Debian package tshark)")
    run = cli.run("mutant", "icmpv4", "smoke", case="IC-8.7")
    assert run is not None
    (record,) = run.verdicts()
    assert record.pcap is not None
    shown = subprocess.run(
        [tshark, "-r", run.dir / record.pcap, "-Y", "icmp.type == 0", "-T", "fields", "-e", "icmp"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip()
