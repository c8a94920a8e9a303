// SPDX-License-Identifier: GPL-2.0-only
/*
 * The entry of entry-host: the protocol of a library kernel's entry in front of
 * the host's system call instruction. Only rax, rcx and r11 change. While the
 * instruction runs nothing is on the stack, as the protocol wants it; the return
 * address is then below the stack pointer, where signal frames leave 128 octets.
 */

	.text
	.globl	_start
_start:
	xor	%ebp, %ebp
	mov	%rsp, %rdi
	and	$-16, %rsp
	call	start_c
	hlt

	.globl	entry, entry_call, entry_done
entry:
	cmp	$13, %rax			/* rt_sigaction */
	je	special
	cmp	$56, %rax			/* clone */
	jb	fast
	cmp	$59, %rax			/* ..., fork, vfork, execve */
	jbe	special
	cmp	$231, %rax			/* exit_group */
	je	special
fast:
	lock incq calls(%rip)
	add	$8, %rsp
entry_call:
	syscall
entry_done:
	jmp	*-8(%rsp)

/* C decides: it has done the call, or it is done here with what C left. */
special:
	push	%rbp
	mov	%rsp, %rbp
	push	%rax
	push	%r9
	push	%r8
	push	%r10
	push	%rdx
	push	%rsi
	push	%rdi
	mov	%rsp, %rdi
	and	$-16, %rsp
	call	special_c
	lea	-56(%rbp), %rsp
	mov	%eax, %ecx
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%r10
	pop	%r8
	pop	%r9
	pop	%rax
	pop	%rbp
	test	%ecx, %ecx
	jnz	1f
	lock incq calls(%rip)
	ret
1:	cmp	$56, %rax
	jb	fast
	cmp	$58, %rax
	ja	fast
	/* A new task begins here, on its own stack or (vfork) on ours. */
	lock incq calls(%rip)
	cmp	$58, %rax
	je	2f
	add	$8, %rsp
	syscall
	test	%rax, %rax
	jnz	entry_done
	sub	$8, %rsp
	call	dispatch
	add	$8, %rsp
	jmp	*-8(%rsp)
2:	add	$8, %rsp
	syscall
	test	%rax, %rax
	jnz	3f
	call	dispatch
3:	jmp	*vfork_return(%rip)

/*
 * Have the host refuse system calls from any other text: a setting of each
 * task. Only rax (then 0), rcx and r11 change.
 */
	.globl	dispatch
dispatch:
	push	%rdi
	push	%rsi
	push	%rdx
	push	%r10
	push	%r8
	mov	$157, %eax			/* prctl */
	mov	$59, %edi			/* PR_SET_SYSCALL_USER_DISPATCH */
	mov	$1, %esi
	lea	__executable_start(%rip), %rdx
	lea	etext(%rip), %r10
	sub	%rdx, %r10
	lea	blocking(%rip), %r8
	syscall
	pop	%r8
	pop	%r10
	pop	%rdx
	pop	%rsi
	pop	%rdi
	xor	%eax, %eax
	ret

/* A handler of the program begins here, with the context made right. */
	.globl	handler
handler:
	push	%rdi
	push	%rsi
	push	%rdx
	push	%rbp
	mov	%rsp, %rbp
	and	$-16, %rsp
	call	handler_c
	mov	%rbp, %rsp
	pop	%rbp
	pop	%rdx
	pop	%rsi
	pop	%rdi
	jmp	*%rax

/* void enter(void *pc, void *stack) */
	.globl	enter
enter:
	mov	%rsi, %rsp
	xor	%edx, %edx
	xor	%ebp, %ebp
	jmp	*%rdi

/* long raw(nr, a1..a6) */
	.globl	raw
raw:
	mov	%rdi, %rax
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	mov	%rcx, %rdx
	mov	%r8, %r10
	mov	%r9, %r8
	mov	8(%rsp), %r9
	syscall
	ret

	.section .note.GNU-stack, "", @progbits
