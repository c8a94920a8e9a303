/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_LKL_DELAY_H
#define _ASM_LKL_DELAY_H

void __ndelay(unsigned long nsecs);

#define udelay(n) __ndelay((n) * 1000UL)
#define ndelay(n) __ndelay(n)
#define __udelay(n) __ndelay((n) * 1000UL)
#define __delay(n) __ndelay(n)

#endif
