/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies to and from user memory: a fault ends them early, with the number of
 * octets that were not copied.
 */
#include <linux/linkage.h>

.macro FAULT from, to
	.pushsection __ex_table, "a"
	.balign	4
	.long	(\from) - .
	.long	(\to) - .
	.popsection
.endm

	.text

/* rdi to, rsi from, rdx n; returns what is left */
SYM_FUNC_START(__lkl_copy_user)
	movq	%rdx, %rcx
	cmpq	$64, %rdx
	jae	3f
1:	cmpq	$8, %rcx
	jb	2f
11:	movq	(%rsi), %r8
12:	movq	%r8, (%rdi)
	addq	$8, %rsi
	addq	$8, %rdi
	subq	$8, %rcx
	jmp	1b
2:	testq	%rcx, %rcx
	jz	4f
21:	movb	(%rsi), %r8b
22:	movb	%r8b, (%rdi)
	incq	%rsi
	incq	%rdi
	decq	%rcx
	jmp	2b
3:	rep movsb
4:	movq	%rcx, %rax
	ret
	FAULT	11b, 2b
	FAULT	12b, 2b
	FAULT	21b, 4b
	FAULT	22b, 4b
	FAULT	3b, 4b
SYM_FUNC_END(__lkl_copy_user)

/* rdi to, rsi n; returns what is left */
SYM_FUNC_START(__lkl_clear_user)
	movq	%rsi, %rcx
	xorl	%eax, %eax
1:	rep stosb
2:	movq	%rcx, %rax
	ret
	FAULT	1b, 2b
SYM_FUNC_END(__lkl_clear_user)

	.section .note.GNU-stack, "", @progbits
