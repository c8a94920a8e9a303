/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_LKL_VERMAGIC_H
#define _ASM_LKL_VERMAGIC_H

#define MODULE_ARCH_VERMAGIC "lkl "

#endif
