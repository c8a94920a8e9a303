# SPDX-License-Identifier: GPL-2.0-only
"""An artifact that reproduces "How to Design a Library OS for Practical Containers?"."""
