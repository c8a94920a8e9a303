// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host signals are the machine's interrupts and faults.
 *
 * All handlers run on a stack of their own. What they find is one of three:
 * kernel or host layer at work, which takes what is pending by itself; the last
 * instructions on the way to a program, where nobody would look any more; or a
 * program, whose registers go to its frame as if it had made a system call.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <linux/audit.h>

#include "process.h"

#define SA_RESTORER 0x04000000
#define TIMER_SIGNAL 34
#define VDSO_SIZE 8192UL
#define KERNEL_STACK 16384
#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1
#endif
#define NO_SYSCALL 0x7fffffff
#define FLAGS 0x202
/* Flags that make ordinary instructions trap: single step, alignment check. */
#define TRAP_FLAGS (0x100 | 0x40000)

/* The frame that lkl_vcpu.regs points to: struct pt_regs of this machine. */
struct frame {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8;
	unsigned long ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};

struct kernel_sigaction {
	void (*handler)(int sig, siginfo_t *info, void *context);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

extern char _end[];

static char stack[64 << 10] __attribute__((aligned(16)));
static timer_t timer;

void host_restorer(void); /* host_call.S */

static bool in_image(unsigned long ip)
{
	return ip >= IMAGE_START && ip < (unsigned long)_end;
}

static bool on_kernel_stack(unsigned long sp)
{
	return sp >= IMAGE_START && sp <= MEMORY_START + host_ops.memory_size;
}

/* The kernel reads its clock there, on its own stack. */
static bool in_vdso(unsigned long ip)
{
	return ip - host_ops.vdso < VDSO_SIZE;
}

/*
 * The kernel has its own stack but in the first instructions after a call and
 * the last ones before a program goes on, and only its own code. Who has jumped
 * into that code, or has pointed its stack at the kernel's memory, is a program
 * that is to die of it; a kernel that has jumped elsewhere is a bug.
 */
static bool is_program(const greg_t *r)
{
	unsigned long sp = r[REG_RSP], regs = (unsigned long)lkl_vcpu.regs;

	if (!regs)
		return false; /* not even booting */
	if (sp <= regs && sp > regs - KERNEL_STACK)
		return false;
	return !on_kernel_stack(sp) ||
	       (!in_image(r[REG_RIP]) && !in_vdso(r[REG_RIP]));
}

/* On the way to a program, whose registers still are in its frame. */
static bool is_leaving(const greg_t *r)
{
	unsigned long ip = r[REG_RIP];

	return ip >= (unsigned long)lkl_leaving_begin &&
	       ip < (unsigned long)lkl_leaving_end;
}

/* Go on at @where on the kernel stack of the interrupted program. */
static void divert(greg_t *r, void (*where)(void))
{
	r[REG_RIP] = (greg_t)where;
	r[REG_RSP] = (greg_t)lkl_vcpu.regs;
	r[REG_EFL] = FLAGS;
}

static void save_program(const greg_t *r)
{
	struct frame *f = lkl_vcpu.regs;

	*f = (struct frame){
		.r15 = r[REG_R15],
		.r14 = r[REG_R14],
		.r13 = r[REG_R13],
		.r12 = r[REG_R12],
		.bp = r[REG_RBP],
		.bx = r[REG_RBX],
		.r11 = r[REG_R11],
		.r10 = r[REG_R10],
		.r9 = r[REG_R9],
		.r8 = r[REG_R8],
		.ax = r[REG_RAX],
		.cx = r[REG_RCX],
		.dx = r[REG_RDX],
		.si = r[REG_RSI],
		.di = r[REG_RDI],
		.orig_ax = -1,
		.ip = r[REG_RIP],
		.cs = 0x33,
		.flags = r[REG_EFL],
		.sp = r[REG_RSP],
		.ss = 0x2b,
	};
}

/* Something is pending: see to it that it is taken. */
static void interrupt(greg_t *r)
{
	if (is_leaving(r)) {
		divert(r, lkl_user_again);
	} else if (is_program(r)) {
		save_program(r);
		divert(r, lkl_user_interrupt);
	} else {
		idle_kick();
	}
}

static void on_timer(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)info;
	__atomic_fetch_or(&lkl_vcpu.pending, 1u << LKL_IRQ_TIMER,
			  __ATOMIC_RELEASE);
	idle_look();
	interrupt(uc->uc_mcontext.gregs);
}

/* A signal for the machine as a whole: process 1 will hear of it. */
static void on_message(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)info;
	__atomic_fetch_or(&lkl_vcpu.signals, 1ULL << (sig - 1),
			  __ATOMIC_RELEASE);
	__atomic_fetch_or(&lkl_vcpu.pending, 1u << LKL_IRQ_SIGNAL,
			  __ATOMIC_RELEASE);
	interrupt(uc->uc_mcontext.gregs);
}

static char *put_hex(char *to, unsigned long value)
{
	for (int shift = 60; shift >= 0; shift -= 4)
		*to++ = "0123456789abcdef"[value >> shift & 15];
	return to;
}

static void kernel_bug(int sig, const greg_t *r, const siginfo_t *info)
{
	static char text[] = "host signal 00 in the kernel: address "
			     "0000000000000000, instruction 0000000000000000";

	text[12] = '0' + sig / 10;
	text[13] = '0' + sig % 10;
	put_hex(text + 38, (unsigned long)info->si_addr);
	put_hex(text + sizeof(text) - 17, r[REG_RIP]);
	host_ops.panic(text);
}

/*
 * A program may also fault at the kernel's door: a stack that the entry cannot
 * read, or an address that the last jump cannot reach.
 */
static bool is_programs_fault(const greg_t *r)
{
	if (is_leaving(r))
		return true;
	if (!is_program(r))
		return false;
	save_program(r);
	return true;
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
	unsigned long fixup;

	if (info->si_code <= 0) {
		on_message(sig, info, context); /* somebody sent it */
		return;
	}
	if (is_programs_fault(r)) {
		lkl_vcpu.fault = (struct lkl_fault){
			.signal = sig,
			.code = info->si_code,
			.addr = (unsigned long)info->si_addr,
			.trap = r[REG_TRAPNO],
			.error = r[REG_ERR],
		};
		divert(r, lkl_user_fault);
		return;
	}
	/* Such flags are a program's, who came in with them. */
	if ((sig == SIGTRAP || sig == SIGBUS) && r[REG_EFL] & TRAP_FLAGS) {
		r[REG_EFL] &= ~TRAP_FLAGS;
		return;
	}
	fixup = lkl_kernel_text(r[REG_RIP]) ? lkl_kernel_fixup(r[REG_RIP]) : 0;
	if (!fixup)
		kernel_bug(sig, r, info);
	r[REG_RIP] = fixup;
}

/* seccomp(2) has stopped a call that our host layer never makes. */
static void __attribute__((noreturn)) not_allowed(unsigned int nr,
						  unsigned long ip)
{
	static char text[] = "the sandbox stopped host system call 000 at "
			     "0000000000000000: a program has got into the "
			     "library kernel";

	text[37] = '0' + nr / 100 % 10;
	text[38] = '0' + nr / 10 % 10;
	text[39] = '0' + nr % 10;
	put_hex(text + 44, ip);
	host_ops.panic(text);
}

/*
 * A program that is not linked with our libc makes its system calls by the
 * machine's own instruction. They are the library kernel's all the same.
 */
static void on_syscall(int sig, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
	struct frame *f = lkl_vcpu.regs;

	if (info->si_code == SYS_SECCOMP)
		not_allowed(info->si_syscall, r[REG_RIP]);
	if (!is_program(r)) {
		if (!in_vdso(r[REG_RIP]))
			kernel_bug(sig, r, info);
		/* Where the host's clock is no counter, the vDSO asks it. */
		r[REG_RAX] =
			host_call2(info->si_syscall, r[REG_RDI], r[REG_RSI]);
		return;
	}
	save_program(r);
	/* The numbers of int 0x80 are those of another machine. */
	f->orig_ax = info->si_arch == AUDIT_ARCH_X86_64 ? info->si_syscall :
							  NO_SYSCALL;
	divert(r, lkl_user_trap);
}

/* From now on only code of this executable makes system calls of the host. */
static void dispatch_syscalls(void)
{
	static char selector = SYSCALL_DISPATCH_FILTER_BLOCK;
	long err = host_call5(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH,
			      PR_SYS_DISPATCH_ON, IMAGE_START,
			      (unsigned long)_end - IMAGE_START, &selector);

	if (err)
		die("syscall user dispatch: %s (the host needs Linux 5.11)",
		    strerror(-err));
}

static void handle(int sig, void (*handler)(int, siginfo_t *, void *),
		   unsigned long mask)
{
	struct kernel_sigaction sa = {
		.handler = handler,
		.flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_RESTORER,
		.restorer = host_restorer,
		.mask = mask,
	};
	long err = host_call4(SYS_rt_sigaction, sig, &sa, NULL, 8);

	if (err)
		die("rt_sigaction %d: %s", sig, strerror(-err));
}

/* As nohup(1) has it: what whoever started us ignores is not for us. */
static bool is_ignored(int sig)
{
	struct kernel_sigaction sa = { 0 };

	host_call4(SYS_rt_sigaction, sig, NULL, &sa, 8);
	return sa.handler == (void *)SIG_IGN;
}

static void make_timer(void)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = TIMER_SIGNAL,
	};
	long err =
		host_call3(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer);

	if (err)
		die("timer_create: %s", strerror(-err));
}

void timer_arm(unsigned long long when)
{
	struct itimerspec spec = {
		.it_value = { .tv_sec = when / 1000000000,
			      .tv_nsec = when % 1000000000 },
	};

	host_call4(SYS_timer_settime, timer, TIMER_ABSTIME, &spec, NULL);
}

void signals_init(void)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL,
				      SIGTRAP };
	static const int messages[] = {
		SIGTERM, SIGINT,  SIGHUP,   SIGQUIT, SIGUSR1,	SIGUSR2,
		SIGALRM, SIGCONT, SIGWINCH, SIGURG,  SIGIO,	SIGPWR,
		SIGXFSZ, SIGXCPU, SIGABRT,  SIGTSTP, SIGVTALRM, SIGPROF,
	};
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	unsigned long all = ~0UL, none = 0;
	long err = host_call2(SYS_sigaltstack, &ss, NULL);

	if (err)
		die("sigaltstack: %s", strerror(-err));
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		handle(faults[i], on_fault, all);
	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++)
		if (!is_ignored(messages[i]))
			handle(messages[i], on_message, all);
	handle(TIMER_SIGNAL, on_timer, all);
	handle(SIGSYS, on_syscall, all);
	handle(SIGPIPE, (void *)SIG_IGN, 0);
	make_timer();
	host_call4(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
	dispatch_syscalls();
}
