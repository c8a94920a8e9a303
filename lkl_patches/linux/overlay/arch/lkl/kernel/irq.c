// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts: bits that host threads set, taken where the kernel looks.
 */
#include <linux/cpu.h>
#include <linux/hardirq.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <asm/irq_regs.h>
#include <asm/ptrace.h>
#include "lkl.h"

static void take(unsigned int bits)
{
	if (bits & BIT(LKL_IRQ_WAKE))
		lkl_wake_wanted();
	if (bits & BIT(LKL_IRQ_TIMER))
		lkl_timer_interrupt();
	if (bits & BIT(LKL_IRQ_SIGNAL))
		lkl_forward_signals();
	if (bits & BIT(LKL_IRQ_WATCH))
		lkl_watches_ready();

	bits >>= LKL_IRQ_DEVICE;
	if (bits)
		lkl_device_looked();
	for (int irq = LKL_IRQ_DEVICE; bits; irq++, bits >>= 1)
		if (bits & 1)
			generic_handle_irq(irq);
}

static void deliver(struct pt_regs *interrupted)
{
	struct pt_regs *old;

	do {
		lkl_vcpu.irq_enabled = ARCH_IRQ_DISABLED;
		old = set_irq_regs(interrupted);
		irq_enter();
		take(__atomic_exchange_n(&lkl_vcpu.pending, 0,
					 __ATOMIC_ACQUIRE));
		irq_exit();
		set_irq_regs(old);
		barrier();
		lkl_vcpu.irq_enabled = ARCH_IRQ_ENABLED;
		barrier();
	} while (READ_ONCE(lkl_vcpu.pending));
}

void lkl_irq_deliver(void)
{
	struct pt_regs kernel_regs = { .cs = 0 };

	deliver(&kernel_regs);
}

/* The same where a program was interrupted: a tick is its own time then. */
void lkl_irq_deliver_user(struct pt_regs *regs)
{
	deliver(regs);
}

void __init init_IRQ(void)
{
	for (int irq = 0; irq < NR_IRQS; irq++)
		irq_set_chip_and_handler(irq, &dummy_irq_chip,
					 handle_simple_irq);
}
