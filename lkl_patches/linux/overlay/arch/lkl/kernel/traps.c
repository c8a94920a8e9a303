// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults. The host catches the signal; the kernel says where to go on.
 */
#include <linux/cpu.h>
#include <linux/extable.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <asm/extable.h>
#include <asm/sections.h>
#include "lkl.h"

unsigned long lkl_kernel_fixup(unsigned long ip)
{
	const struct exception_table_entry *e = search_exception_tables(ip);

	return e ? (unsigned long)&e->fixup + e->fixup : 0;
}

int lkl_kernel_text(unsigned long ip)
{
	return ip >= (unsigned long)_stext && ip < (unsigned long)_etext;
}

void __init trap_init(void)
{
}
