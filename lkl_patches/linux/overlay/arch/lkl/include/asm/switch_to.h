/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_LKL_SWITCH_TO_H
#define _ASM_LKL_SWITCH_TO_H

struct task_struct;

/* A program's task takes the processor's registers over from another one. */
void lkl_take_registers(struct task_struct *next);

/* Swap stacks; entry.S. Returns the task that ran before @next runs again. */
struct task_struct *__lkl_switch_to(unsigned long *save_sp, unsigned long sp,
				    struct task_struct *prev);

#define switch_to(prev, next, last)                                  \
	do {                                                         \
		lkl_vcpu.current_task = (next);                      \
		lkl_vcpu.regs = task_pt_regs(next);                  \
		if ((next)->thread.fpu)                              \
			lkl_take_registers(next);                    \
		(last) = __lkl_switch_to(&(prev)->thread.sp,         \
					 (next)->thread.sp, (prev)); \
	} while (0)

#endif
