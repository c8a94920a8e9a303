# SPDX-License-Identifier: GPL-2.0-only
"""What goes wrong with a library kernel as such; a failed system call is an OSError instead."""

from artifact.errors import ArtifactError


class KernelError(ArtifactError):
    """A kernel cannot be started, is not there any more, or is used in a wrong way."""
