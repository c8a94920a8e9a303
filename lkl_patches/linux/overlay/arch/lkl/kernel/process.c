// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making and starting contexts.
 */
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/ptrace.h>
#include <asm/processor.h>
#include "lkl.h"

/* What __lkl_switch_to finds on a stack that it switches to. */
struct switch_frame {
	unsigned long r15, r14, r13, r12, bx, bp;
	unsigned long ip;
};

/* entry.S: first code of a new task, still before schedule_tail(). */
asmlinkage void lkl_new_task(struct task_struct *prev, int (*fn)(void *),
			     void *arg, struct pt_regs *regs)
{
	schedule_tail(prev);
	if (fn)
		fn(arg); /* comes back only after kernel_execve() */
	if (lkl_ops.process) {
		lkl_program_leave(regs);
		lkl_program_return(regs);
	}
	lkl_exit_to_user(regs);
}

int copy_thread(struct task_struct *p, const struct kernel_clone_args *args)
{
	struct pt_regs *regs = task_pt_regs(p);
	struct switch_frame *frame = (struct switch_frame *)regs - 1;

	memset(frame, 0, sizeof(*frame));
	frame->ip = (unsigned long)lkl_ret_from_fork;
	p->thread.sp = (unsigned long)frame;
	p->thread.parked = false;

	if (args->fn) {
		memset(regs, 0, sizeof(*regs));
		frame->bx = (unsigned long)args->fn;
		frame->r12 = (unsigned long)args->fn_arg;
		p->thread.carrier = NULL;
		return 0;
	}

	if (lkl_attach_making) {
		lkl_attach_regs(regs, lkl_attach_making);
		p->thread.carrier = lkl_attach_making;
		lkl_block_signals(p);
		return 0;
	}

	/*
	 * A second address space is not to be had, and two tasks do not share
	 * a stack but in vfork(2), where they take turns on it.
	 */
	if (!(args->flags & CLONE_VM))
		return -ENOSYS;
	if (!args->stack && !(args->flags & CLONE_VFORK))
		return -EINVAL;

	*regs = *current_pt_regs();
	regs->ax = 0;
	if (args->stack)
		regs->sp = args->stack;
	p->thread.carrier = current->thread.carrier;
	return lkl_ops.process ? lkl_copy_registers(p, args) : 0;
}

void start_thread(struct pt_regs *regs, unsigned long pc, unsigned long sp)
{
	memset(regs, 0, sizeof(*regs));
	regs->ip = pc;
	regs->sp = sp;
	regs->cs = LKL_USER_CS;
	regs->ss = LKL_USER_SS;
	regs->flags = LKL_USER_FLAGS;
	regs->orig_ax = -1;
}

void flush_thread(void)
{
	if (lkl_ops.process)
		lkl_new_registers();
}

unsigned long __get_wchan(struct task_struct *p)
{
	unsigned long stack = (unsigned long)task_stack_page(p);
	unsigned long *fp =
		(unsigned long *)((struct switch_frame *)p->thread.sp)->bp;

	for (int depth = 0; depth < 16; depth++) {
		unsigned long at = (unsigned long)fp;

		if (at < stack || at >= stack + THREAD_SIZE - 16)
			return 0;
		if (!in_sched_functions(fp[1]))
			return fp[1];
		fp = (unsigned long *)fp[0];
	}
	return 0;
}

void show_regs(struct pt_regs *regs)
{
	show_regs_print_info(KERN_DEFAULT);
	pr_info("ip %016lx sp %016lx ax %016lx\n", regs->ip, regs->sp,
		regs->ax);
}

void show_stack(struct task_struct *task, unsigned long *sp, const char *loglvl)
{
	unsigned long stack, *fp;

	if (!task)
		task = current;
	stack = (unsigned long)task_stack_page(task);
	fp = task == current ?
		     __builtin_frame_address(0) :
		     (unsigned long *)((struct switch_frame *)task->thread.sp)
			     ->bp;

	printk("%sCall trace of %s[%d]:\n", loglvl, task->comm, task->pid);
	for (int depth = 0; depth < 32; depth++) {
		unsigned long at = (unsigned long)fp;

		if (at < stack || at >= stack + THREAD_SIZE - 16)
			break;
		printk("%s  %pS\n", loglvl, (void *)fp[1]);
		fp = (unsigned long *)fp[0];
	}
}
