# SPDX-License-Identifier: GPL-2.0-only
"""One module per program that benchmarks drive: how it is called, what its output means."""
