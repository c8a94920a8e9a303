/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_LKL_PROCESSOR_H
#define _ASM_LKL_PROCESSOR_H

#include <asm/lkl_host.h>
#include <asm/page.h>
#include <linux/types.h>

struct task_struct;
struct pt_regs;

/**
 * struct thread_struct - a context
 * @sp: its stack pointer while another context runs
 * @carrier: host thread on which its user side runs; NULL: it has none
 * @next_parked: next in the carrier's list while the task waits for it
 * @parked: whether it is on that list
 * @fpu: XSAVE area of a program's task; NULL: it is none
 * @fsbase, @gsbase: its thread pointers, while another program's task runs
 * @fault_trap, @fault_error, @fault_addr: its last fault, for signal frames
 *
 * The first four are library mode's, the others process mode's.
 */
struct thread_struct {
	unsigned long sp;
	struct lkl_thread *carrier;
	struct task_struct *next_parked;
	bool parked;
	void *fpu;
	unsigned long fsbase;
	unsigned long gsbase;
	unsigned long fault_trap;
	unsigned long fault_error;
	unsigned long fault_addr;
};

#define INIT_THREAD \
	{           \
	}

/* The end of the program's part of the host process's addresses. */
extern unsigned long lkl_user_end;
#define TASK_SIZE lkl_user_end
#define TASK_SIZE_MAX TASK_SIZE
#define STACK_TOP TASK_SIZE
#define STACK_TOP_MAX TASK_SIZE
#define TASK_UNMAPPED_BASE 0UL

#define task_pt_regs(task)                                        \
	((struct pt_regs *)(task_stack_page(task) + THREAD_SIZE - \
			    LKL_REGS_SIZE))

#define KSTK_EIP(tsk) (task_pt_regs(tsk)->ip)
#define KSTK_ESP(tsk) (task_pt_regs(tsk)->sp)

unsigned long __get_wchan(struct task_struct *p);
void start_thread(struct pt_regs *regs, unsigned long pc, unsigned long sp);

/*
 * Interrupts arrive only where the kernel looks for them, so a loop that
 * waits for one has to look.
 */
void lkl_irq_deliver(void);

static __always_inline void cpu_relax(void)
{
	asm volatile("pause" ::: "memory");
	if (lkl_vcpu.irq_enabled && READ_ONCE(lkl_vcpu.pending))
		lkl_irq_deliver();
}

#endif
