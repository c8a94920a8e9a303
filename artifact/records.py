# SPDX-License-Identifier: GPL-2.0-only
"""A run directory: one manifest and append-only lines of raw samples (never summaries).

    <results>/<run-id>/manifest.json   who, where, with what (artifact.provenance)
    <results>/<run-id>/verdicts.jsonl  one VerdictRecord per line
    <results>/<run-id>/samples.jsonl   one SampleRecord per line
    <results>/<run-id>/compat.jsonl    one CompatRecord per line
    <results>/<run-id>/skips.jsonl     one SkipRecord per line: what was not run, and why
    <results>/<run-id>/logs/           raw output of tools

A record is written by a single write(2) on an O_APPEND descriptor, so a killed run leaves
whole lines; a reader that meets anything else says which file and line is wrong.
"""

import errno
import fcntl
import json
import os
import secrets
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from artifact import paths, profiles
from artifact.errors import ArtifactError
from artifact.provenance import Provenance, collect, now

RUN_DIR_VARIABLE = "UK_RUN_DIR"
SCHEMA = 1
DEFAULTS, PAPER = "defaults", "paper"  # conditions of conformance (VerdictRecord.mode)

Param = str | int | float | bool | None


class Verdict(StrEnum):
    """The paper's five outcomes of a conformance case (slides p.17)."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    NO_TEST = "no_test"


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class VerdictRecord(_Record):
    """One conformance case on one device under test."""

    suite: str
    case: str
    dut: str
    mode: str
    verdict: Verdict
    reason: str
    seconds: float = Field(ge=0)
    pcap: str | None = None


class SampleRecord(_Record):
    """One raw measurement. `unit` is SI without prefix (s, B, bit/s, 1/s)."""

    experiment: str
    system: str
    workload: str
    params: dict[str, Param] = Field(default_factory=dict)
    metric: str
    unit: str
    value: float
    round: int = Field(ge=0)
    warmup: bool


class SkipRecord(_Record):
    """Something that belongs to an experiment and was not run, with the reason."""

    experiment: str
    system: str
    reason: str = Field(min_length=1)


class Compat(StrEnum):
    """What a stack does when it is asked for something of the socket interface."""

    WORKS = "works"  # accepted, and the effect was seen (or the value read back)
    FAILS = "fails"  # refused
    LIES = "lies"  # accepted, without the effect


class CompatRecord(_Record):
    """One algorithm, control message or socket option on one stack (slides p.7)."""

    system: str
    version: str
    kind: str
    name: str
    outcome: Compat
    detail: str


class Manifest(BaseModel):
    """What is known about a run as a whole. `ended` is null while it is unfinished."""

    model_config = ConfigDict(extra="forbid")

    schema_version: int = SCHEMA
    run_id: str
    profile: str
    seed: int
    argv: list[str]
    started: str
    ended: str | None = None
    provenance: Provenance


RecordT = TypeVar("RecordT", bound=_Record)


def _append(file: Path, record: _Record) -> None:
    line = (record.model_dump_json() + "\n").encode()
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        before = os.fstat(descriptor).st_size
        written = os.write(descriptor, line)
        if written != len(line):
            os.ftruncate(descriptor, before)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        raise ArtifactError(
            f"cannot write {file}: {error.strerror}", "free some space and run again"
        ) from error
    finally:
        os.close(descriptor)


def _why(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]


def read_lines(file: Path, model: type[RecordT]) -> Iterator[RecordT]:
    """Records of one file in the order of writing; ArtifactError is `file:line: why`."""
    if not file.exists():
        return
    remedy = "repair or delete that line"
    for number, line in enumerate(file.read_bytes().splitlines(keepends=True), start=1):
        place = f"{paths.shown(file)}:{number}"
        if not line.endswith(b"\n"):
            raise ArtifactError(f"{place}: the line is cut off", remedy)
        try:
            yield model.model_validate_json(line)
        except ValidationError as error:
            raise ArtifactError(f"{place}: {_why(error)}", remedy) from None


def write_atomically(file: Path, text: str) -> None:
    """Replace a small file so that a reader sees the old or the new text, nothing between."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        fresh.write_text(text)
        fresh.replace(file)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise ArtifactError(f"cannot write {file}: {error.strerror}") from error


class Run:
    """A run directory that is open for reading and appending."""

    def __init__(self, directory: Path, manifest: Manifest) -> None:
        self.dir = directory
        self.manifest = manifest

    @classmethod
    def create(
        cls, profile: str, argv: Sequence[str] | None = None, seed: int | None = None
    ) -> "Run":
        """Make a new run directory and write its manifest. A missing seed is drawn and kept."""
        profiles.get(profile)
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        run_id = f"{stamp}-{profile}-{secrets.token_hex(2)}"
        directory = paths.RESULTS / run_id
        manifest = Manifest(
            run_id=run_id,
            profile=profile,
            seed=secrets.randbits(32) if seed is None else seed,
            argv=list(sys.argv if argv is None else argv),
            started=now(),
            provenance=collect(),
        )
        try:
            (directory / "logs").mkdir(parents=True)
        except OSError as error:
            raise ArtifactError(f"cannot make {directory}: {error.strerror}") from error
        run = cls(directory, manifest)
        run._store()
        return run

    @classmethod
    def open(cls, where: Path | str) -> "Run":
        """Open a run by directory or id."""
        directory = Path(where)
        if not directory.is_dir() and "/" not in str(where):
            directory = next(
                (d for d in (paths.RESULTS / where, paths.REFERENCE / where) if d.is_dir()),
                directory,
            )
        file = directory / "manifest.json"
        if not file.is_file():
            raise ArtifactError(
                f"no run at {where}: {paths.shown(file)} is absent",
                "invoke claims --runs lists them",
            )
        try:
            return cls(directory.resolve(), Manifest.model_validate_json(file.read_bytes()))
        except ValidationError as error:
            raise ArtifactError(f"{paths.shown(file)}:1: {_why(error)}") from None

    @classmethod
    def current(
        cls, profile: str, argv: Sequence[str] | None = None, seed: int | None = None
    ) -> "Run":
        """The run named by $UK_RUN_DIR (steps of one reproduction share it), else a new one."""
        shared = os.environ.get(RUN_DIR_VARIABLE)
        return cls.open(Path(shared)) if shared else cls.create(profile, argv, seed)

    @classmethod
    def chosen(cls, where: str = "") -> "Run":
        """The run that is named; else the one of $UK_RUN_DIR; else the latest."""
        named = where or os.environ.get(RUN_DIR_VARIABLE)
        return cls.open(named) if named else cls.latest()

    @classmethod
    def latest(cls) -> "Run":
        """The run that was started last."""
        found = cls.all()
        if not found:
            raise ArtifactError(
                f"no run in {paths.shown(paths.RESULTS)}", "run: invoke reproduce-all"
            )
        return found[-1]

    @classmethod
    def all(cls) -> list["Run"]:
        """All runs, oldest first."""
        runs = [cls.open(file.parent) for file in paths.RESULTS.glob("*/manifest.json")]
        return sorted(runs, key=lambda run: (run.manifest.started, run.manifest.run_id))

    @property
    def id(self) -> str:
        """The run's name, which is also its directory's."""
        return self.manifest.run_id

    @property
    def logs(self) -> Path:
        """Directory for raw output of tools; made on first use."""
        directory = self.dir / "logs"
        directory.mkdir(exist_ok=True)
        return directory

    @property
    def results_line(self) -> str:
        """The last line that a measuring task prints."""
        return f"results: {paths.shown(self.dir)}"

    def add_sample(self, sample: SampleRecord) -> None:
        """Append one raw measurement."""
        _append(self.dir / "samples.jsonl", sample)

    def add_verdict(self, verdict: VerdictRecord) -> None:
        """Append one conformance verdict."""
        _append(self.dir / "verdicts.jsonl", verdict)

    def add_compat(self, record: CompatRecord) -> None:
        """Append what a stack did when it was asked for something."""
        _append(self.dir / "compat.jsonl", record)

    def compat(self) -> list[CompatRecord]:
        """What stacks did, in the order of asking."""
        return [*read_lines(self.dir / "compat.jsonl", CompatRecord)]

    def add_skip(self, experiment: str, system: str, reason: str) -> None:
        """Note that a system of an experiment was not run, and why."""
        skip = SkipRecord(experiment=experiment, system=system, reason=reason)
        _append(self.dir / "skips.jsonl", skip)

    def samples(self, experiment: str | None = None) -> list[SampleRecord]:
        """Raw measurements, of one experiment or of all."""
        every = read_lines(self.dir / "samples.jsonl", SampleRecord)
        return [sample for sample in every if experiment in (None, sample.experiment)]

    def verdicts(self) -> list[VerdictRecord]:
        """Verdicts in the order of writing (a case that ran twice is there twice)."""
        return [*read_lines(self.dir / "verdicts.jsonl", VerdictRecord)]

    def skips(self, experiment: str | None = None) -> list[SkipRecord]:
        """What was not run."""
        every = read_lines(self.dir / "skips.jsonl", SkipRecord)
        return [skip for skip in every if experiment in (None, skip.experiment)]

    def refresh_provenance(self) -> None:
        """Read the facts again, after a step that changed them (such as a build)."""
        self.manifest.provenance = collect()
        self._store()

    def finish(self) -> None:
        """Note the time of the end; a shared run is left open for the one who shares it."""
        if os.environ.get(RUN_DIR_VARIABLE) == str(self.dir):
            return
        self.manifest.ended = now()
        self._store()

    def _store(self) -> None:
        text = json.dumps(self.manifest.model_dump(), indent=1, ensure_ascii=False)
        write_atomically(self.dir / "manifest.json", text + "\n")


@contextmanager
def sharing(run: Run) -> Iterator[Run]:
    """Have every measuring function, here and in child processes, add to this run."""
    before = os.environ.get(RUN_DIR_VARIABLE)
    os.environ[RUN_DIR_VARIABLE] = str(run.dir)
    try:
        yield run
    finally:
        if before is None:
            del os.environ[RUN_DIR_VARIABLE]
        else:
            os.environ[RUN_DIR_VARIABLE] = before


def latest_verdicts(records: Iterable[VerdictRecord]) -> list[VerdictRecord]:
    """Each (suite, case, dut, mode) once, as last recorded: a resumed run repeats cases."""
    last = {(r.suite, r.case, r.dut, r.mode): r for r in records}
    return [*last.values()]


def in_condition(records: Iterable[VerdictRecord], mode: str = DEFAULTS) -> list[VerdictRecord]:
    """Verdicts of stacks in one condition, each case once."""
    return [record for record in latest_verdicts(records) if record.mode == mode]


def latest_samples(records: Iterable[SampleRecord]) -> list[SampleRecord]:
    """Each measurement once, as last recorded: a resumed run may repeat one."""
    last = {
        (r.experiment, r.system, r.workload, r.metric, *sorted(r.params.items()), r.round): r
        for r in records
    }
    return [*last.values()]
