# SPDX-License-Identifier: GPL-2.0-only
"""Pages, exports, tables of verdicts; the compat records."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from artifact import conformance_tables
from artifact.conformance import compat, exports, site
from artifact.conformance.duts.conditions import PAPER
from artifact.errors import ArtifactError
from artifact.records import Compat, CompatRecord, Run, SkipRecord, Verdict, VerdictRecord
from artifact.relations import Evidence, Lacks, Outcome

ROUTE = "net.ipv4.conf.all.accept_source_route"


def record(case: str, dut: str, verdict: str, mode: str = "defaults") -> VerdictRecord:
    return VerdictRecord(
        suite="ipv4", case=case, dut=dut, mode=mode, verdict=Verdict(verdict),
        reason='seen <4500> & "more" \x01', seconds=0.25, pcap=f"pcap/{dut}/{case}.pcap",
    )  # fmt: skip


@pytest.fixture
def run(results: Path) -> Run:
    made = Run.create("quick", argv=["test"], seed=1)
    for one in (
        record("IP-4.12", "lkl", "fail"),
        record("IP-4.12", "lkl", "pass", "paper"),
        record("IP-4.12", "lkl", "fail", PAPER.without(ROUTE).name),
        record("IP-1.1", "lkl", "pass"),
        record("IP-1.1", "lwip", "inconclusive"),
        record("IP-1.5", "lwip", "error"),
        record("IP-1.9", "lwip", "no_test"),
    ):
        made.add_verdict(one)
    duts = {"lkl": {"version": "Linux 6.12", "how": "built", "features": ["udp_echo"]}}
    (made.dir / "duts.json").write_text(json.dumps(duts))
    return made


def test_every_link_of_the_pages_leads_somewhere(run: Run) -> None:
    for verdict in run.verdicts():
        file = run.dir / str(verdict.pcap)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    index = site.write(run)
    pages = list(index.parent.rglob("*.html"))
    assert len(pages) == 1 + 4 + 3  # index, cases, stacks in conditions
    for page in pages:
        text = page.read_text()
        assert "http" not in re.sub(r"<td.*?</td>", "", text)
        for target in re.findall(r'(?:href|src)="([^"#]+)"', text):
            assert (page.parent / target).exists(), (page.name, target)


def test_pages_say_what_the_records_say(run: Run) -> None:
    index = site.write(run).read_text()
    assert 'class="v fail" title="lkl: fail: seen &lt;4500&gt; &amp; &#34;more&#34;' in index
    assert ROUTE in index
    case = (run.dir / "conformance" / "case" / "IP-4.12.html").read_text()
    assert "known: " in case  # the evidence of the table of known deviations
    assert "lkl (paper)" in case
    assert "../../pcap/lkl/IP-4.12.pcap" in case
    stack = (run.dir / "conformance" / "stack" / "lwip-defaults.html").read_text()
    assert "not in the table of known deviations" in stack
    assert "not known: it was not run here" in stack


def test_elsewhere_the_captures_are_still_found(run: Run, tmp_path: Path) -> None:
    site.write(run, tmp_path / "out")
    page = (tmp_path / "out" / "case" / "IP-1.1.html").read_text()
    assert f"{run.dir.resolve()}/pcap/lkl/IP-1.1.pcap" in page


def test_a_run_without_verdicts_is_told(results: Path) -> None:
    with pytest.raises(ArtifactError, match="has no conformance verdicts"):
        site.write(Run.create("quick", argv=["test"], seed=1))


def test_junit_counts_and_is_well_formed(run: Run) -> None:
    root = ET.fromstring(exports.junit(run.verdicts()))
    suites = {suite.get("name"): suite for suite in root}
    lwip = suites["lwip.defaults.ipv4"]
    assert [lwip.get(k) for k in ("tests", "failures", "errors", "skipped")] == ["3", "1", "1", "1"]
    assert [child.tag for case in lwip for child in case] == ["failure", "error", "skipped"]
    assert lwip[0][0].get("type") == "inconclusive"


def test_csv_has_every_field(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(exports.as_csv(run.verdicts()))))
    assert len(rows) == 7
    assert rows[0]["reason"] == 'seen <4500> & "more" \x01'
    assert set(rows[0]) == set(VerdictRecord.model_fields)


def test_prose_has_the_numbers_of_the_records(run: Run) -> None:
    text = conformance_tables.why_counts_differ(run)._repr_markdown_()
    assert "lwIP 0/3 = 0% here, 72/152 = 47% there" in text
    assert f"`{ROUTE}` 1" in text
    (row,) = conformance_tables.flipped(run).cells
    assert row[0:2] == ["LKL", "IP-4.12"]
    assert row[3:] == ["fail", "pass", ROUTE]


def asked(
    system: str, name: str, outcome: Compat, kind: str = "congestion control"
) -> CompatRecord:
    return CompatRecord(
        system=system, version="1", kind=kind, name=name, outcome=outcome, detail="why"
    )


def test_compat_lines_are_checked() -> None:
    good = '{"kind": "option", "name": "TCP_NODELAY", "outcome": "works", "detail": ""}'
    (record,) = compat.parse("lkl", "1", good)
    assert record.outcome is Compat.WORKS
    for bad in (good[:-9], good.replace("works", "hums"), good + "\nPanic!"):
        with pytest.raises(ArtifactError, match=r"compat on lkl: line \d: "):
            compat.parse("lkl", "1", bad)
    with pytest.raises(ArtifactError, match="printed nothing"):
        compat.parse("lkl", "1", "")


def test_compat_tables_and_the_claim(results: Path) -> None:
    made = Run.create("quick", argv=["test"], seed=1)
    for one in (
        asked("linux", "bbr", Compat.WORKS), asked("linux", "cubic", Compat.WORKS),
        asked("gvisor-runsc", "bbr", Compat.FAILS), asked("gvisor-runsc", "cubic", Compat.WORKS),
        asked("linux", "UDP_GRO", Compat.LIES, "control message"),
    ):  # fmt: skip
        made.add_compat(one)
    made.add_skip("compat", "runu", "not yet")
    table = conformance_tables.congestion(made)
    assert [list(row) for row in table.cells] == [
        ["bbr", "works", "fails (why)"], ["cubic", "works", "works"],
    ]  # fmt: skip
    assert "not yet" in table.caption
    assert conformance_tables.control_messages(made).cells == [["UDP_GRO", "LIES (why)"]]
    relation = Lacks(
        relation="lacks", kind="congestion control", system="gvisor-runsc", than="linux"
    )
    judged = relation.judge(Evidence(compat=made.compat()))
    assert (judged.outcome, judged.why) == (Outcome.HOLDS, "lacking: bbr")
    other = relation.model_copy(update={"system": "linux", "than": "gvisor-runsc"})
    assert other.judge(Evidence(compat=made.compat())).outcome is Outcome.DIFFERS
    skips = [SkipRecord(experiment="compat", system="gvisor-runsc", reason="no runsc")]
    nobody = relation.judge(Evidence(compat=made.compat()[:2], skips=skips))
    assert (nobody.outcome, nobody.why) == (Outcome.NOT_RUN, "gVisor (runsc): no runsc")
