# SPDX-License-Identifier: GPL-2.0-only
"""`ukconform`: the conformance suite as a program of its own, for testing one's own stack.

    ukconform list                      cases; --duts: the stacks and whether they can run here
    ukconform show ARP-5.4              one case: requirement, exchange, needs
    ukconform run --dut external --config my-stack.toml
    ukconform self-test                 prove that every case can fail
    ukconform report RUN                the site of static pages of a run

Exit codes: 0 every verdict is pass or no_test or a known deviation, 1 some are not, 2 the set-up is
wrong or the suite broke.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from artifact import paths
from artifact.frontdoor import guarded

RESULTS = "conformance-results"
DEVIATIONS = 1


def _parser() -> argparse.ArgumentParser:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        prog="ukconform", description=__doc__.partition("\n\n")[0],
        epilog=__doc__.partition("\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="list cases, or the stacks there are")
    listing.add_argument("--suite", default="all", help="arp, ipv4, ... (with commas)")
    listing.add_argument("--duts", action="store_true", help="the stacks instead")
    listing.set_defaults(run=_list)

    show = commands.add_parser("show", help="show one case")
    show.add_argument("case", help="its id, such as ARP-5.4")
    show.set_defaults(run=_show)

    run = commands.add_parser("run", help="run cases on stacks")
    run.add_argument("--dut", default="external", help="stacks (with commas), or all")
    run.add_argument("--config", type=Path, help="the file that describes the external one")
    run.add_argument("--suite", default="all", help="arp, ipv4, ... (with commas)")
    run.add_argument("--case", help="one case only")
    run.add_argument("--condition", default="defaults", help="defaults, paper, or all")
    run.add_argument("--slow", action="store_true", help="wait for timers of minutes, too")
    run.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    run.add_argument("--csv", type=Path, metavar="FILE", help="write CSV")
    run.set_defaults(run=_run)

    self_test = commands.add_parser("self-test", help="prove that every case can fail")
    self_test.add_argument("--suite", default="all", help="arp, ipv4, ... (with commas)")
    self_test.set_defaults(run=_self_test)

    report = commands.add_parser("report", help="write the pages of a run")
    report.add_argument("where", nargs="?", default="", metavar="RUN", help="default: the latest")
    report.add_argument("--out", type=Path, metavar="DIR", help="default: in the run's directory")
    report.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML, too")
    report.add_argument("--csv", type=Path, metavar="FILE", help="write CSV, too")
    report.set_defaults(run=_report)
    return parser


def _list(words: argparse.Namespace) -> int:
    from artifact import ui
    from artifact.conformance import cli, duts

    if not words.duts:
        cli.run("mutant", words.suite, "quick", list_cases=True)
        return 0
    rows = [
        (kind.name, ", ".join(kind.conditions), kind.missing() or "ready", kind.obtained)
        for kind in duts.DUTS.values()
    ]
    ui.table("", ("dut", "conditions", "here", "obtained"), rows)
    return 0


def _show(words: argparse.Namespace) -> int:
    from artifact import ui
    from artifact.conformance import cases

    case = cases.find(words.case)
    rows = [
        ("case", case.id), ("suite", case.suite), ("requirement", case.title),
        ("source", f"RFC {case.rfc}"), ("words", case.words), ("level", case.level.value),
        ("stimulus", case.stimulus), ("expected", case.expected),
        ("needs", ", ".join(sorted(case.needs)) or "nothing but a link"),
        ("fails on", ", ".join(case.mutants)),
    ]  # fmt: skip
    ui.table("", ("", ""), rows)
    return 0


def _run(words: argparse.Namespace) -> int:
    from artifact.conformance import cli, expect, exports, site

    run = cli.run(
        words.dut, words.suite, "quick", words.case, condition=words.condition,
        config=words.config, slow=words.slow,
    )  # fmt: skip
    assert run is not None
    records = run.verdicts()
    exports.write(records, words.junit, words.csv)
    print(f"report: {paths.shown(site.write(run))}")
    print(run.results_line)
    # A stack that is not in the table of known deviations is expected to pass everything.
    return DEVIATIONS if expect.surprises(expect.load(), expect.judged(records)) else 0


def _self_test(words: argparse.Namespace) -> int:
    from artifact.conformance import cli

    cli.run("mutant", words.suite, "quick", self_test=True)
    return 0


def _report(words: argparse.Namespace) -> int:
    from artifact.conformance import exports, site
    from artifact.records import Run

    run = Run.chosen(words.where)
    exports.write(run.verdicts(), words.junit, words.csv)
    print(f"report: {paths.shown(site.write(run, words.out))}")
    return 0


def main(argv: Sequence[str] | None = None) -> None:
    """The program."""
    if not (paths.REPO / "tasks.py").exists():  # installed: there is no data/ to write into
        os.environ.setdefault("UK_RESULTS_DIR", str(Path.cwd() / RESULTS))
        paths.RESULTS = Path(os.environ["UK_RESULTS_DIR"])
    words = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = guarded(words.run)
    sys.exit(run(words))


if __name__ == "__main__":
    main()
