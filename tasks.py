# SPDX-License-Identifier: GPL-2.0-only
"""The front door: `invoke --list`. Each task is a few words around one function of artifact/.

Modules are imported inside the tasks, so that the list is there at once and a task needs
only what it uses.
"""

import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import invoke

from artifact.frontdoor import guarded

HELP = {
    "profile": "effort: smoke, quick or paper",
    "dut": "devices under test (ukconform list --duts), with commas, or all",
    "suite": "arp, ipv4, icmpv4, udp (with commas), or all",
    "case": "one case only",
    "self_test": "prove each case on the good responder and on its mutants instead",
    "list_cases": "list the cases instead",
    "condition": "defaults, paper (two links, forwarding, conditioned as the paper's), or all",
    "repeat": "run everything so often; every verdict must be the same each time",
    "hog": "keep every CPU busy meanwhile",
    "slow": "let cases wait for timers of a minute and more, too",
    "run": "run id or directory (default: the latest)",
    "param": "notebook parameter as name=value; can be repeated",
    "only": "one notebook, image, program, kernel bug or stack; can be repeated",
    "markdown": "print Markdown",
    "readme": "put the table into README.md instead",
    "runs": "list the runs there are instead",
    "fresh": "begin a new run instead of continuing an unfinished one",
    "results": "remove all runs as well",
    "cache": "remove kernel sources, builds and environments as well",
    "keyword": "only tests whose name matches (pytest -k)",
    "distribution": "bookworm or trixie",
    "command": "what to bootstrap in it; several are separated by ;",
    "keep": "leave it there afterwards",
    "url": "directory of a kernel.org-style mirror to take the pinned tarball from",
    "update": "ask the distribution for a newer point release",
    "cxx": "build the C++ library as well",
    "config": "kernel configuration (default, kunit), or the file that describes the external DUT",
}


def task(
    body: Callable[..., Any], words: dict[str, str] | None = None, **options: Any
) -> "invoke.Task[Any]":
    """An invoke task with our error convention and the help of its options (or `words`)."""
    names = [*inspect.signature(body).parameters][1:]
    listed = {name: (words or HELP).get(name) or HELP[name] for name in names}
    return invoke.task(guarded(body), help=listed, **options)


def _task(**options: Any) -> Callable[[Callable[..., Any]], "invoke.Task[Any]"]:
    return lambda body: task(body, **options)


@task
def doctor(_: invoke.Context) -> None:
    """Prepare: what is here, what will be skipped and why, time and space it takes."""
    from artifact import doctor

    doctor.run()


@task
def setup(_: invoke.Context) -> None:
    """Prepare: install system packages and the Python environment."""
    from artifact import setup

    setup.run()


@task
def fetch(_: invoke.Context, url: str = "", update: bool = False) -> None:
    """Prepare: get the Linux source, verified."""
    from artifact.kernel import fetch

    fetch.run(url, update)


@task
def build(_: invoke.Context, config: str = "default") -> None:
    """Prepare: patch, configure and build Linux as a library."""
    from artifact.kernel import build

    build.run(config)


@_task(iterable=["only"])
def images(_: invoke.Context, only: Any = None) -> None:
    """Prepare: build the images of the programs we run, public and private; tell their sizes."""
    from artifact.images import catalogue

    print(catalogue.run(only or ()).results_line)


@_task(iterable=["only"])
def programs(_: invoke.Context, only: Any = None) -> None:
    """Measure: other people's programs under their own tests and load."""
    from artifact.programs import suite

    print(suite.run(only or ()).results_line)


@_task(iterable=["only"], words={"run": "one shell command to run with the engines"})
def engines(_: invoke.Context, run: str = "", only: Any = None) -> None:
    """Explore: docker, podman and containerd of our own, with our runtime, until Ctrl-C."""
    from artifact.engines import cli

    sys.exit(cli.run(run, only or ()))


@task
def libc(_: invoke.Context, cxx: bool = False) -> None:
    """Prepare: build the C library and compilers for programs of the library kernel."""
    from artifact.libc import build
    from artifact.libc import cxx as cxx_library

    cxx_library.run() if cxx else build.run()


@task
def conformance(
    _: invoke.Context,
    dut: str = "all",
    suite: str = "all",
    case: str = "",
    profile: str = "quick",
    self_test: bool = False,
    list_cases: bool = False,
    condition: str = "defaults",
    slow: bool = False,
    repeat: int = 1,
    hog: bool = False,
    config: str = "",
) -> None:
    """Measure: network protocol conformance of a stack (slides p.17)."""
    from artifact.conformance import cli

    run = cli.run(
        dut,
        suite,
        profile,
        case or None,
        self_test,
        list_cases,
        condition,
        Path(config) if config else None,
        slow=slow,
        repeat=repeat,
        busy=hog,
    )
    if run is not None:
        print(run.results_line)


@_task(iterable=["only"])
def conformance_stacks(_: invoke.Context, only: Any = None) -> None:
    """Prepare: what the large stacks under test need (packages of other suites, Go)."""
    from artifact.conformance import stacks

    stacks.run(only or ())


@task
def conformance_report(_: invoke.Context, run: str = "") -> None:
    """Evaluate: the verdicts of a run as pages, a page per case and per stack."""
    from artifact.records import Run

    chosen = Run.chosen(run)
    from artifact import paths
    from artifact.conformance import site

    print(f"report: {paths.shown(site.write(chosen))}")


@_task(iterable=["only"])
def conformance_bugs(_: invoke.Context, only: Any = None) -> None:
    """Check: bugs patched into the library kernel's stack are found by the right cases."""
    from artifact.conformance import kernel_bugs

    kernel_bugs.run(tuple(only or ()))


@task
def compat(_: invoke.Context, profile: str = "quick") -> None:
    """Measure: congestion control, control messages, options of stacks (slides p.7)."""
    from artifact.conformance import compat

    print(compat.run(profile).results_line)


@task
def coldstart(_: invoke.Context, profile: str = "quick") -> None:
    """Measure: time to start a container and finish a small program (slides p.19)."""
    from artifact.bench import coldstart

    print(coldstart.run(profile).results_line)


@task
def memory(_: invoke.Context, profile: str = "quick") -> None:
    """Measure: memory of containers that wait, and of the n-th one."""
    from artifact.bench import memory

    print(memory.run(profile).results_line)


@task
def image_size(_: invoke.Context, profile: str = "quick") -> None:
    """Measure: sizes of images, and of what each system needs beside them."""
    from artifact.bench import image_size

    print(image_size.run(profile).results_line)


@task
def netperf(_: invoke.Context, profile: str = "quick") -> None:
    """Measure: goodput and transactions per second (slides p.20)."""
    from artifact.bench import netperf

    print(netperf.run(profile).results_line)


@task
def bench_core(_: invoke.Context, profile: str = "quick") -> None:
    """Measure: boot, system call and pipe times of the library kernel."""
    from artifact.bench import core

    print(core.run(profile).results_line)


@task
def bench_programs(_: invoke.Context, profile: str = "quick") -> None:
    """Measure: programs on the library kernel beside the same files on the host."""
    from artifact.bench import programs

    print(programs.run(profile).results_line)


@_task(iterable=["param", "only"])
def notebooks(_: invoke.Context, run: str = "", param: Any = None, only: Any = None) -> None:
    """Evaluate: execute the notebooks on the records of a run."""
    from artifact.records import Run

    chosen = Run.chosen(run)  # before the slow imports: a mistake is told at once
    from artifact import notebooks

    files = [notebooks.find(name) for name in only or ()]
    notebooks.run_all(chosen.dir, notebooks.parse_parameters(param or ()), files)
    print(chosen.results_line)


@task
def figures(_: invoke.Context, run: str = "") -> None:
    """Evaluate: draw figures and tables of a run into paper_figures/."""
    from artifact.records import Run

    chosen = Run.chosen(run)
    from artifact import figures, paths

    written = figures.write_all(chosen)
    print(f"{len(written)} files in {paths.shown(paths.PAPER_FIGURES)}")


@task
def claims(
    _: invoke.Context,
    run: str = "",
    markdown: bool = False,
    readme: bool = False,
    runs: bool = False,
) -> None:
    """Evaluate: HOLDS, DIFFERS, INCONCLUSIVE or NOT RUN for every claim of the paper."""
    from artifact import paths, ui
    from artifact.records import Run

    if runs:
        cells = [[r.id, r.manifest.started, r.manifest.ended or "unfinished"] for r in Run.all()]
        ui.table("", ["run", "started", "ended"], cells)
        return
    chosen = Run.chosen(run)
    from artifact import tables

    table = tables.claim_table(chosen)
    if readme:
        tables.insert(paths.REPO / "README.md", tables.short_claim_table(chosen))
        print(f"README.md shows {chosen.id}")
    elif markdown:
        print(table.markdown())
    else:
        ui.table("claims", table.columns, table.cells)


@task
def report(_: invoke.Context, run: str = "") -> None:
    """Evaluate: put claims and executed notebooks of a run into one HTML page."""
    from artifact.records import Run

    chosen = Run.chosen(run)
    from artifact import paths, reproduce
    from artifact import report as page

    state = reproduce.load_state(chosen)
    steps = reproduce.step_table(chosen, state) if state else None
    print(f"report: {paths.shown(page.write(chosen, steps))}")


@_task(name="reproduce-all")
def reproduce_all(_: invoke.Context, profile: str = "smoke", fresh: bool = False) -> None:
    """Everything: fetch, build, measure, evaluate; can be interrupted and continued."""
    _reproduce(profile, fresh)


@task
def smoke(_: invoke.Context) -> None:
    """Everything: the short form, reproduce-all --profile smoke."""
    _reproduce("smoke")


def _reproduce(profile: str, fresh: bool = False) -> None:
    from artifact import profiles

    profiles.get(profile)
    from artifact import reproduce

    run, good = reproduce.run_all(profile, fresh)
    print(run.results_line)
    if not good:
        sys.exit(1)


def _pytest(*words: str) -> None:
    sys.exit(subprocess.run([sys.executable, "-m", "pytest", *words], check=False).returncode)


@_task(name="test")
def check(_: invoke.Context, keyword: str = "") -> None:
    """Check: build what is tested, then style, types, unit and system tests."""
    from artifact import paths
    from artifact.errors import Unavailable
    from artifact.kernel import build
    from artifact.libc import build as libc

    for config in ("default", "kunit"):
        build.run(config)
    try:
        libc.run()
    except Unavailable as reason:
        print(f"libc: skipped: {reason}")
    order = ("lint", "unit", "notebooks", "c", "system")
    present = [f"tests/{name}" for name in order if (paths.REPO / "tests" / name).is_dir()]
    _pytest(*present, *(["-k", keyword] if keyword else []))


@task
def lint(_: invoke.Context) -> None:
    """Check: style and types only."""
    _pytest("tests/lint")


@task
def unit(_: invoke.Context) -> None:
    """Check: unit tests only (seconds, no root)."""
    _pytest("tests/unit")


@task
def system(_: invoke.Context) -> None:
    """Check: system tests only (root, network namespaces)."""
    _pytest("tests/system")


@task
def fresh(
    _: invoke.Context, distribution: str = "bookworm", command: str = "test", keep: bool = False
) -> None:
    """Check: bootstrap in a minimal Debian made for this (root)."""
    from artifact import fresh

    fresh.run(distribution, command, keep)


@task
def lab(_: invoke.Context) -> None:
    """Explore: open JupyterLab on the notebooks."""
    from artifact import notebooks

    notebooks.lab()


@task
def clean(_: invoke.Context, results: bool = False, cache: bool = False) -> None:
    """Remove generated figures and tool caches; runs and sources only when asked."""
    from artifact import clean

    clean.run(results, cache)
