# SPDX-License-Identifier: GPL-2.0-only
"""Every case's words stand in the RFC that it names; the texts are fetched for that."""

import pytest

from artifact.conformance import cases, rfc
from artifact.errors import ArtifactError

pytestmark = pytest.mark.system


def test_all_words_stand_in_their_sections() -> None:
    try:
        where = rfc.fetch()
    except ArtifactError as error:
        pytest.skip(f"the texts cannot be fetched: {error}")
    found = {case.id: rfc.stands_there(case, where) for case in cases.every()}
    assert [key for key, stands in found.items() if not stands] == []
