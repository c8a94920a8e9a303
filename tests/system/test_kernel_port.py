# SPDX-License-Identifier: GPL-2.0-only
"""The committed port against the fetched kernel, and what was built from it."""

import json
from pathlib import Path

import pytest

from artifact import paths
from artifact.kernel import base, build, patch, series
from artifact.kernel.base import Source

pytestmark = pytest.mark.system


@pytest.fixture
def source() -> Source:
    found = base.current()
    if found is None:
        pytest.skip("no kernel source here: invoke fetch")
    return found


@pytest.fixture
def prefix(source: Source) -> Path:
    """What `invoke build` made of the checkout as it is now."""
    found = build.plan().prefix
    if not (found / "build.json").is_file():
        pytest.skip("this checkout is not built: invoke build")
    return found


def test_the_port_fits_the_fetched_release_with_zero_fuzz(source: Source, tmp_path: Path) -> None:
    """Only the files concerned are copied: the whole tree would take a minute."""
    port = series.read()
    pristine = tmp_path / "pristine"
    pristine.mkdir()
    for name in port.touched:
        (pristine / name).parent.mkdir(parents=True, exist_ok=True)
        (pristine / name).write_bytes((source.tree / name).read_bytes())
    series.check_against(port, source.tree)
    change = patch.sync(port, pristine, tmp_path / "tree")
    assert {*change.written} == {*port.overlay, *port.touched}


def test_the_pristine_tree_is_pristine(source: Source) -> None:
    port = series.read()
    assert not [name for name in port.overlay if (source.tree / name).exists()]
    assert not (source.tree / patch.MANAGED).exists()


def test_the_installed_library_is_complete_and_small(prefix: Path) -> None:
    for name in ("lib/liblkl.so", "lib/liblkl.a", "include/lkl.h", "bin/lkl-test", "bin/lkl-bench"):
        assert (prefix / name).is_file(), name
    facts = json.loads((prefix / "build.json").read_text())
    assert prefix.name == f"prefix-{facts['key']}"


def test_a_second_build_changes_nothing(prefix: Path) -> None:
    before = (prefix / "build.json").stat().st_mtime_ns
    assert not build.run().fresh
    assert (prefix / "build.json").stat().st_mtime_ns == before
    assert (paths.KERNEL / "current").resolve() == prefix.resolve()
