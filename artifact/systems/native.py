# SPDX-License-Identifier: GPL-2.0-only
"""`native`: the image's own files on the host kernel, without any container.

The paper's native bar is its program on the bare machine. We run the image's interpreter
and libraries through chroot(2): the same files, paths and page cache as every container, so
that a difference is the container's and not that of another build of Python. chroot(2) is one
system call; no namespace, control group or mount is involved.
"""

import os
from pathlib import Path

from artifact.errors import Unavailable
from artifact.systems.base import Facts, Image, Start


class Native:
    """The program without a container."""

    name = "native"

    def check(self) -> Facts:
        """chroot(2) needs root."""
        if os.geteuid() != 0:
            raise Unavailable("chroot needs root", "run as root")
        return {"isolation": "chroot"}

    def prepare(self, image: Image, place: Path, ident: str, nonce: str) -> Start:  # noqa: ARG002
        """Nothing to get ready."""
        return Start((*image.argv, nonce), chroot=image.root)

    def clean(self, place: Path, ident: str) -> None:
        """Nothing is left."""
