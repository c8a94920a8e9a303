# SPDX-License-Identifier: GPL-2.0-only
"""Memory of real containers: they wait, are counted, and nothing of them stays."""

import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from artifact import profiles
from artifact.bench import memory
from artifact.engines.enclosure import Enclosure, enclosure
from artifact.errors import ArtifactError, Unavailable
from artifact.images.recipe import Form
from artifact.systems import cgroups, leftovers, registry

pytestmark = pytest.mark.system


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Enclosure]:
    place = Path(tempfile.mkdtemp(dir="/tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    try:
        with enclosure() as inside:
            yield inside
    except Unavailable as reason:
        pytest.skip(str(reason))
    assert [*place.iterdir()] == []
    assert not [name for name in cgroups.names() if name.startswith(leftovers.prefix())]
    place.rmdir()


@pytest.mark.parametrize("name", ["native", "runc", "crun", "runu-public", "runu-private"])
def test_containers_are_counted_while_they_wait(name: str, inside: Enclosure) -> None:
    make, images = memory.SYSTEMS[name]
    try:
        way = make()
        hello = memory.WORKLOADS["hello"]
        files = (
            memory.packed(hello, inside.place)
            if name == "runu-private"
            else memory.image(hello, Form(images[0]))
        )
    except Unavailable as reason:
        pytest.skip(str(reason))
    before = inside.pids()
    with memory.crowd(inside, way, files, hello.ready) as containers:
        containers.add()
        one = containers.memory()
        containers.add()
        two = containers.memory()
    assert one.processes >= 1
    assert two.processes == 2 * one.processes
    assert one.pss <= one.rss
    assert two.pss > one.pss
    assert two.rss >= 1.5 * one.rss
    assert inside.pids() <= before | {inside.pid}


@pytest.mark.parametrize("name", ["native", "runc"])
def test_a_program_that_does_not_wait_is_an_error(name: str, inside: Enclosure) -> None:
    try:
        way = memory.SYSTEMS[name][0]()
        files = memory.image(memory.WORKLOADS["hello"], Form.PUBLIC)
    except Unavailable as reason:
        pytest.skip(str(reason))
    ends = dataclasses.replace(files, argv=("/bin/hello", "you"))
    with (
        memory.crowd(inside, way, ends, "never said") as containers,
        pytest.raises(ArtifactError, match="did not begin to wait: hello, you"),
    ):
        containers.add()


def test_a_resumed_run_repeats_nothing(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = registry.row(registry.MEMORY, "native")
    monkeypatch.setattr(registry, "of", lambda _: [row])
    monkeypatch.setattr(memory, "WORKLOADS", {"hello": memory.WORKLOADS["hello"]})
    run = memory.run("smoke")
    samples = run.samples("memory")
    counts = profiles.get("smoke").memory_containers
    assert len(samples) == 2 * len(counts) * len(memory.METRICS)  # two images
    with enclosure() as inside:
        tool = memory.Bench(run, inside, counts, {})
        memory.take(tool, memory.usable(tool), profiles.get("smoke"))
    assert run.samples("memory") == samples
