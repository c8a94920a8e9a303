# SPDX-License-Identifier: GPL-2.0-only
"""How large images are, and what each system needs beside them, once on a machine.

The authors' bench repository compares image sizes of nginx and Python. Here each image counts
as files, and as a layer compressed by gzip (level 6, as `docker push` does) and zstd (level 3,
its default). All container systems take the same public image; our private image is one file
that has kernel, C library and program; the virtual machine's is a disk. What images share on a
machine, the runtime and where it is not the host's the kernel, is told apart. Libraries and
firmware that a runtime loads from the host are not counted; no engine is.

Samples: experiment image_size, workload the image's name, or `shared` with params `part`
(runtime, kernel, libc); metrics unpacked, gzip, zstd, unit B. One round: nothing varies.
"""

import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from artifact import paths, proc, profiles, styles, ui
from artifact.bench import common
from artifact.engines import archive, runtimes
from artifact.errors import Unavailable
from artifact.images import catalogue, tree
from artifact.images.recipe import Form
from artifact.records import Run, SampleRecord
from artifact.systems import leftovers, machine, registry

EXPERIMENT = registry.IMAGE_SIZE
IMAGES = ("hello", "python", "nginx", "redis")
SHARED = "shared"
GZIP_LEVEL = 6
ZSTD_LEVEL = "-3"
BLOCK = 1 << 20


@dataclass(frozen=True)
class Size:
    """Octets: as files, and as one compressed stream."""

    unpacked: int
    gzip: int
    zstd: int


def gzipped(file: Path) -> int:
    """Length of a file compressed as gzip does, in octets."""
    packer = zlib.compressobj(GZIP_LEVEL, wbits=31)
    total = 0
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            total += len(packer.compress(block))
    return total + len(packer.flush())


def of_file(file: Path, place: Path, unpacked: int | None = None) -> Size:
    """Sizes of a file; `unpacked` where it is an archive of something else."""
    packed = place / "packed.zst"
    proc.run(
        [proc.need("zstd", "zstd"), "--quiet", "--force", ZSTD_LEVEL, "-o", packed, file.resolve()]
    )
    length = file.stat().st_size if unpacked is None else unpacked
    return Size(length, gzipped(file), packed.stat().st_size)


def of_directory(root: Path, place: Path) -> Size:
    """Sizes of a root directory: its regular files, and the layer that is made of it."""
    layer = place / "layer.tar"
    archive.write_layer(root, layer)
    files = {s.st_ino: s.st_size for s in map(Path.lstat, _regular(root))}
    return of_file(layer, place, sum(files.values()))


def _regular(root: Path) -> Iterator[Path]:
    return (path for path in tree.walk(root) if path.is_file() and not path.is_symlink())


@dataclass(frozen=True)
class Bench:
    """Where it is done; what several systems have in common is compressed once."""

    place: Path

    def public(self, name: str) -> Size:
        """The image that all container systems take."""
        return _directory(catalogue.image(name, Form.PUBLIC).rootfs, self.place)

    def single(self, name: str) -> Size:
        """The private image in one file."""
        return _file(catalogue.packed(name), self.place)

    def disk(self, name: str) -> Size:
        """The image as a virtual machine's disk."""
        root = catalogue.image(name, Form.PUBLIC).rootfs
        return _file(machine.disk(root, self.place / f"{name}.erofs"), self.place)


_directory = cache(of_directory)
_file = cache(of_file)


@dataclass(frozen=True)
class Parts:
    """What a system needs: an image of each program, and files that all of them share."""

    image: Callable[[Bench, str], Size]
    shared: dict[str, Callable[[], Path]]


def _runtime(name: str) -> Callable[[], Path]:
    return lambda: runtimes.find(name).program


def _tool(name: str, package: str) -> Callable[[], Path]:
    return lambda: Path(proc.need(name, package))


def _libc() -> Path:
    return paths.libc_prefix() / "lib" / "libc.so"


SYSTEMS: dict[str, Parts] = {
    "runu-private": Parts(Bench.single, {"runtime": _runtime("runu")}),
    "runu-public": Parts(Bench.public, {"runtime": _runtime("runu"), "libc": _libc}),
    "crun": Parts(Bench.public, {"runtime": _runtime("crun")}),
    "runc": Parts(Bench.public, {"runtime": _runtime("runc")}),
    "runsc": Parts(Bench.public, {"runtime": _runtime("runsc-systrap")}),
    "uml": Parts(Bench.public, {"kernel": _tool("linux.uml", "user-mode-linux")}),
    "qemu-tcg": Parts(
        Bench.disk,
        {"runtime": _tool("qemu-system-x86_64", "qemu-system-x86"), "kernel": machine.kernel,
         "initramfs": machine.initramfs},
    ),
}  # fmt: skip


def sizes(tool: Bench, system: str) -> dict[tuple[str, str], Size]:
    """Everything of one system, by image (or SHARED) and part; Unavailable if one is not here."""
    parts = SYSTEMS[system]
    found = {(SHARED, part): _file(where(), tool.place) for part, where in parts.shared.items()}
    return {**{(name, ""): parts.image(tool, name) for name in IMAGES}, **found}


@contextmanager
def bench() -> Iterator[Bench]:
    """A place to compress in."""
    with leftovers.workplace() as place:
        yield Bench(place)


def record(run: Run, system: str, found: dict[tuple[str, str], Size]) -> None:
    """Store one system's sizes."""
    for (workload, part), size in found.items():
        for metric, value in vars(size).items():
            run.add_sample(
                SampleRecord(
                    experiment=EXPERIMENT,
                    system=system,
                    workload=workload,
                    params={"part": part} if part else {},
                    metric=metric,
                    unit="B",
                    value=value,
                    round=0,
                    warmup=False,
                )
            )


def show(run: Run) -> None:
    """Print unpacked sizes, and what is not here."""
    values = {
        (s.system, s.workload, str(s.params.get("part", ""))): s.value
        for s in run.samples(EXPERIMENT)
        if s.metric == "unpacked"
    }
    reasons = common.reasons(run, EXPERIMENT)
    rows = []
    for row in registry.of(EXPERIMENT):
        mine = {key: value for key, value in values.items() if key[0] == row.name}
        images = [mine.get((row.name, image, "")) for image in IMAGES]
        shown = ["" if value is None else styles.quantity(value, "B") for value in images]
        shared = sum(value for (_, workload, _), value in mine.items() if workload == SHARED)
        reason = "" if mine else f"not run: {reasons.get(row.name, 'no sample')}"
        rows.append([row.label, *shown, styles.quantity(shared, "B") if mine else "", reason])
    ui.table("Unpacked sizes", ["system", *IMAGES, "shared by all", ""], rows)


def _complete(run: Run) -> set[str]:
    """Systems of which an interrupted run has stored everything."""
    stored = Counter(sample.system for sample in run.samples(EXPERIMENT))
    metrics = len(fields(Size))
    return {
        name
        for name, parts in SYSTEMS.items()
        if stored[name] >= metrics * (len(IMAGES) + len(parts.shared))
    }


def run(profile: str) -> Run:
    """Measure what is here; Unavailable when there is nothing."""
    profiles.get(profile)
    records = Run.current(profile)
    done = _complete(records)
    seen = set(done)
    with bench() as tool, ui.progress("image sizes", len(SYSTEMS)) as bar:
        for row in registry.of(EXPERIMENT):
            if row.name not in done:
                try:
                    record(records, row.name, sizes(tool, row.name))
                    seen.add(row.name)
                except Unavailable as reason:
                    common.note_skip(records, EXPERIMENT, row.name, str(reason))
            bar.advance(1, row.name)
    if not seen:
        why = "; ".join(common.reasons(records, EXPERIMENT).values())
        raise Unavailable(f"no image can be made here: {why}")
    records.finish()
    show(records)
    return records
