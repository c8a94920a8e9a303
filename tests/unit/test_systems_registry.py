# SPDX-License-Identifier: GPL-2.0-only
"""The table of systems is consistent with itself and with the figures' styles."""

import pytest

from artifact import styles
from artifact.errors import ArtifactError
from artifact.systems import registry

EXPERIMENTS = (
    registry.COLDSTART, registry.NETPERF, registry.PROGRAMS, registry.MEMORY, registry.IMAGE_SIZE,
)  # fmt: skip


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_names_are_unique_and_have_a_style(experiment: str) -> None:
    names = [row.name for row in registry.of(experiment)]
    assert len(names) == len(set(names))
    assert set(names) <= styles.SYSTEMS.keys()


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_what_the_figures_show_is_in_the_table(experiment: str) -> None:
    assert styles.ROWS[experiment].keys() <= {row.name for row in registry.of(experiment)}


@pytest.mark.parametrize("prefix", ["", "docker-"])
def test_the_papers_order_of_cold_start_in_each_series(prefix: str) -> None:
    rows = [row for row in registry.of(registry.COLDSTART) if row.paper_order]
    mine = [r for r in rows if r.name.startswith("docker-") == bool(prefix)]
    assert [row.paper_order for row in mine] == sorted(row.paper_order for row in mine)
    assert (rows[0].name, rows[-1].name) == ("native", "kata")


def test_an_unknown_system_lists_the_known() -> None:
    with pytest.raises(ArtifactError, match=r"unknown system 'rnuc' in coldstart; choose native,"):
        registry.row(registry.COLDSTART, "rnuc")
