/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only two instructions by which this process enters the host's kernel once
 * the machine runs: a system call, and the return from a signal handler. A filter
 * (sandbox.c) can tell them by their addresses.
 */
	.section .text.host_call, "ax", @progbits
	.balign	16
	.globl	host_call_begin, host_call_end, host_syscall, host_restorer
	.hidden	host_call_begin, host_call_end, host_syscall, host_restorer

host_call_begin:
/* long host_syscall(nr, a, b, c, d, e, f): the result or a negative errno */
host_syscall:
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	movq	%r8, %r10
	movq	%r9, %r8
	movq	8(%rsp), %r9
	syscall
	ret

host_restorer:
	movl	$15, %eax
	syscall
host_call_end:
	nop

	.section .note.GNU-stack, "", @progbits
