# SPDX-License-Identifier: GPL-2.0-only
"""The library kernel, one module per step: fetch, patch, configure, build."""
