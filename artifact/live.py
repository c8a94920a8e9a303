# SPDX-License-Identifier: GPL-2.0-only
"""Long-running tools whose output is kept in a log while their progress is shown."""

import re
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from artifact.errors import ArtifactError
from artifact.proc import spawn

KEPT_LINES = 200
SHOWN_LINES = 4

# Lines that say why a tool failed, as opposed to the ones that say that it did.
_TELLING = re.compile(
    r"(^E: |\berror:|\bError:|undefined reference|No rule to make|cannot find|"
    r"[Nn]o space left|not found$|Permission denied|FAILED)"
)


def telling(lines: Sequence[str]) -> list[str]:
    """The few lines of a failed tool's output that a user should see."""
    found = [line.strip() for line in lines if _TELLING.search(line)]
    return (found or [line.strip() for line in lines if line.strip()])[-SHOWN_LINES:]


def follow(
    argv: Sequence[str | Path],
    *,
    log: Path,
    what: str,
    each: Callable[[str], None] | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a tool to its end, calling `each` with every line it prints; all of it goes to `log`.

    `env` is added to our environment. ArtifactError says what failed, why and where the log is.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    last: deque[str] = deque(maxlen=KEPT_LINES)
    with (
        log.open("a", encoding="utf-8") as sink,
        spawn(argv, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child,
    ):
        assert child.stdout is not None
        sink.write(f"$ {' '.join(str(word) for word in argv)}\n")
        for raw in child.stdout:
            line = raw.decode(errors="replace").rstrip("\n")
            sink.write(line + "\n")
            last.append(line)
            if each is not None:
                each(line)
        code = child.wait()
    if code != 0:
        how = f"exit code {code}" if code > 0 else signal.Signals(-code).name
        reason = " | ".join(telling(last)) or "no output"
        raise ArtifactError(f"{what} failed ({how}): {reason}", f"full log: {log}")
