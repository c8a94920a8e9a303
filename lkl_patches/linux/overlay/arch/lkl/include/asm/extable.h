/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_LKL_EXTABLE_H
#define _ASM_LKL_EXTABLE_H

/* Both addresses are relative to their own place: no relocation at load. */
struct exception_table_entry {
	int insn, fixup;
};

#define ARCH_HAS_RELATIVE_EXTABLE

/* When @insn faults, go on at @fixup. */
#define LKL_EX_TABLE(insn, fixup)          \
	".pushsection __ex_table, \"a\"\n" \
	".balign 4\n"                      \
	".long (" insn ") - .\n"           \
	".long (" fixup ") - .\n"          \
	".popsection\n"

#endif
