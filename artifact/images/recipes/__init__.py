# SPDX-License-Identifier: GPL-2.0-only
"""One module for each program; what they link is in libraries.py."""
