# SPDX-License-Identifier: GPL-2.0-only
"""The paper's experiments: one module each; `tools` knows the programs they drive."""
