# SPDX-License-Identifier: GPL-2.0-only
"""`runc`: the reference runtime, the paper's docker/runc without the engine."""

from artifact.systems.oci import OciRuntime


def system() -> OciRuntime:
    """Runc as packaged."""
    return OciRuntime("runc", "runc", bears_hybrid=True)
