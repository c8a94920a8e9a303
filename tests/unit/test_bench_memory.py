# SPDX-License-Identifier: GPL-2.0-only
"""Memory of containers: what is read, and what tables make of it."""

import os
from pathlib import Path

import pytest

from artifact import figures, tables
from artifact.bench import memory
from artifact.errors import ArtifactError
from artifact.images.recipe import Form
from artifact.records import Run, SampleRecord
from artifact.systems import registry

ROLLUP = """55d0c8a3c000-7ffe0a5f4000 ---p 00000000 00:00 0                          [rollup]
Rss:                3456 kB
Pss:                1234 kB
Pss_Dirty:           640 kB
Pss_Anon:            640 kB
Shared_Clean:       2560 kB
"""


def test_a_rollup_is_read_in_octets() -> None:
    assert memory.parse_rollup(ROLLUP) == (3456 * 1024, 1234 * 1024)


@pytest.mark.parametrize("text", ["", "Rss: 1 kB\n", ROLLUP.replace("Pss:", "Psst:"),
                                  ROLLUP.replace("1234 kB", "many")])  # fmt: skip
def test_a_rollup_without_both_is_refused(text: str) -> None:
    with pytest.raises(ArtifactError, match="no Rss and Pss"):
        memory.parse_rollup(text)


def test_processes_that_are_gone_count_nothing() -> None:
    me = memory.measure({os.getpid()})
    assert me.processes == 1
    assert 0 < me.pss <= me.rss
    assert memory.measure(set()) == memory.Memory(0, 0, 0)
    assert memory.measure({2**22}) == memory.Memory(0, 0, 0)


def test_every_system_of_the_table_is_implemented() -> None:
    assert memory.SYSTEMS.keys() == {row.name for row in registry.of(registry.MEMORY)}
    for _, images in memory.SYSTEMS.values():
        assert {Form(which) for which in images}


def put(run: Run, system: str, values: dict[int, float], number: int = 0) -> None:
    for containers, value in values.items():
        for metric in ("rss", "pss"):
            run.add_sample(
                SampleRecord(
                    experiment="memory", system=system, workload="hello", metric=metric, unit="B",
                    params={"image": "public", "containers": containers}, value=value,
                    round=number, warmup=False,
                )
            )  # fmt: skip


def test_the_nth_container_costs_what_it_adds(results: Path) -> None:
    run = Run.create("quick", seed=1)
    put(run, "runc", {1: 5e6, 2: 6e6, 32: 36e6})
    put(run, "native", {1: 4e6})
    rows = [row for row in tables.memory_containers(run).cells if row[0] == "runc"]
    assert [row[2:] for row in rows] == [
        ["1", "5.00 MB (n=1)", ""], ["2", "6.00 MB (n=1)", "1.00 MB (n=1)"],
        ["32", "36.0 MB (n=1)", "1.00 MB (n=1)"],
    ]  # fmt: skip
    (row,) = [row for row in tables.memory(run).cells if row[0] == "runc"]
    assert row[-2] == "1.00 MB (n=1)"
    absent = [row for row in tables.memory(run).cells if row[0] == "gVisor (runsc)"]
    assert absent[0][-1].startswith("not run: ")
    assert b"n containers of hello" in figures.memory(run).render("svg")
