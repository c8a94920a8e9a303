# SPDX-License-Identifier: GPL-2.0-only
"""What every experiment does alike: refuse without root, note skips, show medians.

A sample's `params` hold what is varied, and only that: samples of two systems are compared
where their params are equal. What stays the same all through an experiment (versions, cores,
the link, the order of turns) is its set-up, in `<run>/setup-<experiment>.json`.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from pydantic import JsonValue

from artifact import stats, styles
from artifact.errors import Unavailable
from artifact.records import RUN_DIR_VARIABLE, Run, write_atomically

COLUMNS = ("system", "median", "95 % interval", "n")


@contextmanager
def refusal_stored(experiment: str, systems: Iterable[str], profile: str) -> Iterator[None]:
    """Let an Unavailable through; in a shared run the systems are stored as skipped first.

    Outside a shared run nothing is stored: a task that cannot begin leaves no empty run.
    """
    try:
        yield
    except Unavailable as error:
        if os.environ.get(RUN_DIR_VARIABLE):
            shared = Run.current(profile)
            for system in systems:
                note_skip(shared, experiment, system, str(error))
        raise


def need_root(why: str) -> None:
    """Unavailable unless root."""
    if os.geteuid() != 0:
        raise Unavailable(why, "run as root")


def note_skip(run: Run, experiment: str, system: str, reason: str) -> None:
    """Store why a system is not run, once however often the experiment is resumed."""
    known = {(old.system, old.reason) for old in run.skips(experiment)}
    if (system, reason) not in known:
        run.add_skip(experiment, system, reason)


def write_setup(run: Run, experiment: str, facts: Mapping[str, JsonValue]) -> None:
    """Store what holds for a whole experiment."""
    text = json.dumps(dict(facts), indent=1, ensure_ascii=False, sort_keys=True)
    write_atomically(run.dir / f"setup-{experiment}.json", text + "\n")


def reasons(run: Run, experiment: str) -> dict[str, str]:
    """The latest reason for each system that was not run."""
    return {skipped.system: skipped.reason for skipped in run.skips(experiment)}


def columns(points: Sequence[float], unit: str) -> tuple[str, str, str]:
    """Median, 95 % interval and number of samples, for a table."""
    summary = stats.summarise(points)
    interval = "fewer than 6 samples"
    if summary.low is not None and summary.high is not None:
        interval = " .. ".join(styles.quantity(v, unit) for v in (summary.low, summary.high))
    return styles.quantity(summary.median, unit), interval, str(summary.n)
