// SPDX-License-Identifier: GPL-2.0-only
/* The last steps before the machine runs, for whoever has prepared one. */
#include <sys/resource.h>

#include "process.h"

#define WAIT_STACK 16384

extern const char process_init_start[], process_init_end[];

/* Nothing waits in process mode but in idle_sleep(). */
void vcpu_kick(void)
{
}

/* Open files of the program count against the host's limit, too. */
void host_limits_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void nothing_to_run(struct lkl_thread *self)
{
	(void)self;
	host_ops.panic("the kernel gave its thread back");
}

void process_boot(bool sandbox)
{
	static char wait_stack[WAIT_STACK] __attribute__((aligned(16)));
	static struct lkl_thread self = { .wait = nothing_to_run };

	host_ops.init = process_init_start;
	host_ops.init_size = process_init_end - process_init_start;
	signals_init();
	if (sandbox)
		sandbox_enter();
	self.wait_sp = (unsigned long)wait_stack + WAIT_STACK;
	lkl_vcpu.lock = 1;
	lkl_kernel_boot(&host_ops, &self);
}
