# SPDX-License-Identifier: GPL-2.0-only
"""Network namespaces, links and captures as context managers.

Namespaces here have no name: a file descriptor is all that keeps one, with every interface in
it. When the process goes, by any death, the kernel removes them; nothing is left to sweep.
"""
