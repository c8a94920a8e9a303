/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_LKL_HOSTDIR_H
#define _ASM_LKL_HOSTDIR_H

struct file;

/* The host's descriptor behind an open regular file of a host directory; or -1. */
#ifdef CONFIG_LKL_HOSTDIR
int lkl_hostdir_fd(const struct file *file);
#else
static inline int lkl_hostdir_fd(const struct file *file)
{
	return -1;
}
#endif

#endif
