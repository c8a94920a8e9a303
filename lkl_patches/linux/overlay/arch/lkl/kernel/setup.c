// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the host's call to start_kernel(), and what the machine is made of.
 */
#include <linux/console.h>
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/seq_file.h>
#include <linux/start_kernel.h>
#include <linux/utsname.h>
#include <generated/utsrelease.h>
#include <asm/archrandom.h>
#include <asm/fpu.h>
#include <asm/processor.h>
#include <asm/setup.h>
#include "lkl.h"

struct lkl_host_ops lkl_ops;
unsigned long lkl_memory_start;
unsigned long lkl_memory_end;

static char command_line[COMMAND_LINE_SIZE] __initdata;

static void console_write(struct console *con, const char *text,
			  unsigned int len)
{
	lkl_ops.console(text, len);
}

static struct console host_console = {
	.name = "lkl",
	.write = console_write,
	.flags = CON_PRINTBUFFER | CON_ANYTIME | CON_BOOT,
	.index = -1,
};

static void boot(void *unused)
{
	start_kernel();
}

void lkl_kernel_boot(const struct lkl_host_ops *ops, struct lkl_thread *self)
{
	lkl_ops = *ops;
	lkl_memory_start = (unsigned long)ops->memory;
	lkl_memory_end = lkl_memory_start + ops->memory_size;
	if (ops->user_end)
		lkl_user_end = ops->user_end;
	lkl_vcpu.holder = self;
	lkl_vcpu.regs = task_pt_regs(&init_task);
	lkl_vcpu.resume_sp = (unsigned long)lkl_vcpu.regs;
	lkl_start_on((unsigned long)lkl_vcpu.regs, boot, NULL);
}

void __init setup_arch(char **cmdline_p)
{
	strscpy(boot_command_line, lkl_ops.cmdline, COMMAND_LINE_SIZE);
	strscpy(command_line, boot_command_line, COMMAND_LINE_SIZE);
	*cmdline_p = command_line;
	register_console(&host_console);
	parse_early_param();
	if (lkl_ops.process)
		lkl_fpu_init();
	lkl_memory_init();
}

const char *lkl_kernel_release(void)
{
	return UTS_RELEASE;
}

size_t lkl_random_longs(unsigned long *v, size_t max_longs)
{
	lkl_ops.random(v, max_longs * sizeof(*v));
	return max_longs;
}

static int show_cpuinfo(struct seq_file *m, void *v)
{
	seq_puts(m, "processor\t: 0\nmodel name\t: Linux as a library\n");
	return 0;
}

static void *cpuinfo_start(struct seq_file *m, loff_t *pos)
{
	return *pos ? NULL : (void *)1;
}

static void *cpuinfo_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return NULL;
}

static void cpuinfo_stop(struct seq_file *m, void *v)
{
}

const struct seq_operations cpuinfo_op = {
	.start = cpuinfo_start,
	.next = cpuinfo_next,
	.stop = cpuinfo_stop,
	.show = show_cpuinfo,
};
