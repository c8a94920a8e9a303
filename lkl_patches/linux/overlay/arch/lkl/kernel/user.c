// SPDX-License-Identifier: GPL-2.0-only
/*
 * Process mode: the kernel executes programs, all on one host thread. A
 * program enters by a call (entry.S) or because the host interrupts it; here is
 * what happens then, up to the way back.
 */
#include <linux/init.h>
#include <linux/prctl.h>
#include <linux/resume_user_mode.h>
#include <linux/sched/signal.h>
#include <linux/seccomp.h>
#include <linux/syscalls.h>
#include <linux/timex.h>
#include <linux/virtio_ids.h>
#include <asm/fpu.h>
#include <asm/processor.h>
#include <asm/switch_to.h>
#include <asm/syscall.h>
#include <uapi/asm/prctl.h>
#include "../mm/user.h"
#include "lkl.h"

#define FAULT_WRITE 2 /* in the processor's error code of a page fault */

unsigned long lkl_user_end __ro_after_init = 0x00007ffffffff000UL;

/* The program's task whose registers the processor has. */
static struct task_struct *owner;

static unsigned long read_fsbase(void)
{
	unsigned long base;

	asm volatile("rdfsbase %0" : "=r"(base));
	return base;
}

static void write_fsbase(unsigned long base)
{
	asm volatile("wrfsbase %0" ::"r"(base));
}

static unsigned long read_gsbase(void)
{
	unsigned long base;

	asm volatile("rdgsbase %0" : "=r"(base));
	return base;
}

static void write_gsbase(unsigned long base)
{
	if (base != read_gsbase())
		asm volatile("wrgsbase %0" ::"r"(base));
}

static void give_registers(void)
{
	lkl_fpu_save(owner);
	owner->thread.fsbase = read_fsbase();
	owner->thread.gsbase = read_gsbase();
}

void lkl_take_registers(struct task_struct *next)
{
	if (owner == next)
		return;
	if (owner)
		give_registers();
	lkl_fpu_load(next);
	write_fsbase(next->thread.fsbase);
	write_gsbase(next->thread.gsbase);
	owner = next;
}

/* A new task of the current program. */
int lkl_copy_registers(struct task_struct *p,
		       const struct kernel_clone_args *args)
{
	p->thread.fsbase = args->flags & CLONE_SETTLS ? args->tls :
							read_fsbase();
	p->thread.gsbase = read_gsbase();
	return lkl_fpu_alloc(p);
}

/* The current task starts a program. */
void lkl_new_registers(void)
{
	if (!current->thread.fpu && lkl_fpu_alloc(current)) {
		force_fatal_sig(SIGKILL);
		return;
	}
	lkl_take_registers(current);
	lkl_fpu_reset();
	write_fsbase(0);
	write_gsbase(0);
}

int arch_dup_task_struct(struct task_struct *dst, struct task_struct *src)
{
	*dst = *src;
	dst->thread.fpu = NULL;
	return 0;
}

void arch_release_task_struct(struct task_struct *task)
{
	if (owner == task)
		owner = NULL;
	lkl_fpu_free(task);
}

SYSCALL_DEFINE2(arch_prctl, int, option, unsigned long, value)
{
	unsigned long __user *to = (unsigned long __user *)value;

	if (!current->thread.fpu)
		return -EINVAL; /* a host thread's pointers are its own */
	switch (option) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		if (value >= TASK_SIZE)
			return -EPERM;
		if (option == ARCH_SET_FS)
			write_fsbase(value);
		else
			write_gsbase(value);
		return 0;
	case ARCH_GET_FS:
		return put_user(read_fsbase(), to);
	case ARCH_GET_GS:
		return put_user(read_gsbase(), to);
	}
	return -EINVAL;
}

static void work(struct pt_regs *regs, unsigned long flags)
{
	if (flags & _TIF_NEED_RESCHED)
		schedule();
	if (flags & (_TIF_SIGPENDING | _TIF_NOTIFY_SIGNAL))
		lkl_user_signal(regs);
	if (flags & _TIF_NOTIFY_RESUME)
		resume_user_mode_work(regs);
}

/* The last thing before a program runs. */
asmlinkage void lkl_program_leave(struct pt_regs *regs)
{
	unsigned long flags;

	for (;;) {
		if (unlikely(READ_ONCE(lkl_vcpu.pending)))
			lkl_irq_deliver();
		flags = read_thread_flags() & _TIF_WORK_MASK;
		if (unlikely(flags)) {
			work(regs, flags);
			continue;
		}
		lkl_timer_before_user();
		if (likely(!READ_ONCE(lkl_vcpu.pending)))
			break;
	}
}

/*
 * While a program makes system calls and never waits, nobody polls for frames.
 * So who comes in looks now and then; every 100 to 200 us.
 */
#define LOOK_CYCLES 400000

static u32 net_interrupts;
static u64 last_look;

void lkl_device_looked(void)
{
	last_look = get_cycles();
}

static __always_inline void look_for_frames(void)
{
	if (!net_interrupts || get_cycles() - last_look < LOOK_CYCLES)
		return;
	__atomic_fetch_or(&lkl_vcpu.pending, net_interrupts, __ATOMIC_RELAXED);
	lkl_irq_deliver();
}

static int __init find_net_devices(void)
{
	if (!lkl_ops.process)
		return 0;
	for (struct lkl_device *dev = lkl_ops.devices; dev; dev = dev->next)
		if (dev->id == VIRTIO_ID_NET)
			net_interrupts |= BIT(dev->irq);
	return 0;
}
late_initcall(find_net_devices);

static __always_inline void call(struct pt_regs *regs)
{
	unsigned long nr = regs->orig_ax;

	regs->ax = -ENOSYS;
	/* A filter that says no has stored what the program gets. */
	if (secure_computing())
		return;
	if (likely(nr < NR_syscalls))
		regs->ax = sys_call_table[nr](regs->di, regs->si, regs->dx,
					      regs->r10, regs->r8, regs->r9);
}

/* entry.S: a system call; its number and arguments are in the registers. */
asmlinkage void lkl_program_call(struct pt_regs *regs)
{
	lkl_tick_catch_up();
	look_for_frames();
	call(regs);
	lkl_program_leave(regs);
}

/*
 * The same by the machine's own instruction, which the host has caught. That
 * keeps the flags, so that all registers go back as they are.
 */
asmlinkage void lkl_program_trap(struct pt_regs *regs)
{
	regs->cx = regs->ip;
	regs->r11 = regs->flags;
	lkl_program_call(regs);
	regs->orig_ax = -1;
}

asmlinkage void lkl_program_interrupted(struct pt_regs *regs)
{
	lkl_irq_deliver_user(regs);
	lkl_program_leave(regs);
}

asmlinkage void lkl_program_fault(struct pt_regs *regs)
{
	struct lkl_fault fault = lkl_vcpu.fault;
	struct thread_struct *thread = &current->thread;

	thread->fault_trap = fault.trap;
	thread->fault_error = fault.error;
	thread->fault_addr = fault.addr;
	if (fault.signal == SIGSEGV && fault.code == SEGV_ACCERR &&
	    lkl_pages_missing(fault.addr, fault.error & FAULT_WRITE)) {
		fault.signal = SIGBUS;
		fault.code = BUS_ADRERR;
	}
	if (fault.code > 0)
		force_sig_fault(fault.signal, fault.code,
				(void __user *)fault.addr);
	else
		force_sig(fault.signal);
	lkl_program_leave(regs);
}

static bool signals_wanted;

/*
 * Host signals for the whole machine go to process 1, which knows what to do. They
 * wait until it has blocked them: as long as it has not, they would be lost.
 */
void lkl_forward_signals(void)
{
	unsigned long long signals;

	if (!signals_wanted)
		return;
	signals = __atomic_exchange_n(&lkl_vcpu.signals, 0, __ATOMIC_RELAXED);
	for (int sig = 1; signals; sig++, signals >>= 1)
		if (signals & 1)
			kill_cad_pid(sig, 1);
}

void lkl_signals_wanted(void)
{
	signals_wanted = true;
	lkl_forward_signals();
}
