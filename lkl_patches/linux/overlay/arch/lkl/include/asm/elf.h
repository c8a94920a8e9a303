/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_LKL_ELF_H
#define _ASM_LKL_ELF_H

#include <asm/ptrace.h>
#include <linux/elf-em.h>

typedef unsigned long elf_greg_t;

#define ELF_NGREG (sizeof(struct pt_regs) / sizeof(elf_greg_t))

typedef elf_greg_t elf_gregset_t[ELF_NGREG];
typedef struct {
	unsigned int words[128];
} elf_fpregset_t;

#define elf_check_arch(x) ((x)->e_machine == EM_X86_64)

#define ELF_CLASS ELFCLASS64
#define ELF_DATA ELFDATA2LSB
#define ELF_ARCH EM_X86_64
#define ELF_EXEC_PAGESIZE 4096
#define ELF_ET_DYN_BASE (TASK_SIZE / 3 * 2)
#define ELF_HWCAP 0
#define ELF_PLATFORM "x86_64"
#define ELF_PLAT_INIT(regs, load_addr) \
	do {                           \
	} while (0)

#define CORE_DUMP_USE_REGSET

#endif
