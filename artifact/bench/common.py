# SPDX-License-Identifier: GPL-2.0-only
"""What every experiment does alike: refuse without root, note skips, show medians."""

import os
from collections.abc import Iterable, Sequence

from artifact import stats, styles
from artifact.errors import Unavailable
from artifact.records import RUN_DIR_VARIABLE, Run


def need_root(experiment: str, systems: Iterable[str], profile: str, why: str) -> None:
    """Unavailable unless root; in a shared run the systems are stored as skipped first."""
    if os.geteuid() == 0:
        return
    if os.environ.get(RUN_DIR_VARIABLE):
        shared = Run.current(profile)
        for system in systems:
            note_skip(shared, experiment, system, why)
    raise Unavailable(why, "run as root")


def note_skip(run: Run, experiment: str, system: str, reason: str) -> None:
    """Store why a system is not run, once however often the experiment is resumed."""
    known = {(old.system, old.reason) for old in run.skips(experiment)}
    if (system, reason) not in known:
        run.add_skip(experiment, system, reason)


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
