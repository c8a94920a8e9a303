# SPDX-License-Identifier: GPL-2.0-only
"""How a program in a root directory is started: words to put before it and its arguments."""

from collections.abc import Callable
from pathlib import Path

Launcher = Callable[[Path], list[str]]
