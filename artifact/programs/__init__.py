# SPDX-License-Identifier: GPL-2.0-only
"""Proof with programs that no one here wrote: their own tests, run under any kernel."""
