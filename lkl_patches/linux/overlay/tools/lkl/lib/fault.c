// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults of the host process. Those at the kernel's user accesses are bad
 * pointers and go on at the kernel's fixup; others in the kernel are its bugs;
 * the rest belongs to whoever handled them before.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "host.h"

static struct sigaction old_segv, old_bus;

static void kernel_bug(int sig, unsigned long ip, const siginfo_t *info)
{
	char text[128];
	int n = snprintf(text, sizeof(text),
			 "signal %d in the kernel: address %p, code +0x%lx",
			 sig, info->si_addr,
			 ip - (unsigned long)lkl_kernel_text);

	(void)n;
	host_ops.panic(text);
}

static void pass_on(const struct sigaction *old, int sig, siginfo_t *info,
		    void *context)
{
	if (old->sa_flags & SA_SIGINFO) {
		old->sa_sigaction(sig, info, context);
	} else if (old->sa_handler == SIG_DFL || old->sa_handler == SIG_IGN) {
		/* The access faults again, with nobody in between. */
		signal(sig, SIG_DFL);
	} else {
		old->sa_handler(sig);
	}
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	unsigned long ip = uc->uc_mcontext.gregs[REG_RIP];

	if (lkl_kernel_text(ip)) {
		unsigned long fixup = lkl_kernel_fixup(ip);

		if (!fixup)
			kernel_bug(sig, ip, info);
		uc->uc_mcontext.gregs[REG_RIP] = fixup;
		return;
	}
	pass_on(sig == SIGSEGV ? &old_segv : &old_bus, sig, info, context);
}

int fault_init(void)
{
	struct sigaction sa = {
		.sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER,
	};

	sigemptyset(&sa.sa_mask);
	if (sigaction(SIGSEGV, &sa, &old_segv) ||
	    sigaction(SIGBUS, &sa, &old_bus))
		return -errno;
	return 0;
}
