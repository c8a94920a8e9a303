/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_LKL_SETUP_H
#define _ASM_LKL_SETUP_H

#include <asm-generic/setup.h>

#undef COMMAND_LINE_SIZE
#define COMMAND_LINE_SIZE 4096

/* mm/init.c */
void lkl_memory_init(void);

#endif
