/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_LKL_SECCOMP_H
#define _ASM_LKL_SECCOMP_H

#include <asm/unistd.h>
#include <asm-generic/seccomp.h>

/* The size of the table of calls that a filter allows whatever their arguments. */
#define SECCOMP_ARCH_NATIVE AUDIT_ARCH_X86_64
#define SECCOMP_ARCH_NATIVE_NR NR_syscalls
#define SECCOMP_ARCH_NATIVE_NAME "x86_64"

#endif
