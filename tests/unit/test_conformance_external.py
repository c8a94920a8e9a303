# SPDX-License-Identifier: GPL-2.0-only
"""Somebody's own stack: its description, and the ways in which a set-up can be wrong."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from artifact import paths
from artifact.conformance import cli, console
from artifact.conformance.duts import external
from artifact.errors import ArtifactError
from artifact.records import Run, Verdict

PROGRAM = Path(__file__).with_name("external_dut.py")
STARTED = f"env PYTHONPATH={paths.REPO} {sys.executable} {PROGRAM} {{link}}"


def describe(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "stack.toml"
    file.write_text("\n".join(('name = "mine"', 'features = ["udp_echo"]', *lines)) + "\n")
    return file


@contextmanager
def running(tmp_path: Path, *words: str) -> Iterator[Path]:
    """A stack that is there already, at a named socket; its description."""
    where = tmp_path / "dut"
    argv = [sys.executable, PROGRAM, where, *words]
    with subprocess.Popen(argv, env={"PYTHONPATH": str(paths.REPO)}) as child:
        try:
            while not where.exists():
                assert child.poll() is None
                time.sleep(0.01)
            link = f'link = {{ socket = "{where}.tester", peer = "{where}" }}'
            yield describe(tmp_path, "patience = 1.5", link)
        finally:
            child.kill()


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["nme = 1"], "nme: Extra inputs are not permitted"),
        ([], "give either .link. .it is running already. or command"),
        (['command = "x"', 'link = { interface = "tap0" }'], "give either .link."),
        (["link = {}"], "link: give either interface, or socket"),
        (['link = { socket = "/tmp/x" }'], "socket is ours, peer the DUT's: both are needed"),
        (['command = "x"', 'mac = "02:44"'], "mac: String should match pattern"),
        (['command = "x"', 'address = "198.18.0.1"'], "address: String should match pattern"),
        (['command = "x"', 'address = "198.18.0.1/24"'], "prefix of 20 or less"),
        (["command ="], "stack.toml: Invalid value"),
        (['command = ""'], "the command of the DUT is empty"),
    ],
)
def test_a_wrong_description_is_one_clear_line(tmp_path: Path, lines: list[str], why: str) -> None:
    with pytest.raises(ArtifactError, match=why):
        external.kind(describe(tmp_path, *lines))


def test_a_name_of_the_suites_own_is_taken(tmp_path: Path) -> None:
    file = describe(tmp_path, 'command = "x"')
    with pytest.raises(ArtifactError, match="'mine' is a DUT of the suite's own"):
        external.kind(file, {"mine"})
    file.write_text(file.read_text().replace("udp_echo", "magic"))
    with pytest.raises(ArtifactError, match="unknown feature 'magic'"):
        external.kind(file)
    with pytest.raises(ArtifactError, match="needs --config FILE"):
        external.kind(None)
    with pytest.raises(ArtifactError, match=r"cannot read .*: No such file"):
        external.kind(tmp_path / "absent.toml")


def run(file: Path, case: str | None = None, suite: str = "all") -> Run:
    made = cli.run("external", suite, "smoke", case, config=file)
    assert made is not None
    return made


def test_a_stack_that_we_start(results: Path, tmp_path: Path) -> None:
    made = run(describe(tmp_path, f"command = '{STARTED}'", "jobs = 2"), "IC-8.1")
    (record,) = made.verdicts()
    assert (record.dut, record.verdict) == ("mine", Verdict.PASS)
    assert record.pcap is not None


def test_a_stack_that_is_there(results: Path, tmp_path: Path) -> None:
    with running(tmp_path) as file:
        made = run(file, "ARP-1.1")
    assert [record.verdict for record in made.verdicts()] == [Verdict.PASS]
    assert not (tmp_path / "dut.tester").exists()


def test_silent_from_the_start(results: Path, tmp_path: Path) -> None:
    with running(tmp_path, "mute") as file, pytest.raises(ArtifactError, match="is silent: nobody"):
        run(file, "IC-8.1")


def test_nobody_at_the_socket(results: Path, tmp_path: Path) -> None:
    link = f'link = {{ socket = "{tmp_path}/a", peer = "{tmp_path}/b" }}'
    with pytest.raises(ArtifactError, match=r"cannot link .* No such file"):
        run(describe(tmp_path, link), "IC-8.1")


def test_an_interface_that_is_not_there(results: Path, tmp_path: Path) -> None:
    file = describe(tmp_path, 'link = { interface = "tap77" }')
    with pytest.raises(ArtifactError, match=r"no interface tap77 here; there are .*lo"):
        run(file, "IC-8.1")


def test_an_interface_with_an_address(results: Path, tmp_path: Path) -> None:
    file = describe(tmp_path, 'link = { interface = "lo" }')
    with pytest.raises(ArtifactError, match=r"interface lo has the address 127\.0\.0\.1"):
        run(file, "IC-8.1")


def test_two_devices(results: Path, tmp_path: Path) -> None:
    with (
        running(tmp_path, "twins") as file,
        pytest.raises(ArtifactError, match=r"2 stations answer for 198\.18\.0\.1 on .*:99"),
    ):
        run(file, "IC-8.1")


def test_another_device_than_described(results: Path, tmp_path: Path) -> None:
    with running(tmp_path) as file:
        file.write_text(file.read_text() + "\n")
        wrong = file.read_text().replace("features", 'mac = "02:44:00:00:00:77"\nfeatures', 1)
        file.write_text(wrong)
        with pytest.raises(ArtifactError, match=r"is 02:44:00:00:00:01, not 02:44:00:00:00:77"):
            run(file, "IC-8.1")


def test_dying_in_the_middle(results: Path, tmp_path: Path) -> None:
    with (
        running(tmp_path, "die-after=40") as file,
        pytest.raises(ArtifactError, match=r"mine stopped answering in case \S+: \d+ cases"),
    ):
        run(file, suite="udp")
    verdicts = [record.verdict for record in Run.latest().verdicts()]
    assert verdicts.count(Verdict.INCONCLUSIVE) > 5
    assert Verdict.PASS in verdicts
    assert verdicts.count(Verdict.FAIL) == 1


def test_a_started_one_that_dies_is_started_again(results: Path, tmp_path: Path) -> None:
    file = describe(tmp_path, f"command = '{STARTED} die-after=60'", "jobs = 1")
    made = run(file, suite="udp")
    verdicts = [record.verdict for record in made.verdicts()]
    assert Verdict.INCONCLUSIVE not in verdicts
    assert Verdict.FAIL in verdicts
    assert verdicts.count(Verdict.PASS) > 5


def test_the_program(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = describe(tmp_path, f"command = '{STARTED}'")
    words = ["run", "--config", str(file), "--case", "IC-8.1"]
    files = [tmp_path / "out.xml", tmp_path / "out.csv"]
    with pytest.raises(SystemExit) as ended:
        console.main([*words, "--junit", str(files[0]), "--csv", str(files[1])])
    assert ended.value.code == 0
    assert 'tests="1" failures="0"' in files[0].read_text()
    assert "icmpv4,IC-8.1,mine,defaults,pass,holds," in files[1].read_text()
    assert (Run.latest().dir / "conformance" / "case" / "IC-8.1.html").is_file()
    said = capsys.readouterr().out
    assert "report: " in said
    with pytest.raises(SystemExit) as ended:
        console.main(["run", "--config", str(tmp_path / "absent.toml")])
    assert ended.value.code == 2
