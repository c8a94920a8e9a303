# SPDX-License-Identifier: GPL-2.0-only
"""Bugs in the library kernel's own stack are found by the cases that must find them.

Some of tests/kernel_bugs; `invoke conformance-bugs` has them all.
"""

from pathlib import Path

import pytest

from artifact import paths
from artifact.conformance import kernel_bugs
from artifact.errors import Unavailable
from artifact.kernel import base

pytestmark = pytest.mark.system

CHOSEN = ("04-", "06-", "15-")  # a router, reassembly, ARP


@pytest.mark.parametrize("name", CHOSEN)
def test_a_bug_is_found_by_its_cases_and_no_others(name: str, tmp_path: Path) -> None:
    try:
        paths.lkl_prefix()
    except Unavailable as error:
        pytest.skip(str(error))
    if base.current() is None:
        pytest.skip("the kernel's source is not here; run: invoke build")
    (bug,) = kernel_bugs.named([name])
    found = kernel_bugs.find(bug, tmp_path, lambda case: None)
    assert kernel_bugs.differences(bug, found) == []
