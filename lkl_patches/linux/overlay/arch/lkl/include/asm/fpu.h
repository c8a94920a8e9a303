/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The floating-point and vector registers of programs. The kernel is built
 * without them, so they stay as they are until another program's task runs.
 */
#ifndef _ASM_LKL_FPU_H
#define _ASM_LKL_FPU_H

#include <linux/types.h>

struct task_struct;

/* Octets of an XSAVE area with all components we keep. */
extern unsigned int lkl_fpu_size;

void lkl_fpu_init(void);

/* The registers as a program finds them when it starts. */
void lkl_fpu_reset(void);

/* Room for a task's registers, filled with the present ones. */
int lkl_fpu_alloc(struct task_struct *task);
void lkl_fpu_free(struct task_struct *task);

void lkl_fpu_save(struct task_struct *task);
void lkl_fpu_load(struct task_struct *task);

/* Signal frames: to and from the program's memory; -EFAULT, -EINVAL. */
int lkl_fpu_to_frame(void __user *frame);
int lkl_fpu_from_frame(const void __user *frame);

#endif
