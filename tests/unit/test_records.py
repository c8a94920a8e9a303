# SPDX-License-Identifier: GPL-2.0-only
"""Run directories: what is written is read again, and damage is named by file and line."""

import resource
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from artifact import records
from artifact.errors import ArtifactError
from artifact.records import (
    Run,
    SampleRecord,
    Verdict,
    VerdictRecord,
    latest_samples,
    latest_verdicts,
    sharing,
)


def sample(**changes: object) -> SampleRecord:
    fields = {
        "experiment": "core", "system": "lkl", "workload": "boot", "params": {"threads": 4},
        "metric": "boot", "unit": "s", "value": 0.25, "round": 0, "warmup": False,
    }  # fmt: skip
    return SampleRecord.model_validate(fields | changes)


def verdict(case: str, outcome: Verdict) -> VerdictRecord:
    return VerdictRecord(
        suite="arp", case=case, dut="lkl", mode="netns", verdict=outcome, reason="", seconds=1
    )


def test_records_come_back(results: Path) -> None:
    run = Run.create("smoke", argv=["x"], seed=7)
    run.add_sample(sample())
    run.add_sample(sample(experiment="netperf", value=0.1 + 0.2))
    run.add_verdict(verdict("ARP-1.1", Verdict.NO_TEST))
    run.add_skip("coldstart", "kata", "not packaged")
    run.finish()
    again = Run.open(run.id)
    assert again.samples() == run.samples()
    assert again.samples("netperf")[0].value == 0.1 + 0.2
    assert [v.verdict for v in again.verdicts()] == [Verdict.NO_TEST]
    assert again.skips("coldstart")[0].reason == "not packaged"
    assert again.manifest.seed == 7
    assert again.manifest.ended
    assert Run.latest().id == run.id


def test_unknown_facts_have_reasons(results: Path) -> None:
    found = Run.create("smoke").manifest.provenance
    nulls = {name for name, value in found.facts.items() if value is None}
    assert nulls == found.unknown.keys()
    assert all(found.unknown.values())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"{\n", "JSON"),
        (b'{"experiment": "x"}\n', "Field required"),
        (b"\xff\xfe\n", "JSON"),
    ],
)
def test_a_corrupt_line_is_named(results: Path, text: bytes, why: str) -> None:
    run = Run.create("smoke")
    run.add_sample(sample())
    with (run.dir / "samples.jsonl").open("ab") as file:
        file.write(text)
    with pytest.raises(ArtifactError, match=r"samples\.jsonl:2: .*" + why):
        run.samples()


def test_a_torn_line_is_named(results: Path) -> None:
    run = Run.create("smoke")
    run.add_verdict(verdict("ARP-1.1", Verdict.PASS))
    file = run.dir / "verdicts.jsonl"
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(ArtifactError, match=r"verdicts\.jsonl:1: the line is cut off; repair"):
        run.verdicts()


@pytest.mark.parametrize(
    "changes",
    [{"value": float("nan")}, {"round": -1}, {"extra": 1}, {"params": {"a": [1]}}, {"unit": None}],
)
def test_nonsense_is_refused_before_it_is_written(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        sample(**changes)


def test_writers_at_the_same_time_do_not_mix_lines(results: Path) -> None:
    run = Run.create("smoke")

    def write(number: int) -> None:
        for _ in range(50):
            run.add_sample(sample(round=number, workload="w" * 5000))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(run.samples()) == 200


def test_no_space_is_one_line_and_leaves_no_half_record(results: Path) -> None:
    run = Run.create("smoke")
    run.add_sample(sample())
    size = (run.dir / "samples.jsonl").stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, hard))
    try:
        with pytest.raises(ArtifactError, match="No space left on device; free some space"):
            run.add_sample(sample())
        with pytest.raises(ArtifactError, match="cannot write /dev/full: No space left"):
            records._append(Path("/dev/full"), sample())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (run.dir / "samples.jsonl").stat().st_size == size
    assert len(run.samples()) == 1


@pytest.mark.parametrize("where", ["no-such-run", "some/where/else"])
def test_a_missing_run_is_one_line(results: Path, where: str) -> None:
    with pytest.raises(ArtifactError, match="no run at"):
        Run.open(where)


def test_no_run_at_all_says_how_to_make_one(results: Path) -> None:
    with pytest.raises(ArtifactError, match="invoke reproduce-all"):
        Run.latest()


def test_a_corrupt_manifest_is_named(results: Path) -> None:
    run = Run.create("smoke")
    (run.dir / "manifest.json").write_text("{}")
    with pytest.raises(ArtifactError, match=r"manifest\.json:1: "):
        Run.open(run.id)


def test_steps_of_a_reproduction_share_a_run(results: Path) -> None:
    with sharing(Run.create("smoke")) as shared:
        inner = Run.current("smoke")
        inner.finish()
        assert Run.chosen().id == inner.id == shared.id
    assert Run.open(shared.id).manifest.ended is None
    assert Run.current("smoke").id != shared.id


def test_a_repeated_case_counts_as_last_run() -> None:
    both = [verdict("a", Verdict.ERROR), verdict("b", Verdict.FAIL), verdict("a", Verdict.PASS)]
    last = {record.case: record.verdict for record in latest_verdicts(both)}
    assert last == {"a": Verdict.PASS, "b": Verdict.FAIL}


def test_a_repeated_measurement_counts_as_last_recorded() -> None:
    first, other, again = sample(value=1), sample(round=1, value=2), sample(value=3)
    assert latest_samples([first, other, again]) == [again, other]


def test_the_last_line_of_a_task(synthetic_run: Callable[..., Run]) -> None:
    run = synthetic_run()
    assert run.results_line == f"results: {run.dir}"
