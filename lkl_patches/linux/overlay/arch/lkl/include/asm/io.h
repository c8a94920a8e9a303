/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_LKL_IO_H
#define _ASM_LKL_IO_H

#include <asm/page.h>
#include <asm-generic/io.h>

#endif
