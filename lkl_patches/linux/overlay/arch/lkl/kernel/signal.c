// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals of programs: frames as Linux makes them on this machine, so that
 * libc's restorer, unwinders and debuggers find what they know.
 */
#include <linux/resume_user_mode.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>
#include <asm/fpu.h>
#include <asm/processor.h>
#include <asm/syscall.h>
#include <asm/ucontext.h>
#include "lkl.h"

#define RED_ZONE 128
/* Arithmetic, direction, single step and alignment check: the program's own. */
#define EFLAGS_USER 0x40dd5

struct frame {
	void __user *restorer;
	struct ucontext uc;
	siginfo_t info;
};

/* The stack pointer at a function's first instruction: 16 n + 8. */
static unsigned long align_frame(unsigned long sp)
{
	return ((sp + 8) & ~15UL) - 8;
}

unsigned int lkl_sigframe_size(void)
{
	return RED_ZONE + sizeof(struct frame) + lkl_fpu_size +
	       FP_XSTATE_MAGIC2_SIZE + 64 + 16;
}

static struct frame __user *place_frame(struct ksignal *ksig,
					struct pt_regs *regs, void __user **fpu)
{
	unsigned long sp = sigsp(regs->sp - RED_ZONE, ksig);

	sp = round_down(sp - lkl_fpu_size - FP_XSTATE_MAGIC2_SIZE, 64);
	*fpu = (void __user *)sp;
	sp = align_frame(sp - sizeof(struct frame));
	/* On the alternate stack, but not within it: it is too small. */
	if (sas_ss_flags(regs->sp) == SS_ONSTACK && !__on_sig_stack(sp) &&
	    !(current->sas_ss_flags & SS_AUTODISARM))
		return (void __user *)-1L;
	if (ksig->ka.sa.sa_flags & SA_ONSTACK && !sas_ss_flags(regs->sp) &&
	    !__on_sig_stack(sp))
		return (void __user *)-1L;
	return (struct frame __user *)sp;
}

#define FOR_EACH_REG(op)                                                     \
	op(r8) op(r9) op(r10) op(r11) op(r12) op(r13) op(r14) op(r15) op(di) \
		op(si) op(bp) op(bx) op(dx) op(ax) op(cx) op(sp) op(ip)

static void regs_to_context(struct sigcontext *sc, const struct pt_regs *regs)
{
#define STORE(r) sc->r = regs->r;
	FOR_EACH_REG(STORE)
#undef STORE
	sc->flags = regs->flags;
	sc->cs = regs->cs;
	sc->ss = regs->ss;
	sc->err = current->thread.fault_error;
	sc->trapno = current->thread.fault_trap;
	sc->cr2 = current->thread.fault_addr;
	sc->oldmask = current->blocked.sig[0];
}

static int put_frame(struct frame __user *frame, struct ksignal *ksig,
		     struct pt_regs *regs, void __user *fpu)
{
	struct ucontext uc = {
		.uc_flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS |
			    UC_STRICT_RESTORE_SS,
	};
	void __user *restorer = ksig->ka.sa.sa_restorer;

	regs_to_context(&uc.uc_mcontext, regs);
	uc.uc_mcontext.fpstate = (unsigned long)fpu;
	uc.uc_sigmask = *sigmask_to_save();
	if (lkl_fpu_to_frame(fpu) ||
	    copy_to_user(&frame->uc, &uc, sizeof(uc)) ||
	    __save_altstack(&frame->uc.uc_stack, regs->sp) ||
	    put_user(restorer, &frame->restorer))
		return -EFAULT;
	if (ksig->ka.sa.sa_flags & SA_SIGINFO)
		return copy_siginfo_to_user(&frame->info, &ksig->info);
	return 0;
}

static int setup_frame(struct ksignal *ksig, struct pt_regs *regs)
{
	void __user *fpu;
	struct frame __user *frame = place_frame(ksig, regs, &fpu);

	if (!access_ok(frame, sizeof(*frame)) ||
	    !(ksig->ka.sa.sa_flags & SA_RESTORER) ||
	    put_frame(frame, ksig, regs, fpu))
		return -EFAULT;
	regs->di = ksig->sig;
	regs->si = (unsigned long)&frame->info;
	regs->dx = (unsigned long)&frame->uc;
	regs->ax = 0;
	regs->ip = (unsigned long)ksig->ka.sa.sa_handler;
	regs->sp = (unsigned long)frame;
	regs->flags = LKL_USER_FLAGS;
	return 0;
}

/*
 * Have the program make its call again. Whether it came by a call through the
 * register rcx or by the machine's own instruction, two octets made it.
 */
static void repeat(struct pt_regs *regs, unsigned long nr)
{
	regs->ax = nr;
	regs->ip -= 2;
	regs->cx = (unsigned long)lkl_user_entry;
	regs->orig_ax = -1; /* rcx must arrive; and once is enough */
}

static void restart_for_handler(struct pt_regs *regs,
				const struct ksignal *ksig)
{
	switch (syscall_get_error(current, regs)) {
	case -ERESTART_RESTARTBLOCK:
	case -ERESTARTNOHAND:
		regs->ax = -EINTR;
		break;
	case -ERESTARTSYS:
		if (!(ksig->ka.sa.sa_flags & SA_RESTART)) {
			regs->ax = -EINTR;
			break;
		}
		fallthrough;
	case -ERESTARTNOINTR:
		repeat(regs, regs->orig_ax);
		break;
	}
}

static void restart(struct pt_regs *regs)
{
	switch (syscall_get_error(current, regs)) {
	case -ERESTARTNOHAND:
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
		repeat(regs, regs->orig_ax);
		break;
	case -ERESTART_RESTARTBLOCK:
		repeat(regs, __NR_restart_syscall);
		break;
	}
}

static bool in_syscall(const struct pt_regs *regs)
{
	return (long)regs->orig_ax >= 0;
}

void lkl_user_signal(struct pt_regs *regs)
{
	struct ksignal ksig;

	if (!get_signal(&ksig)) {
		if (in_syscall(regs))
			restart(regs);
		restore_saved_sigmask();
		return;
	}
	if (in_syscall(regs))
		restart_for_handler(regs, &ksig);
	rseq_signal_deliver(&ksig, regs);
	signal_setup_done(setup_frame(&ksig, regs), &ksig, false);
}

static int context_to_regs(struct pt_regs *regs, const struct sigcontext *sc)
{
#define LOAD(r) regs->r = sc->r;
	FOR_EACH_REG(LOAD)
#undef LOAD
	regs->flags = (sc->flags & EFLAGS_USER) | LKL_USER_FLAGS;
	regs->orig_ax = -1; /* not a call that could begin again */
	if (!sc->fpstate) {
		lkl_fpu_reset();
		return 0;
	}
	return lkl_fpu_from_frame((void __user *)sc->fpstate);
}

SYSCALL_DEFINE0(rt_sigreturn)
{
	struct pt_regs *regs = current_pt_regs();
	/* The handler's return has taken the restorer's address. */
	struct frame __user *frame = (void __user *)(regs->sp - sizeof(long));
	struct ucontext uc;

	current->restart_block.fn = do_no_restart_syscall;
	if (!current->thread.fpu || copy_from_user(&uc, &frame->uc, sizeof(uc)))
		goto bad;
	set_current_blocked(&uc.uc_sigmask);
	if (context_to_regs(regs, &uc.uc_mcontext) ||
	    restore_altstack(&frame->uc.uc_stack))
		goto bad;
	return regs->ax;
bad:
	force_sig(SIGSEGV);
	return 0;
}
