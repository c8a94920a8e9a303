/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_LKL_CURRENT_H
#define _ASM_LKL_CURRENT_H

#include <asm/lkl_host.h>

struct task_struct;

/* One virtual CPU: the current task is a variable. */
#define current ((struct task_struct *)lkl_vcpu.current_task)
#define get_current() current

#endif
