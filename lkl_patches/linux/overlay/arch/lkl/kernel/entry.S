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

	.section .note.GNU-stack, "", @progbits
