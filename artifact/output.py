# SPDX-License-Identifier: GPL-2.0-only
"""The .json beside every figure and table: what it shows and what it was made from."""

import hashlib
import json
from pathlib import Path

from artifact import claims, paths
from artifact.records import Run

RECORD_FILES = ("manifest.json", "samples.jsonl", "verdicts.jsonl", "skips.jsonl", "compat.jsonl")


def inputs(run: Run) -> dict[str, str]:
    """sha256 of every file that figures and tables may read, by its shown path."""
    files = [run.dir / name for name in RECORD_FILES] + [claims.PUBLISHED, claims.CLAIMS]
    return {
        paths.shown(file): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.is_file()
    }


def sidecar(stem: Path, run: Run, caption: str) -> Path:
    """Write `<stem>.json`; returns its path."""
    facts = run.manifest.provenance.facts
    content = {
        "caption": caption,
        "run": run.id,
        "profile": run.manifest.profile,
        "git_commit": facts.get("git_commit"),
        "git_dirty": facts.get("git_dirty"),
        "inputs": inputs(run),
    }
    file = stem.with_name(stem.name + ".json")
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    return file
