# SPDX-License-Identifier: GPL-2.0-only
"""Recipes of the container images we run; images are made here, never downloaded."""
