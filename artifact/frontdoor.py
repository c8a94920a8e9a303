# SPDX-License-Identifier: GPL-2.0-only
"""What every task shares: a user's mistake is one line and exit code 2, never a traceback."""

import errno
import functools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, ParamSpec, TypeVar

from artifact.errors import ArtifactError, Unavailable

USER_MISTAKE = 2
INTERRUPTED = 130
OUTCOME_VARIABLE = "UK_OUTCOME_FILE"  # where `reproduce-all` wants to read why a step ended
HOST_TROUBLE = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EACCES: "check the permissions, or run as root",
    errno.EPERM: "run as root",
    errno.EROFS: "use a place that can be written",
}

P = ParamSpec("P")
R = TypeVar("R")


def _end(error: ArtifactError) -> NoReturn:
    file = os.environ.get(OUTCOME_VARIABLE)
    if file:
        kind = "skipped" if isinstance(error, Unavailable) else "failed"
        Path(file).write_text(json.dumps({"status": kind, "reason": str(error)}))
    sys.stdout.flush()
    print(f"error: {error}", file=sys.stderr)
    sys.exit(USER_MISTAKE)


def guarded(body: Callable[P, R]) -> Callable[P, R]:
    """Decorator of every task: one line for what the user can put right, else the traceback."""

    @functools.wraps(body)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return body(*args, **kwargs)
        except ArtifactError as error:
            _end(error)
        except OSError as error:
            if error.errno not in HOST_TROUBLE:
                raise
            what = f"{error.filename or body.__name__}: {error.strerror}"
            _end(ArtifactError(what, HOST_TROUBLE[error.errno]))
        except KeyboardInterrupt:
            print("interrupted; the same command continues", file=sys.stderr)
            sys.exit(INTERRUPTED)

    return wrapper
