// SPDX-License-Identifier: GPL-2.0-only
/*
 * System calls, by the machine's own numbers.
 */
#include <linux/resume_user_mode.h>
#include <linux/sched/signal.h>
#include <linux/syscalls.h>
#include <asm/syscall.h>
#include "lkl.h"

#define __SYSCALL_NORETURN __SYSCALL
#define __SYSCALL(nr, sym)                                                   \
	extern long __lkl_##sym(unsigned long, unsigned long, unsigned long, \
				unsigned long, unsigned long,                \
				unsigned long) __asm__(#sym);
#include <asm/syscall_table_64.h>
#undef __SYSCALL

#define __SYSCALL(nr, sym) [nr] = __lkl_##sym,
const sys_call_ptr_t sys_call_table[] = {
#include <asm/syscall_table_64.h>
};
#undef __SYSCALL

/* Segments, ports and shadow stacks of the machine are the host's. */
cond_syscall(sys_iopl);
cond_syscall(sys_ioperm);
cond_syscall(sys_modify_ldt);
cond_syscall(sys_map_shadow_stack);
cond_syscall(sys_uretprobe);
/* A second copy of a process needs a second address space. */
cond_syscall(sys_fork);

static bool must_restart(long result)
{
	return result == -ERESTARTSYS || result == -ERESTARTNOINTR ||
	       result == -ERESTARTNOHAND || result == -ERESTART_RESTARTBLOCK;
}

/*
 * What is left to do before user mode. A host thread has no signal frames: its
 * signals act by their default, and an interrupted call says so.
 */
void lkl_exit_work(struct pt_regs *regs)
{
	unsigned long work;

	while ((work = read_thread_flags()) & _TIF_WORK_MASK) {
		if (work & _TIF_NEED_RESCHED)
			schedule();
		if (work & (_TIF_SIGPENDING | _TIF_NOTIFY_SIGNAL)) {
			struct ksignal ksig;

			while (get_signal(&ksig))
				pr_warn_once(
					"signal %d has a handler, which a host thread cannot run\n",
					ksig.sig);
			if (must_restart(regs->ax))
				regs->ax = -EINTR;
		}
		if (work & _TIF_NOTIFY_RESUME)
			resume_user_mode_work(regs);
	}
}

/* entry.S: run the call @nr of the current task. */
asmlinkage void lkl_do_syscall(struct pt_regs *regs, unsigned long nr,
			       const unsigned long *args)
{
	regs->orig_ax = nr;
	regs->ax = -ENOSYS;
	if (likely(nr < NR_syscalls))
		regs->ax = sys_call_table[nr](args[0], args[1], args[2],
					      args[3], args[4], args[5]);
	lkl_exit_to_user(regs);
}
