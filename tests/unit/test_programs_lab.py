# SPDX-License-Identifier: GPL-2.0-only
"""What the lab reads from /proc: of this very process, and of nonsense."""

import os
from pathlib import Path

import pytest

from artifact.errors import ArtifactError
from artifact.programs import lab, suite

SMAPS = """\
7f00-7f10 r-xp 00001000 fe:00 12    /usr/bin/python3.13
Size:                 16 kB
Rss:                  12 kB
Shared_Clean:          8 kB
VmFlags: rd ex
7f10-7f20 rw-p 00000000 00:00 0
Rss:                   4 kB
"""


def test_mappings_and_their_sizes() -> None:
    text, data = lab.parse(SMAPS.replace("00:00 0\n", "00:00 0 \n"))
    assert lab.parse(SMAPS) == [text, data]
    assert (text.start, text.permissions, text.name) == (0x7F00, "r-xp", "/usr/bin/python3.13")
    assert text.sizes == {"Size": 16384, "Rss": 12288, "Shared_Clean": 8192}
    assert (data.name, data.sizes) == ("", {"Rss": 4096})


def test_this_process() -> None:
    found = lab.parse(Path("/proc/self/smaps").read_text())
    assert all("Rss" in mapping.sizes for mapping in found)
    assert any(os.path.realpath("/proc/self/exe") == mapping.name for mapping in found)


@pytest.mark.parametrize("text", ["", "Rss: 4 kB\n", "no maps\n"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ArtifactError, match="no mapping in"):
        lab.parse(text)


def test_unequal_hashes_are_told() -> None:
    assert suite.unequal("p", {"native": {"hash": "a"}, "ukrun": {"hash": "a"}}) == []
    assert suite.unequal("p", {"native": {"rate": 1}, "ukrun": {"rate": 2}}) == []
    assert suite.unequal("p", {"native": {"hash": "a"}, "ukrun": {"hash": "b"}}) == [
        "p: ukrun computes b, the host a"
    ]
