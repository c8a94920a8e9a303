// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals: interrupted and restarted calls, masks, alternate stacks, jumps out of
 * handlers, faults, timers. The program's own contexts are looked at as well.
 */
#define _GNU_SOURCE
#include "tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static volatile sig_atomic_t seen, seen_value;

static void note(int number)
{
	seen = number;
}

static void note_info(int number, siginfo_t *info, void *context)
{
	(void)context;
	seen = number;
	seen_value = info->si_value.sival_int;
}

static void handle(int number, void (*fn)(int), int flags)
{
	struct sigaction action = { .sa_handler = fn, .sa_flags = flags };

	sigaction(number, &action, NULL);
}

/* SIGALRM in ms milliseconds. */
static void alarm_in(int ms)
{
	struct itimerval timer = { { 0, 0 }, { 0, ms * 1000 } };

	seen = 0;
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void dispositions(void)
{
	struct sigaction old;

	handle(SIGUSR1, note, SA_NODEFER);
	EQ(sigaction(SIGUSR1, NULL, &old), 0);
	OK(old.sa_handler == note);
	OK(old.sa_flags & SA_NODEFER);
	seen = 0;
	EQ(raise(SIGUSR1), 0);
	EQ(seen, SIGUSR1);
	OK(signal(SIGUSR1, SIG_IGN) == note);
	seen = 0;
	raise(SIGUSR1);
	EQ(seen, 0);
	OK(signal(SIGUSR1, SIG_DFL) == SIG_IGN);
	FAILS(sigaction(SIGKILL, &old, NULL), EINVAL);
	FAILS(sigaction(33, &old, NULL), EINVAL); /* the library's own */
}

static void *write_later(void *arg)
{
	struct timespec later = { 0, 200000000 };

	nanosleep(&later, NULL);
	write(*(int *)arg, "r", 1);
	return NULL;
}

/*
 * Without SA_RESTART a read ends with EINTR, with it it begins again. The handler
 * sees which in the registers, and so does the library's for cancellation.
 */
static volatile sig_atomic_t to_restart, interrupted;

static void look(int number, siginfo_t *info, void *context)
{
	const greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
	const uint8_t *pc = (uint8_t *)r[REG_RIP];
	const unsigned long entry = getauxval(AT_SYSINFO);
	const char *call = entry ? "\xff\xd1" : "\x0f\x05";

	(void)info;
	seen = number;
	if (!memcmp(pc, call, 2) && r[REG_RAX] == SYS_read)
		to_restart += !entry || (unsigned long)r[REG_RCX] == entry;
	if (!memcmp(pc - 2, call, 2) && r[REG_RAX] == -EINTR)
		interrupted++;
}

/*
 * Read a pipe that gets an octet later, from a thread without the signal. More
 * than one signal comes, should the first find us before the read.
 */
static ssize_t read_late(int ends[2])
{
	struct itimerval often = { { 0, 30000 }, { 0, 30000 } }, off = { 0 };
	sigset_t block;
	pthread_t t;
	ssize_t n;
	int error;
	char byte;

	sigemptyset(&block);
	sigaddset(&block, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &block, NULL);
	pthread_create(&t, NULL, write_later, &ends[1]);
	pthread_sigmask(SIG_UNBLOCK, &block, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	n = read(ends[0], &byte, 1);
	error = errno;
	setitimer(ITIMER_REAL, &off, NULL);
	pthread_join(t, NULL);
	errno = error;
	return n;
}

static void frames(void)
{
	struct sigaction action = { .sa_sigaction = look,
				    .sa_flags = SA_SIGINFO };
	int ends[2];

	if (!OK(!pipe(ends)))
		return;
	sigaction(SIGALRM, &action, NULL);
	FAILS(read_late(ends), EINTR);
	EQ(interrupted, 1);
	EQ(read(ends[0], (char[1]){ 0 }, 1), 1); /* the octet that came late */
	action.sa_flags |= SA_RESTART;
	sigaction(SIGALRM, &action, NULL);
	interrupted = to_restart = 0;
	EQ(read_late(ends), 1);
	OK(to_restart > 0);
	EQ(interrupted, 0);
	close(ends[0]);
	close(ends[1]);
}

static void interrupted_sleep(void)
{
	struct timespec nap = { 5, 0 }, left = { 0, 0 };

	handle(SIGALRM, note, SA_RESTART);
	alarm_in(30);
	FAILS(nanosleep(&nap, &left), EINTR);
	OK(left.tv_sec == 4);
	alarm_in(30);
	FAILS(pause(), EINTR);
	EQ(seen, SIGALRM);
}

/* A signal that is ignored does not end a sleep. */
static void *send_ignored(void *arg)
{
	struct timespec a_bit = { 0, 20000000 };

	(void)arg;
	nanosleep(&a_bit, NULL);
	kill(getpid(), SIGURG);
	return NULL;
}

static void unnoticed(void)
{
	struct timespec nap = { 0, 60000000 };
	pthread_t t;

	pthread_create(&t, NULL, send_ignored, NULL);
	EQ(nanosleep(&nap, NULL), 0);
	pthread_join(t, NULL);
}

static void masks(void)
{
	sigset_t set, old, pending;
	siginfo_t info;
	struct timespec none = { 0, 0 };
	int number = 0, fd;
	struct signalfd_siginfo read_info;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	handle(SIGUSR2, note, 0);
	EQ(sigprocmask(SIG_BLOCK, &set, &old), 0);
	OK(!sigismember(&old, SIGUSR2));
	seen = 0;
	kill(getpid(), SIGUSR2);
	EQ(sigpending(&pending), 0);
	OK(sigismember(&pending, SIGUSR2));
	EQ(seen, 0);
	FAILS(sigsuspend(&old), EINTR);
	EQ(seen, SIGUSR2);
	kill(getpid(), SIGUSR2);
	EQ(sigwait(&set, &number), 0);
	EQ(number, SIGUSR2);
	sigqueue(getpid(), SIGUSR2, (union sigval){ .sival_int = 77 });
	EQ(sigwaitinfo(&set, &info), SIGUSR2);
	EQ(info.si_value.sival_int, 77);
	FAILS(sigtimedwait(&set, &info, &none), EAGAIN);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	OK(fd >= 0);
	raise(SIGUSR2);
	EQ(read(fd, &read_info, sizeof(read_info)), sizeof(read_info));
	EQ(read_info.ssi_signo, SIGUSR2);
	close(fd);
	EQ(sigprocmask(SIG_SETMASK, &old, NULL), 0);
}

static char *stack_low;
static volatile sig_atomic_t on_stack;

static void where(int number)
{
	char here;

	seen = number;
	on_stack = &here >= stack_low && &here < stack_low + SIGSTKSZ;
}

static void alternate(void)
{
	stack_t ss = { .ss_size = SIGSTKSZ }, old;

	stack_low = malloc(SIGSTKSZ);
	ss.ss_sp = stack_low;
	EQ(sigaltstack(&ss, NULL), 0);
	handle(SIGUSR1, where, SA_ONSTACK);
	raise(SIGUSR1);
	EQ(on_stack, 1);
	handle(SIGUSR1, where, 0);
	raise(SIGUSR1);
	EQ(on_stack, 0);
	EQ(sigaltstack(NULL, &old), 0);
	OK(old.ss_sp == stack_low && !(old.ss_flags & SS_ONSTACK));
	ss.ss_flags = SS_DISABLE;
	EQ(sigaltstack(&ss, NULL), 0);
	free(stack_low);
}

static sigjmp_buf back;
static void *volatile fault_address;
static volatile sig_atomic_t fault_code;

static void jump(int number, siginfo_t *info, void *context)
{
	(void)context;
	fault_address = info->si_addr;
	fault_code = info->si_code;
	siglongjmp(back, number);
}

/* Faults become signals; leaving by a jump restores the mask, each time. */
static void faults(void)
{
	struct sigaction action = { .sa_sigaction = jump,
				    .sa_flags = SA_SIGINFO };
	char *page =
		mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile int zero = 0, got;
	volatile char *volatile nowhere = (char *)16;
	sigset_t now;

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGFPE, &action, NULL);
	sigaction(SIGILL, &action, NULL);
	for (int i = 0; i < 3; i++) {
		got = sigsetjmp(back, 1);
		if (!got)
			*(volatile char *)page = 1;
		EQ(got, SIGSEGV);
		OK(fault_address == page);
		EQ(fault_code, SEGV_ACCERR);
	}
	got = sigsetjmp(back, 1);
	if (!got)
		*nowhere = 1;
	EQ(got, SIGSEGV);
	OK(fault_address == (void *)16);
	EQ(fault_code, SEGV_MAPERR);
	got = sigsetjmp(back, 1);
	if (!got)
		zero = 100 / zero;
	EQ(got, SIGFPE);
	EQ(fault_code, FPE_INTDIV);
	got = sigsetjmp(back, 1);
	if (!got)
		__asm__ volatile("ud2");
	EQ(got, SIGILL);
	sigprocmask(SIG_BLOCK, NULL, &now);
	OK(!sigismember(&now, SIGSEGV) && !sigismember(&now, SIGILL));
	/* Without a mask in the buffer the signal stays blocked. */
	got = sigsetjmp(back, 0);
	if (!got)
		raise(SIGFPE);
	EQ(got, SIGFPE);
	sigprocmask(SIG_BLOCK, NULL, &now);
	OK(sigismember(&now, SIGFPE));
	sigemptyset(&now);
	sigprocmask(SIG_SETMASK, &now, NULL);
	signal(SIGSEGV, SIG_DFL);
	munmap(page, 4096);
}

/* Vector registers and flags survive a signal that comes at any instruction. */
static void disturb(int number)
{
	seen = number;
	__asm__ volatile("pxor %%xmm0, %%xmm0; pxor %%xmm7, %%xmm7;"
			 "pxor %%xmm15, %%xmm15"
			 :
			 :
			 : "xmm0", "xmm7", "xmm15");
}

static void registers(void)
{
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, off = { 0 };
	double sum = 0, again = 0;
	volatile long rounds = 2000000;

	handle(SIGALRM, disturb, SA_RESTART);
	for (long i = 1; i <= rounds; i++)
		sum += 1.0 / (double)i;
	seen = 0;
	setitimer(ITIMER_REAL, &often, NULL);
	for (long i = 1; i <= rounds || !seen; i++)
		if (i <= rounds)
			again += 1.0 / (double)i;
	setitimer(ITIMER_REAL, &off, NULL);
	OK(sum == again);
	EQ(seen, SIGALRM);
}

/* A handler may change where the program goes on. */
static void skip_instruction(int number, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)info;
	seen = number;
	uc->uc_mcontext.gregs[REG_RIP] += 2; /* ud2 */
	uc->uc_mcontext.gregs[REG_RAX] = 99;
}

static void contexts(void)
{
	struct sigaction action = { .sa_sigaction = skip_instruction,
				    .sa_flags = SA_SIGINFO };
	long value;

	sigaction(SIGILL, &action, NULL);
	__asm__ volatile("ud2" : "=a"(value) : "a"(1L) : "memory");
	EQ(value, 99);
	signal(SIGILL, SIG_DFL);
}

static void expire(union sigval value)
{
	*(volatile sig_atomic_t *)value.sival_ptr = 1;
}

static void timers(void)
{
	volatile sig_atomic_t expired = 0;
	struct itimerspec once = { { 0, 0 }, { 0, 20000000 } }, left;
	struct sigevent by_signal = { .sigev_notify = SIGEV_SIGNAL,
				      .sigev_signo = SIGRTMIN };
	struct sigevent by_thread = { .sigev_notify = SIGEV_THREAD,
				      .sigev_notify_function = expire };
	struct sigaction action = { .sa_sigaction = note_info,
				    .sa_flags = SA_SIGINFO };
	struct timespec nap = { 1, 0 };
	uint64_t ticks = 0;
	timer_t timer;
	int fd;

	by_signal.sigev_value.sival_int = 5;
	sigaction(SIGRTMIN, &action, NULL);
	EQ(timer_create(CLOCK_MONOTONIC, &by_signal, &timer), 0);
	EQ(timer_settime(timer, 0, &once, NULL), 0);
	EQ(timer_gettime(timer, &left), 0);
	OK(left.it_value.tv_nsec > 0);
	FAILS(nanosleep(&nap, NULL), EINTR);
	EQ(seen, SIGRTMIN);
	EQ(seen_value, 5);
	EQ(timer_delete(timer), 0);

	by_thread.sigev_value.sival_ptr = (void *)&expired;
	EQ(timer_create(CLOCK_MONOTONIC, &by_thread, &timer), 0);
	EQ(timer_settime(timer, 0, &once, NULL), 0);
	for (int i = 0; i < 200 && !expired; i++)
		usleep(10000);
	EQ(expired, 1);
	EQ(timer_delete(timer), 0);

	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	OK(fd >= 0);
	EQ(timerfd_settime(fd, 0, &once, NULL), 0);
	EQ(read(fd, &ticks, sizeof(ticks)), sizeof(ticks));
	EQ(ticks, 1);
	close(fd);
}

/* A signal for one thread runs on that thread. */
static pthread_t handled_by;

static void who(int number)
{
	seen = number;
	handled_by = pthread_self();
}

static void *wait_for_signal(void *arg)
{
	while (seen != SIGUSR2)
		*(volatile int *)arg = 1;
	return NULL;
}

static void directed(void)
{
	volatile int running = 0;
	pthread_t t;

	handle(SIGUSR2, who, 0);
	seen = 0;
	pthread_create(&t, NULL, wait_for_signal, (void *)&running);
	while (!running)
		sched_yield();
	EQ(pthread_kill(t, SIGUSR2), 0);
	pthread_join(t, NULL);
	OK(handled_by == t);
}

int main(void)
{
	dispositions();
	frames();
	interrupted_sleep();
	unnoticed();
	masks();
	alternate();
	faults();
	registers();
	contexts();
	timers();
	directed();
	return tap_done();
}
