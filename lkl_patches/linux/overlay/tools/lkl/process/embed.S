/* SPDX-License-Identifier: GPL-2.0-only */
/* The program of process 1, as a part of this executable. */
	.section .rodata, "a"
	.balign	16
	.globl	process_init_start, process_init_end
	.hidden	process_init_start, process_init_end
process_init_start:
	.incbin	INIT_PROGRAM
process_init_end:

	.section .note.GNU-stack, "", @progbits
