# SPDX-License-Identifier: GPL-2.0-only
"""What was asked of Kconfig and what came out."""

import pytest

from artifact.errors import ArtifactError
from artifact.kernel import configure


def test_symbols_reads_values_and_switched_off_ones() -> None:
    text = '# a comment\nCONFIG_A=y\nCONFIG_B="x y"\n# CONFIG_C is not set\n'
    assert configure.symbols(text) == {"CONFIG_A": "y", "CONFIG_B": '"x y"', "CONFIG_C": "n"}


def test_a_dropped_option_is_named() -> None:
    got = "CONFIG_A=y\n# CONFIG_B is not set\n"
    assert configure.dropped(["CONFIG_A=y\nCONFIG_B=y\n"], got) == ["CONFIG_B=y"]


def test_an_option_switched_off_may_be_absent() -> None:
    assert configure.dropped(["# CONFIG_C is not set\n"], "") == []


def test_a_later_fragment_wins() -> None:
    assert configure.dropped(["CONFIG_A=y\n", "# CONFIG_A is not set\n"], "") == []


def test_an_unknown_configuration_lists_the_known_ones() -> None:
    with pytest.raises(ArtifactError, match="'tiny'; choose default, kunit"):
        configure.get("tiny")
