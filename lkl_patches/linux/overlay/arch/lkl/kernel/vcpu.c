// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtual CPU: which host thread runs which context.
 *
 * A task with a user side belongs to one host thread, its carrier. The kernel
 * half of its system calls runs on any thread; its user half only there. When
 * a task is about to return to user mode on another thread it parks: it sleeps
 * on its carrier's list, and the carrier, woken by the host, comes in and wakes
 * what is parked on it.
 *
 * "User mode" of the current task with the virtual CPU's lock free is the fast
 * state of the library: the task's thread takes the lock, runs a system call
 * and gives it back, with no scheduling at all. Another thread that needs the
 * virtual CPU interrupts the task as a device would.
 */
#include <linux/cpu.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/syscalls.h>
#include <linux/wait.h>
#include <asm/processor.h>
#include "lkl.h"

struct lkl_vcpu lkl_vcpu __aligned(64) = {
	.current_task = &init_task,
	.next_event = ~0ULL,
};

static_assert(sizeof(struct pt_regs) <= LKL_REGS_SIZE);

/* Threads that wait for their first task, and the one that is served now. */
static struct lkl_thread *attach_list;
static bool halt_wanted;

/* Asleep without being load, until the process is killed. */
#define INIT_SLEEP (TASK_IDLE | TASK_WAKEKILL)

struct lkl_thread *lkl_attach_making;
static DECLARE_WAIT_QUEUE_HEAD(attach_wait);

void lkl_attach_regs(struct pt_regs *regs, const struct lkl_thread *thread)
{
	const struct lkl_host_regs *from = &thread->attach;

	memset(regs, 0, sizeof(*regs));
	regs->r15 = from->r15;
	regs->r14 = from->r14;
	regs->r13 = from->r13;
	regs->r12 = from->r12;
	regs->bp = from->rbp;
	regs->bx = from->rbx;
	regs->ip = from->rip;
	regs->sp = from->rsp;
	regs->cs = LKL_USER_CS;
}

/* The library's signals wait for who asks: none acts on a host program. */
void lkl_block_signals(struct task_struct *p)
{
	sigfillset(&p->blocked);
	sigdelsetmask(&p->blocked, sigmask(SIGKILL) | sigmask(SIGSTOP));
}

/*
 * Process 1 in library mode: the host process itself. Its threads are the host
 * threads that make system calls; this, its first task, only makes them, and
 * ends the machine when the process ends.
 */
void __noreturn lkl_init_task(void)
{
	struct kernel_clone_args args = {
		.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
			 CLONE_THREAD | CLONE_SYSVSEM,
	};

	lkl_block_signals(current);
	lkl_vcpu.booted = 1;
	for (;;) {
		struct lkl_thread *thread;
		pid_t pid;

		if (wait_event_state(attach_wait, attach_list || halt_wanted,
				     INIT_SLEEP) ||
		    halt_wanted) {
			ksys_sync();
			kernel_power_off();
		}
		thread = attach_list;
		attach_list = thread->attach_next;
		lkl_attach_making = thread;
		pid = kernel_clone(&args);
		lkl_attach_making = NULL;
		if (pid < 0)
			panic("no task for a host thread: error %d", pid);
	}
}

/*
 * In interrupt context, for the thread that has just come in: its parked tasks
 * may run, and it gets its first task if it came for that.
 */
void lkl_wake_wanted(void)
{
	struct lkl_thread *self = lkl_vcpu.holder;
	struct task_struct *p = self->parked;

	self->parked = NULL;
	if (self->wanted) {
		self->wanted = 0;
		lkl_vcpu.coming--;
	}
	while (p) {
		struct task_struct *next = p->thread.next_parked;

		p->thread.parked = false;
		wake_up_process(p);
		p = next;
	}

	if (self->interrupt) {
		struct task_struct *task = self->task;

		self->interrupt = 0;
		if (task && !(READ_ONCE(task->flags) & PF_EXITING)) {
			set_tsk_thread_flag(task, TIF_SIGPENDING);
			wake_up_state(task, TASK_INTERRUPTIBLE);
		}
	}

	if (self->halting) {
		self->halting = 0;
		halt_wanted = true;
		wake_up(&attach_wait);
	}

	if (self->attaching) {
		self->attaching = 0;
		self->attach_next = attach_list;
		attach_list = self;
		wake_up(&attach_wait);
	}
}

/* Sleep until the carrier has come in. */
static void park(struct lkl_thread *carrier, bool tell)
{
	set_current_state(TASK_IDLE);
	if (!current->thread.parked) {
		current->thread.parked = true;
		current->thread.next_parked = carrier->parked;
		carrier->parked = current;
		if (tell) {
			lkl_vcpu.coming += !carrier->wanted;
			lkl_ops.wake(carrier);
		}
	}
	schedule();
}

static void to_carrier(struct pt_regs *regs, bool tell)
{
	struct lkl_thread *carrier = current->thread.carrier;

	if (unlikely(!carrier))
		lkl_init_task();

	for (;;) {
		if (unlikely(READ_ONCE(lkl_vcpu.pending)))
			lkl_irq_deliver();
		if (unlikely(read_thread_flags() & _TIF_WORK_MASK))
			lkl_exit_work(regs);
		if (likely(lkl_vcpu.holder == carrier))
			break;
		park(carrier, tell);
	}
	carrier->task = current;
	carrier->regs = regs;
}

/* A system call or a new task is about to return to its user side. */
void lkl_exit_to_user(struct pt_regs *regs)
{
	to_carrier(regs, true);
}

/*
 * entry.S: the current task runs user code on its own thread, and another
 * thread has come in. Its thread returns by itself, so it need not be told.
 */
asmlinkage void lkl_user_interrupted(struct pt_regs *regs)
{
	lkl_irq_deliver();
	to_carrier(regs, false);
}

/* entry.S: the thread has come in because it wants its own tasks to run. */
void lkl_kernel_come_in(void)
{
	__atomic_fetch_or(&lkl_vcpu.pending, BIT(LKL_IRQ_WAKE),
			  __ATOMIC_RELAXED);
	lkl_kernel_resume();
}

void arch_cpu_idle(void)
{
	if (READ_ONCE(lkl_vcpu.pending))
		return;
	if (lkl_ops.process)
		lkl_ops.idle();
	else
		lkl_leave(lkl_vcpu.holder);
}
