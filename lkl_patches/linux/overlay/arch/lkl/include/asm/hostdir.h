/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_LKL_HOSTDIR_H
#define _ASM_LKL_HOSTDIR_H

struct file;

/* The host's descriptor of a regular file of a host directory; else -1. */
int lkl_hostdir_fd(const struct file *file);

#endif
