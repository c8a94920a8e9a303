# SPDX-License-Identifier: GPL-2.0-only
"""lkl-bench (tools/lkl/tests/lkl-bench.c): how it is called, what its lines mean.

It prints one JSON object per sample: metric, system, unit, value, params.
"""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from artifact.errors import ArtifactError

LKL = "lkl"
HOST = "host"
UNITS = {
    "boot": "s",
    "syscall_getppid": "s",
    "pipe_pingpong": "s",
    "syscall_rate": "1/s",
    "rss": "B",
}
# Nothing on the host corresponds to them: its kernel has booted, and is not in our process.
LKL_ONLY = ("boot", "rss")


@dataclass(frozen=True)
class Bench:
    """One call of lkl-bench, for one sample in a process of its own."""

    metric: str
    system: str
    threads: int | None = None

    def __str__(self) -> str:
        return " ".join([self.metric, self.system, *([str(self.threads)] if self.threads else [])])


class Sample(BaseModel):
    """One line of output."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    metric: str
    system: str
    unit: str
    value: float = Field(gt=0)
    params: dict[str, int]


def command(program: Path, bench: Bench, memory: str) -> list[str]:
    """The command for one sample; `memory` of the library kernel such as 64M."""
    argv = [str(program), bench.metric, "--system", bench.system, "--samples", "1"]
    if bench.system == LKL:
        argv += ["--mem", memory]
    if bench.threads:
        argv += ["--threads", str(bench.threads)]
    return argv


def parse(output: str, bench: Bench) -> Sample:
    """The sample in the output; ArtifactError unless it is exactly the one asked for."""
    lines = output.splitlines()
    if len(lines) != 1:
        raise ArtifactError(f"lkl-bench {bench}: {len(lines)} samples instead of one")
    try:
        sample = Sample.model_validate_json(lines[0])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "line"
        raise ArtifactError(f"lkl-bench {bench}: {where}: {first['msg']}: {lines[0]}") from None
    asked = (bench.metric, bench.system, UNITS[bench.metric], bench.threads)
    if (sample.metric, sample.system, sample.unit, sample.params.get("threads")) != asked:
        raise ArtifactError(f"lkl-bench {bench}: answered something else: {lines[0]}")
    return sample
