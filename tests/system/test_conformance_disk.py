# SPDX-License-Identifier: GPL-2.0-only
"""A full disk ends a run with one clear line."""

import subprocess
import sys
from pathlib import Path

import pytest

from artifact import paths

pytestmark = pytest.mark.system

SCRIPT = 'mount -t tmpfs -o size=300k tmpfs "$1" && exec "$2" -m invoke conformance --dut mutant'


def test_a_full_disk_is_one_line(results: Path) -> None:
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", SCRIPT, "sh", results, sys.executable],
        cwd=paths.REPO,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error: cannot write ")
    assert "o space left on" in last
