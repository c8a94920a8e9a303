# SPDX-License-Identifier: GPL-2.0-only
"""The two errors a user may see; every other exception is a defect of ours."""


class ArtifactError(Exception):
    """Something a user can put right: one line, what is wrong and what to do about it."""

    def __init__(self, what: str, remedy: str = "") -> None:
        self.what = " ".join(what.split())
        self.remedy = " ".join(remedy.split())
        super().__init__("; ".join(part for part in (self.what, self.remedy) if part))


class Unavailable(ArtifactError):
    """A feature this machine does not have: the step is skipped and the reason is shown."""
