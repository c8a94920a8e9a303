/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_LKL_PTRACE_H
#define _ASM_LKL_PTRACE_H

#ifndef __ASSEMBLY__

#include <linux/types.h>

/* The machine's own frame, so that user programs and debuggers know it. */
struct pt_regs {
	unsigned long r15;
	unsigned long r14;
	unsigned long r13;
	unsigned long r12;
	unsigned long bp;
	unsigned long bx;
	unsigned long r11;
	unsigned long r10;
	unsigned long r9;
	unsigned long r8;
	unsigned long ax;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
	unsigned long ip;
	unsigned long cs;
	unsigned long flags;
	unsigned long sp;
	unsigned long ss;
};

/* User frames carry the machine's user code selector; kernel ones carry 0. */
#define LKL_USER_CS 0x33
#define LKL_USER_SS 0x2b
#define LKL_USER_FLAGS 0x202

#define user_mode(regs) ((regs)->cs != 0)
#define instruction_pointer(regs) ((regs)->ip)
#define user_stack_pointer(regs) ((regs)->sp)
#define profile_pc(regs) instruction_pointer(regs)
#define regs_return_value(regs) ((regs)->ax)
#define is_syscall_success(regs) (!IS_ERR_VALUE((regs)->ax))

static inline void instruction_pointer_set(struct pt_regs *regs,
					   unsigned long val)
{
	regs->ip = val;
}

#define current_pt_regs() task_pt_regs(current)

#endif /* __ASSEMBLY__ */
#endif
