# SPDX-License-Identifier: GPL-2.0-only
"""The C library for programs of the library kernel, one module per step: fetch, headers, build."""
