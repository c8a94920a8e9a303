/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_LKL_IRQFLAGS_H
#define _ASM_LKL_IRQFLAGS_H

/*
 * Interrupts are bits that other host threads set. Nothing is ever
 * interrupted between two instructions: the kernel takes what is pending when
 * it enables interrupts, is idle, or leaves for user mode.
 */
#include <asm/lkl_host.h>
#include <linux/compiler.h>

#define ARCH_IRQ_DISABLED 0
#define ARCH_IRQ_ENABLED 1

void lkl_irq_deliver(void);

static __always_inline unsigned long arch_local_save_flags(void)
{
	return lkl_vcpu.irq_enabled;
}
#define arch_local_save_flags arch_local_save_flags

static __always_inline void arch_local_irq_restore(unsigned long flags)
{
	barrier();
	lkl_vcpu.irq_enabled = flags;
	barrier();
	if (flags && unlikely(READ_ONCE(lkl_vcpu.pending)))
		lkl_irq_deliver();
}
#define arch_local_irq_restore arch_local_irq_restore

#include <asm-generic/irqflags.h>

#endif
