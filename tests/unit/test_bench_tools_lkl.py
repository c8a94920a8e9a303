# SPDX-License-Identifier: GPL-2.0-only
"""lkl-bench: captured lines are understood; any other line is refused."""

from pathlib import Path

import pytest

from artifact.bench.tools.lkl_bench import Bench, command, parse
from artifact.errors import ArtifactError

GOLDEN = Path(__file__).parents[1] / "golden" / "lkl_bench"


@pytest.mark.parametrize(
    "bench",
    [
        Bench("syscall_getppid", "host"),
        Bench("pipe_pingpong", "host"),
        Bench("syscall_rate", "host", 4),
    ],
    ids=str,
)
def test_captured_output(bench: Bench) -> None:
    sample = parse((GOLDEN / f"{bench.metric}.json").read_text(), bench)
    assert (sample.metric, sample.system) == (bench.metric, "host")
    assert sample.params.get("threads") == bench.threads


LINE = '{"metric": "boot", "system": "lkl", "unit": "s", "value": 0.01, "params": {"mem": 1}}'


@pytest.mark.parametrize(
    ("output", "why"),
    [
        ("", "0 samples instead of one"),
        (f"{LINE}\n{LINE}\n", "2 samples instead of one"),
        ("Kernel panic\n", "Invalid JSON"),
        (LINE.replace("0.01", "0"), "value: .*greater than 0"),
        (LINE.replace("0.01", "NaN"), "Invalid JSON|finite"),
        (LINE.replace('"s"', '"ms"'), "answered something else"),
        (LINE.replace("lkl", "host"), "answered something else"),
        (LINE.replace("boot", "rss"), "answered something else"),
        (LINE.replace('"mem": 1', '"threads": 4'), "answered something else"),
        (LINE.replace('"params"', '"parameters"'), "Extra inputs|Field required"),
    ],
)
def test_anything_else_is_refused(output: str, why: str) -> None:
    with pytest.raises(ArtifactError, match=why):
        parse(output, Bench("boot", "lkl"))


def test_memory_is_the_librarys_only() -> None:
    assert "--mem" in command(Path("b"), Bench("boot", "lkl"), "64M")
    assert "--mem" not in command(Path("b"), Bench("pipe_pingpong", "host"), "64M")
    assert command(Path("b"), Bench("syscall_rate", "host", 4), "64M")[-2:] == ["--threads", "4"]
