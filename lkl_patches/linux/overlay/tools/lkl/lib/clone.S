/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * long clone_call(void *regs, long nr, const long *args)
 *
 * The parent returns with the child's thread id. The child returns from the
 * same call with 0, on its own stack, where its function and argument are.
 */
	.text
	.globl	clone_call
	.hidden	clone_call
	.type	clone_call, @function
clone_call:
	subq	$8, %rsp
	call	lkl_kernel_syscall
	testq	%rax, %rax
	jz	1f
	addq	$8, %rsp
	ret
1:	popq	%rdi
	popq	%rsi
	xorl	%ebp, %ebp
	call	task_main
	ud2
	.size	clone_call, . - clone_call

	.section .note.GNU-stack, "", @progbits
