/* SPDX-License-Identifier: GPL-2.0-only */
/* What rootfs.c and describe.c share. */
#ifndef RUNU_ROOTFS_H
#define RUNU_ROOTFS_H

#include "runu.h"

/* A mount of its own; @set: attributes of mount_setattr(2). */
int rootfs_tree(const char *path, bool recursive, unsigned long set);

/* As config.json means it: relative to the bundle. */
char *rootfs_path(const struct container *c, const char *path);

bool mount_is_bind(const cJSON *mount);

#endif
