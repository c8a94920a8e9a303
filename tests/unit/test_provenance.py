# SPDX-License-Identifier: GPL-2.0-only
"""Facts about a run: read where they can be read, null with a reason elsewhere."""

import json
from pathlib import Path

import pytest

from artifact import paths, provenance


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "KERNEL", tmp_path)
    (tmp_path / "current").mkdir()
    return tmp_path / "current" / "build.json"


def test_without_a_build_the_kernel_is_unknown_and_says_so(kernel: Path) -> None:
    found = provenance.collect()
    assert found.facts["kernel_source_version"] is None
    assert "not built" in found.unknown["kernel_source_version"]


def test_the_build_stamp_is_read(kernel: Path) -> None:
    stamp = {"source_version": "6.12.1", "series": "6.12", "patch_hash": "a", "config_hash": "b"}
    kernel.write_text(json.dumps(stamp))
    facts = provenance.collect().facts
    assert {name: facts[f"kernel_{name}"] for name in stamp} == stamp


def test_a_stamp_that_lacks_a_key_makes_that_fact_unknown(kernel: Path) -> None:
    kernel.write_text('{"series": "6.12"}')
    found = provenance.collect()
    assert found.facts["kernel_series"] == "6.12"
    assert "config_hash" in found.unknown["kernel_config_hash"]


def test_the_machine_is_described() -> None:
    facts = provenance.collect().facts
    for name in ("cpu_model", "cpus", "host_kernel", "memory", "python", "python_numpy"):
        assert facts[name], name
