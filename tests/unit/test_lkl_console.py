# SPDX-License-Identifier: GPL-2.0-only
"""The console's pipe, with this test in the place of the kernel."""

import os
import threading

import pytest

from artifact.lkl import console
from artifact.lkl.console import Console


def test_lines() -> None:
    end = Console()
    os.write(end.descriptor, b"one\ntw")
    assert end.wait_for("on", timeout=10) == "one"
    os.write(end.descriptor, b"o\r\nlast \xff")
    end.close()
    assert list(end) == ["one", "two", "last \N{REPLACEMENT CHARACTER}"]
    assert end.lines == list(end)
    assert end.text.startswith("one\ntwo")


def test_iteration_waits_for_lines() -> None:
    end = Console()
    seen: list[str] = []
    reader = threading.Thread(target=lambda: seen.extend(end))
    reader.start()
    os.write(end.descriptor, b"a\n")
    end.wait_for("a", timeout=10)
    os.write(end.descriptor, b"b\n")
    end.close()
    reader.join(10)
    assert seen == ["a", "b"]


def test_wait_ends() -> None:
    end = Console()
    with pytest.raises(TimeoutError, match="'never'"):
        end.wait_for("never", timeout=0.01)
    end.close()
    with pytest.raises(TimeoutError):
        end.wait_for("never", timeout=10)  # at once: no more will come


def test_old_lines_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "KEPT_LINES", 3)
    end = Console()
    iterator = iter(end)
    os.write(end.descriptor, b"0\n")
    assert next(iterator) == "0"
    os.write(end.descriptor, b"1\n2\n3\n4\n")
    end.close()
    assert end.lines == ["2", "3", "4"]
    assert list(iterator) == ["2", "3", "4"]


def test_the_writing_end_never_blocks() -> None:
    end = Console()
    assert not os.get_blocking(end.descriptor)
    end.close()
