// SPDX-License-Identifier: GPL-2.0-only
/*
 * ptrace(2): what is common to all machines; registers are not offered, as a
 * host thread's are the host debugger's.
 */
#include <linux/ptrace.h>
#include <linux/regset.h>

long arch_ptrace(struct task_struct *child, long request, unsigned long addr,
		 unsigned long data)
{
	return ptrace_request(child, request, addr, data);
}

void ptrace_disable(struct task_struct *child)
{
}

const struct user_regset_view *task_user_regset_view(struct task_struct *task)
{
	static const struct user_regset_view none = { .name = "lkl" };

	return &none;
}
