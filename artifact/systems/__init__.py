# SPDX-License-Identifier: GPL-2.0-only
"""Container systems under test: `registry` lists them all, one module each for those we run."""
