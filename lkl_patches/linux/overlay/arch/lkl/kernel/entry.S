/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All of the machine's own assembly that switches stacks. Kernel contexts are
 * stacks: each of these routines saves the callee-saved registers on the stack
 * it leaves and takes them from the one it goes to.
 *
 * A task's kernel stack, from the top:
 *
 *	16 octets	unused (alignment)
 *	struct pt_regs	the user side, LKL_REGS_SIZE with the line above
 *	...		frames of the kernel while the task is in it
 */
#include <linux/linkage.h>
#include <asm/asm-offsets.h>

.macro PUSH_SAVED
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
.endm

.macro POP_SAVED
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
.endm

/* Store the caller of this routine as the user side in the frame \regs. */
.macro SAVE_USER regs
	movq	%r15, LKL_R15(\regs)
	movq	%r14, LKL_R14(\regs)
	movq	%r13, LKL_R13(\regs)
	movq	%r12, LKL_R12(\regs)
	movq	%rbp, LKL_RBP(\regs)
	movq	%rbx, LKL_RBX(\regs)
	movq	(%rsp), %rax
	movq	%rax, LKL_RIP(\regs)
	leaq	8(%rsp), %rax
	movq	%rax, LKL_RSP(\regs)
.endm

	.text

/*
 * long lkl_kernel_syscall(void *regs, long nr, const long *args)
 *
 * From host code, the virtual CPU held, regs->task current and in user mode.
 */
SYM_FUNC_START(lkl_kernel_syscall)
	SAVE_USER %rdi
	movq	$LKL_USER_CS, LKL_CS(%rdi)
	movq	%rdi, %rsp
	call	lkl_do_syscall
	movq	%rsp, %rdi
	/* fall through */
SYM_INNER_LABEL(lkl_return_to_user, SYM_L_LOCAL)
	movq	$0, LKL_VCPU_RESUME_SP+lkl_vcpu(%rip)
	movq	LKL_RAX(%rdi), %rax
	movq	LKL_R15(%rdi), %r15
	movq	LKL_R14(%rdi), %r14
	movq	LKL_R13(%rdi), %r13
	movq	LKL_R12(%rdi), %r12
	movq	LKL_RBP(%rdi), %rbp
	movq	LKL_RBX(%rdi), %rbx
	movq	LKL_RSP(%rdi), %rsp
	jmp	*LKL_RIP(%rdi)
SYM_FUNC_END(lkl_kernel_syscall)

/*
 * void lkl_kernel_enter(struct lkl_thread *self)
 *
 * The virtual CPU is held and self->task is not current: leave this call as
 * its user side, and run what is there to run until the task comes back.
 */
SYM_FUNC_START(lkl_kernel_enter)
	movq	LKL_THREAD_REGS(%rdi), %rsi
	SAVE_USER %rsi
	movq	LKL_THREAD_WAIT_SP(%rdi), %rsp
	call	lkl_kernel_come_in
	ud2
SYM_FUNC_END(lkl_kernel_enter)

/*
 * long lkl_kernel_attach(struct lkl_thread *self)
 *
 * The same for a thread without a task: the new task starts as the return of
 * this call.
 */
SYM_FUNC_START(lkl_kernel_attach)
	movq	%r15, LKL_ATTACH_R15(%rdi)
	movq	%r14, LKL_ATTACH_R14(%rdi)
	movq	%r13, LKL_ATTACH_R13(%rdi)
	movq	%r12, LKL_ATTACH_R12(%rdi)
	movq	%rbp, LKL_ATTACH_RBP(%rdi)
	movq	%rbx, LKL_ATTACH_RBX(%rdi)
	movq	(%rsp), %rax
	movq	%rax, LKL_ATTACH_RIP(%rdi)
	leaq	8(%rsp), %rax
	movq	%rax, LKL_ATTACH_RSP(%rdi)
	movq	LKL_THREAD_WAIT_SP(%rdi), %rsp
	call	lkl_kernel_come_in
	ud2
SYM_FUNC_END(lkl_kernel_attach)

/*
 * void lkl_kernel_resume(void)
 *
 * The virtual CPU is held: go on with the context that it was left with. If
 * that is a task in user mode, it enters the kernel as by an interrupt.
 */
SYM_FUNC_START(lkl_kernel_resume)
	movq	LKL_VCPU_RESUME_SP+lkl_vcpu(%rip), %rax
	testq	%rax, %rax
	jz	1f
	movq	%rax, %rsp
	POP_SAVED
	ret
1:	movq	LKL_VCPU_REGS+lkl_vcpu(%rip), %rsp
	movq	%rsp, %rdi
	call	lkl_user_interrupted
	movq	%rsp, %rdi
	jmp	lkl_return_to_user
SYM_FUNC_END(lkl_kernel_resume)

/*
 * void lkl_leave(struct lkl_thread *holder)
 *
 * The current context has nothing to do: the host thread goes back to its own
 * wait function. Returns when some host thread resumes the virtual CPU.
 */
SYM_FUNC_START(lkl_leave)
	PUSH_SAVED
	movq	%rsp, LKL_VCPU_RESUME_SP+lkl_vcpu(%rip)
	movq	LKL_THREAD_WAIT_SP(%rdi), %rsp
	xorl	%ebp, %ebp
	call	*LKL_THREAD_WAIT(%rdi)
	ud2
SYM_FUNC_END(lkl_leave)

/*
 * void lkl_kernel_abandon(void *regs, long result)
 *
 * Return to the user side without the kernel, which is gone.
 */
SYM_FUNC_START(lkl_kernel_abandon)
	movq	%rsi, LKL_RAX(%rdi)
	jmp	lkl_return_to_user
SYM_FUNC_END(lkl_kernel_abandon)

/*
 * struct task_struct *__lkl_switch_to(unsigned long *save_sp,
 *				       unsigned long sp,
 *				       struct task_struct *prev)
 */
	.section .sched.text, "ax"
SYM_FUNC_START(__lkl_switch_to)
	PUSH_SAVED
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	movq	%rdx, %rax
	POP_SAVED
	ret
SYM_FUNC_END(__lkl_switch_to)
	.text

/*
 * First return of a new task: rax is the task that ran before, rbx a kernel
 * thread's function or NULL, r12 its argument; rsp is at the frame.
 */
SYM_CODE_START(lkl_ret_from_fork)
	xorl	%ebp, %ebp
	movq	%rax, %rdi
	movq	%rbx, %rsi
	movq	%r12, %rdx
	movq	%rsp, %rcx
	call	lkl_new_task
	movq	%rsp, %rdi
	jmp	lkl_return_to_user
SYM_CODE_END(lkl_ret_from_fork)

/* Run fn(arg) on another stack, for good: void lkl_start_on(sp, fn, arg) */
SYM_FUNC_START(lkl_start_on)
	movq	%rdi, %rsp
	xorl	%ebp, %ebp
	movq	%rdx, %rdi
	call	*%rsi
	ud2
SYM_FUNC_END(lkl_start_on)

/*
 * Process mode. Registers are those of the machine's own system call: number in
 * rax, arguments in rdi, rsi, rdx, r10, r8, r9, result in rax; rcx and r11 are
 * lost. A program comes by `call *%rcx`: the address it pushed is taken off its
 * stack at once, so that this may be shared by the child of vfork(2). The
 * direction flag is the program's, and the kernel copies upwards.
 */
SYM_CODE_START(lkl_user_entry)
	popq	%rcx
	cld
	movq	LKL_VCPU_REGS+lkl_vcpu(%rip), %r11
	movq	%rsp, LKL_RSP(%r11)
	movq	%r11, %rsp
	movq	%rcx, LKL_RIP(%rsp)
	movq	%rcx, LKL_RCX(%rsp)
	movq	%rax, LKL_ORIG_RAX(%rsp)
	movq	%rdi, LKL_RDI(%rsp)
	movq	%rsi, LKL_RSI(%rsp)
	movq	%rdx, LKL_RDX(%rsp)
	movq	%r10, LKL_R10(%rsp)
	movq	%r8, LKL_R8(%rsp)
	movq	%r9, LKL_R9(%rsp)
	movq	%rbx, LKL_RBX(%rsp)
	movq	%rbp, LKL_RBP(%rsp)
	movq	%r12, LKL_R12(%rsp)
	movq	%r13, LKL_R13(%rsp)
	movq	%r14, LKL_R14(%rsp)
	movq	%r15, LKL_R15(%rsp)
	movq	$LKL_USER_CS, LKL_CS(%rsp)
	movq	$LKL_USER_SS, LKL_SS(%rsp)
	movq	$LKL_USER_FLAGS, LKL_FLAGS(%rsp)
	movq	$LKL_USER_FLAGS, LKL_R11(%rsp)
	movq	%rsp, %rdi
	xorl	%ebp, %ebp
	call	lkl_program_call
	/*
	 * What is pending is taken above. Who is interrupted from here on, when
	 * nobody would look again, is sent to lkl_user_again.
	 */
SYM_INNER_LABEL(lkl_leaving_begin, SYM_L_GLOBAL)
	cmpl	$0, LKL_VCPU_PENDING+lkl_vcpu(%rip)
	jne	lkl_user_again
	movq	LKL_RDI(%rsp), %rdi
	movq	LKL_RSI(%rsp), %rsi
	movq	LKL_RDX(%rsp), %rdx
	movq	LKL_R10(%rsp), %r10
	movq	LKL_R8(%rsp), %r8
	movq	LKL_R9(%rsp), %r9
	movq	LKL_RAX(%rsp), %rax
	movq	LKL_RBX(%rsp), %rbx
	movq	LKL_RBP(%rsp), %rbp
	movq	LKL_R12(%rsp), %r12
	movq	LKL_R13(%rsp), %r13
	movq	LKL_R14(%rsp), %r14
	movq	LKL_R15(%rsp), %r15
	cmpq	$0, LKL_ORIG_RAX(%rsp)
	jl	1f
	/* The end of a system call: rcx and r11 are free. */
	movq	LKL_RIP(%rsp), %rcx
	movq	LKL_RSP(%rsp), %rsp
	jmp	*%rcx
	/* An interrupted program gets everything back. */
1:	movq	LKL_R11(%rsp), %r11
	movq	LKL_RCX(%rsp), %rcx
	addq	$LKL_RIP, %rsp
	iretq
SYM_INNER_LABEL(lkl_leaving_end, SYM_L_GLOBAL)
SYM_CODE_END(lkl_user_entry)

SYM_CODE_START(lkl_user_again)
	movq	%rsp, %rdi
	call	lkl_program_leave
	jmp	lkl_leaving_begin
SYM_CODE_END(lkl_user_again)

/* void lkl_program_return(struct pt_regs *regs) */
SYM_CODE_START(lkl_program_return)
	movq	%rdi, %rsp
	jmp	lkl_leaving_begin
SYM_CODE_END(lkl_program_return)

/* The host has filled the frame at rsp and lkl_vcpu.pending. */
SYM_CODE_START(lkl_user_interrupt)
	movq	%rsp, %rdi
	xorl	%ebp, %ebp
	call	lkl_program_interrupted
	jmp	lkl_leaving_begin
SYM_CODE_END(lkl_user_interrupt)

/* The host has filled the frame at rsp and lkl_vcpu.fault. */
SYM_CODE_START(lkl_user_fault)
	movq	%rsp, %rdi
	xorl	%ebp, %ebp
	call	lkl_program_fault
	jmp	lkl_leaving_begin
SYM_CODE_END(lkl_user_fault)

/* The host has filled the frame at rsp, orig_rax with the call's number. */
SYM_CODE_START(lkl_user_trap)
	movq	%rsp, %rdi
	xorl	%ebp, %ebp
	call	lkl_program_trap
	jmp	lkl_leaving_begin
SYM_CODE_END(lkl_user_trap)

	.section .note.GNU-stack, "", @progbits
