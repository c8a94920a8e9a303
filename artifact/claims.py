# SPDX-License-Identifier: GPL-2.0-only
"""The paper's claims (data/claims.toml), judged from the records of a run.

Loading and gathering read files; `evaluate` is pure.
"""

import csv
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from artifact import paths, port
from artifact.errors import ArtifactError
from artifact.records import Run, in_condition, latest_samples
from artifact.relations import CountEquals, Evidence, Judgement, PublishedCount, Relation

CLAIMS = paths.DATA / "claims.toml"
PUBLISHED = paths.PAPER_DATA / "conformance.csv"
UNKNOWN = "unknown"


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Claim(_Data):
    """One claim: text in our words, place in the paper, how it is tested, `minutes` it takes."""

    id: str
    text: str
    place: str
    paper: str = UNKNOWN
    command: str
    minutes: float = Field(ge=0)
    test: Relation


class ClaimList(_Data):
    """The whole file."""

    port: dict[str, port.PortPart]
    claim: list[Claim]


@dataclass(frozen=True)
class Finding:
    """A claim and what one run says about it."""

    claim: Claim
    judgement: Judgement


def load(file: Path = CLAIMS) -> ClaimList:
    """Read the claim list; ArtifactError names the claim and the field that is wrong."""
    try:
        data = tomllib.loads(file.read_text())
        claims = ClaimList.model_validate(data)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ArtifactError(f"{paths.shown(file)}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = list(first["loc"])
        if place[:1] == ["claim"] and len(place) > 1:
            place[1] = data["claim"][place[1]].get("id", place[1])
        where = ".".join(str(part) for part in place)
        raise ArtifactError(f"{paths.shown(file)}: {where}: {first['msg']}") from None
    names = [claim.id for claim in claims.claim]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ArtifactError(f"{paths.shown(file)}: id used twice: {', '.join(twice)}")
    return claims


def published(file: Path = PUBLISHED) -> list[PublishedCount]:
    """The paper's conformance table."""
    with file.open(newline="") as source:
        return [
            PublishedCount(row["stack"], row["suite"], int(row["passed"]), int(row["total"]))
            for row in csv.DictReader(source)
        ]


def gather(run: Run, claims: ClaimList) -> Evidence:
    """All that the relations may look at."""
    return Evidence(
        samples=latest_samples(run.samples()),
        verdicts=in_condition(run.verdicts()),
        compat=run.compat(),
        skips=run.skips(),
        published=published(),
        port_lines=port.count(claims.port),
    )


def evaluate(claims: Sequence[Claim], evidence: Evidence) -> list[Finding]:
    """Judge every claim, in the order of the file."""
    return [Finding(claim, claim.test.judge(evidence)) for claim in claims]


def paper_value(claim: Claim, counts: Sequence[PublishedCount]) -> str:
    """The paper's side of a claim as text; counts come from the table, not from the list."""
    if isinstance(claim.test, CountEquals):
        cells = (c for c in counts if c.stack == claim.test.dut)
        return ", ".join(f"{cell.suite} {cell.passed}/{cell.total}" for cell in cells)
    return claim.paper


def judge(run: Run) -> list[Finding]:
    """What a run says about every claim of the paper."""
    claims = load()
    return evaluate(claims.claim, gather(run, claims))
