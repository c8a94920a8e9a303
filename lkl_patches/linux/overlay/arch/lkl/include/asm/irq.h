/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_LKL_IRQ_H
#define _ASM_LKL_IRQ_H

#include <asm/lkl_host.h>

#define NR_IRQS LKL_NR_IRQS

#endif
