// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of the machine: every way to stop it gives all host threads back.
 */
#include <linux/panic_notifier.h>
#include <linux/reboot.h>
#include <linux/init.h>
#include <linux/console.h>
#include "lkl.h"

void (*pm_power_off)(void);

static void __noreturn stop(void)
{
	if (lkl_ops.process)
		lkl_ops.exit(0);
	lkl_vcpu.halted = 1;
	lkl_vcpu.current_task = NULL; /* nobody's fast path any more */
	lkl_leave(lkl_vcpu.holder);
	unreachable();
}

void machine_halt(void)
{
	stop();
}

void machine_power_off(void)
{
	stop();
}

void machine_restart(char *cmd)
{
	stop();
}

static int tell_host(struct notifier_block *nb, unsigned long event,
		     void *message)
{
	console_flush_on_panic(CONSOLE_FLUSH_PENDING);
	lkl_ops.panic(message);
	return NOTIFY_DONE;
}

static struct notifier_block panic_block = {
	.notifier_call = tell_host,
	.priority = INT_MIN,
};

static int __init reboot_init(void)
{
	return atomic_notifier_chain_register(&panic_notifier_list,
					      &panic_block);
}
pure_initcall(reboot_init);
