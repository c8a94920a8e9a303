/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copy and fill by the machine's string instructions, which are fast from
 * some dozen octets on; below that, by moves that overlap.
 */
#include <linux/linkage.h>

	.text

SYM_FUNC_START(memcpy)
	movq	%rdi, %rax
	movq	%rdx, %rcx
	cmpq	$64, %rdx
	ja	.Lcopy_string
	cmpq	$16, %rdx
	jb	.Lcopy_small
.Lcopy_16:
	movq	(%rsi), %r8
	movq	8(%rsi), %r9
	cmpq	$16, %rcx
	jbe	.Lcopy_last
	movq	%r8, (%rdi)
	movq	%r9, 8(%rdi)
	addq	$16, %rsi
	addq	$16, %rdi
	subq	$16, %rcx
	cmpq	$16, %rcx
	jae	.Lcopy_16
	testq	%rcx, %rcx
	jz	.Lcopy_done
	/* 1 to 15 octets are left and 16 or more came before them */
	movq	-16(%rsi,%rcx), %r8
	movq	-8(%rsi,%rcx), %r9
	movq	%r8, -16(%rdi,%rcx)
	movq	%r9, -8(%rdi,%rcx)
	ret
.Lcopy_last:
	movq	%r8, (%rdi)
	movq	%r9, 8(%rdi)
.Lcopy_done:
	ret
.Lcopy_small:
	cmpq	$8, %rdx
	jb	.Lcopy_7
	movq	(%rsi), %r8
	movq	-8(%rsi,%rdx), %r9
	movq	%r8, (%rdi)
	movq	%r9, -8(%rdi,%rdx)
	ret
.Lcopy_7:
	cmpq	$4, %rdx
	jb	.Lcopy_3
	movl	(%rsi), %r8d
	movl	-4(%rsi,%rdx), %r9d
	movl	%r8d, (%rdi)
	movl	%r9d, -4(%rdi,%rdx)
	ret
.Lcopy_3:
	testq	%rdx, %rdx
	jz	.Lcopy_done
	movzbl	(%rsi), %r8d
	movzbl	-1(%rsi,%rdx), %r9d
	shrq	%rcx
	movzbl	(%rsi,%rcx), %r10d
	movb	%r8b, (%rdi)
	movb	%r10b, (%rdi,%rcx)
	movb	%r9b, -1(%rdi,%rdx)
	ret
.Lcopy_string:
	rep movsb
	ret
SYM_FUNC_END(memcpy)

SYM_FUNC_START(memmove)
	movq	%rdi, %rcx
	subq	%rsi, %rcx
	cmpq	%rdx, %rcx
	jae	memcpy_forward
	/* The target starts inside the source: from the end. */
	movq	%rdi, %rax
	movq	%rdx, %rcx
.Lback_8:
	cmpq	$8, %rcx
	jb	.Lback_1
	movq	-8(%rsi,%rcx), %r8
	movq	%r8, -8(%rdi,%rcx)
	subq	$8, %rcx
	jmp	.Lback_8
.Lback_1:
	testq	%rcx, %rcx
	jz	.Lback_done
	movzbl	-1(%rsi,%rcx), %r8d
	movb	%r8b, -1(%rdi,%rcx)
	decq	%rcx
	jmp	.Lback_1
.Lback_done:
	ret
SYM_FUNC_END(memmove)

/* For memmove: the target may start before the source and overlap it. */
SYM_FUNC_START_LOCAL(memcpy_forward)
	movq	%rdi, %rax
	movq	%rdx, %rcx
	cmpq	$64, %rdx
	jae	.Lforward_string
.Lforward_8:
	cmpq	$8, %rcx
	jb	.Lforward_1
	movq	(%rsi), %r8
	movq	%r8, (%rdi)
	addq	$8, %rsi
	addq	$8, %rdi
	subq	$8, %rcx
	jmp	.Lforward_8
.Lforward_1:
	testq	%rcx, %rcx
	jz	.Lback_done
	movzbl	(%rsi), %r8d
	movb	%r8b, (%rdi)
	incq	%rsi
	incq	%rdi
	decq	%rcx
	jmp	.Lforward_1
.Lforward_string:
	rep movsb
	ret
SYM_FUNC_END(memcpy_forward)

SYM_FUNC_START(memset)
	movq	%rdi, %r9
	movq	%rdx, %rcx
	movzbl	%sil, %eax
	cmpq	$64, %rdx
	ja	.Lset_string
	movabsq	$0x0101010101010101, %r8
	imulq	%r8, %rax
.Lset_8:
	cmpq	$8, %rcx
	jb	.Lset_1
	movq	%rax, (%rdi)
	addq	$8, %rdi
	subq	$8, %rcx
	jmp	.Lset_8
.Lset_1:
	testq	%rcx, %rcx
	jz	.Lset_done
	movb	%al, (%rdi)
	incq	%rdi
	decq	%rcx
	jmp	.Lset_1
.Lset_string:
	rep stosb
.Lset_done:
	movq	%r9, %rax
	ret
SYM_FUNC_END(memset)

	.section .note.GNU-stack, "", @progbits
