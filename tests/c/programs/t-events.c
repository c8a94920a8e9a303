// SPDX-License-Identifier: GPL-2.0-only
/*
 * t-events: what a program waits for and is told: signals and their order,
 * timers, futexes, poll and its kin, terminals; and what /proc says of it.
 */
#define _GNU_SOURCE
#include "tap.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 4096UL
#define MS 1000000L

static int order[64], orders;
static int values[64];

static void note(int sig, siginfo_t *info, void *context)
{
	(void)context;
	values[orders] = info->si_value.sival_int;
	order[orders++] = sig;
}

static void handle(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_sigaction = fn,
				.sa_flags = SA_SIGINFO | flags };

	sigaction(sig, &sa, NULL);
}

static void queueing(void)
{
	union sigval v;
	sigset_t all, old;

	for (int i = 0; i < 4; i++)
		handle(SIGRTMIN + i, note, 0);
	handle(SIGUSR1, note, 0);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	orders = 0;
	for (int i = 0; i < 5; i++) {
		v.sival_int = i;
		OK(!sigqueue(getpid(), SIGRTMIN + 2, v));
	}
	v.sival_int = 9;
	sigqueue(getpid(), SIGRTMIN, v);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1); /* the second one is lost */
	sigprocmask(SIG_SETMASK, &old, NULL);
	/* Handlers are entered lowest last, so the lowest number runs first. */
	EQ(orders, 7);
	int rt = 0;
	for (int i = 0; i < orders; i++)
		if (order[i] == SIGRTMIN + 2)
			EQ(values[i], rt++);
	EQ(rt, 5);
}

static volatile int depth, deepest, entered;

static void nest(int sig, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (++entered < 20)
		raise(sig);
	depth--;
}

static void nesting(void)
{
	handle(SIGUSR2, nest, SA_NODEFER);
	raise(SIGUSR2);
	EQ(deepest, 20);
	EQ(depth, 0);
	deepest = entered = 0;
	handle(SIGUSR2, nest, 0); /* blocked while it is handled */
	raise(SIGUSR2);
	EQ(deepest, 1);
	handle(SIGUSR2, note, SA_RESETHAND);
	raise(SIGUSR2);
	struct sigaction sa;
	sigaction(SIGUSR2, NULL, &sa);
	OK(sa.sa_handler == SIG_DFL);
	handle(SIGUSR2, note, 0);
}

static sigjmp_buf back;
static siginfo_t fault;

static void jump(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	fault = *info;
	siglongjmp(back, 1);
}

static __attribute__((noinline)) int deep(int n)
{
	volatile char frame[1024];

	frame[0] = n;
	return (n < 0 ? 0 : deep(n + 1)) + frame[0];
}

static volatile long low = 16;

static void codes(void)
{
	static char alternate[64 << 10];
	stack_t ss = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
	volatile int step;

	OK(!sigaltstack(&ss, NULL));
	for (int sig = SIGILL; sig <= SIGSEGV; sig++)
		if (sig != SIGKILL && sig != SIGABRT)
			handle(sig, jump, SA_ONSTACK);
	for (step = 0; step < 8; step++) {
		if (sigsetjmp(back, 1))
			goto next;
		switch (step) {
		case 0:
			deep(0);
			break;
		case 1:
			*(volatile int *)low = 0;
			break;
		case 2:
			__asm__ volatile("xorl %%ecx, %%ecx\n"
					 "xorl %%edx, %%edx\n"
					 "divl %%ecx" ::
						 : "eax", "ecx", "edx");
			break;
		case 3:
			__asm__ volatile("ud2");
			break;
		case 4:
			__asm__ volatile("int3");
			break;
		case 5:
			*(volatile char *)(long)codes = 0;
			break;
		case 6:
			*(volatile int *)(1UL << 63) = 0;
			break;
		case 7:
			((void (*)(void))PAGE)();
			break;
		}
		tap_ok(false, "step %d goes on", step);
next:;
		static const struct {
			int sig, code;
			long addr;
		} want[] = {
			{ SIGSEGV, 0, -1 },
			{ SIGSEGV, SEGV_MAPERR, 16 },
			{ SIGFPE, FPE_INTDIV, -1 },
			{ SIGILL, ILL_ILLOPN, -1 },
			{ SIGTRAP, SI_KERNEL, 0 },
			{ SIGSEGV, SEGV_ACCERR, (long)codes },
			{ SIGSEGV, SI_KERNEL, 0 },
			{ SIGSEGV, SEGV_MAPERR, PAGE },
		};
		EQ(fault.si_signo, want[step].sig);
		if (step)
			EQ(fault.si_code, want[step].code);
		if (want[step].addr != -1)
			EQ(fault.si_addr, want[step].addr);
	}
	handle(SIGTRAP, note, 0);
}

static void *send_later(void *arg)
{
	usleep(20000);
	pthread_kill(*(pthread_t *)arg, SIGUSR1);
	usleep(20000);
	pthread_kill(*(pthread_t *)arg, SIGUSR1);
	return NULL;
}

static void *write_later(void *arg)
{
	usleep(80000);
	(void)!write(*(int *)arg, "x", 1);
	return NULL;
}

static pthread_t start(void *(*fn)(void *), void *arg)
{
	pthread_t t;

	if (pthread_create(&t, NULL, fn, arg))
		tap_ok(false, "a thread");
	return t;
}

static long futex(volatile uint32_t *word, int op, uint32_t value,
		  const struct timespec *ts, void *word2, uint32_t value3)
{
	return syscall(SYS_futex, word, op, value, ts, word2, value3);
}

/* With SA_RESTART a call goes on after the handler, without it ends. */
static void restarting(void)
{
	struct timespec ts = { 0, 60 * MS }, left;
	pthread_t self = pthread_self(), t, w;
	uint32_t word = 0;
	int fd[2];
	char c;

	OK(!pipe(fd));
	handle(SIGUSR1, note, SA_RESTART);
	t = start(send_later, &self);
	w = start(write_later, &fd[1]);
	EQ(read(fd[0], &c, 1), 1);
	pthread_join(t, NULL);
	pthread_join(w, NULL);

	t = start(send_later, &self);
	FAILS(futex(&word, FUTEX_WAIT, 0, &ts, NULL, 0), EINTR); /* a timeout */
	pthread_join(t, NULL);

	handle(SIGUSR1, note, 0);
	t = start(send_later, &self);
	FAILS(read(fd[0], &c, 1), EINTR);
	FAILS(futex(&word, FUTEX_WAIT, 0, &ts, NULL, 0), EINTR);
	pthread_join(t, NULL);

	t = start(send_later, &self);
	ts.tv_sec = 5;
	FAILS(nanosleep(&ts, &left), EINTR);
	OK(left.tv_sec < 6 && left.tv_sec >= 1);
	FAILS(poll(NULL, 0, 5000), EINTR);
	pthread_join(t, NULL);
	close(fd[0]);
	close(fd[1]);
}

static volatile uint32_t gate, second, woken;

static void *wait_at_gate(void *arg)
{
	(void)arg;
	while (futex(&gate, FUTEX_WAIT, 0, NULL, NULL, 0) && errno == EINTR)
		;
	__atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void futexes(void)
{
	struct timespec ts = { 0, MS };
	pthread_t t[6];
	long n;

	for (int i = 0; i < 6; i++)
		t[i] = start(wait_at_gate, NULL);
	usleep(50000);
	FAILS(futex(&gate, FUTEX_CMP_REQUEUE, 1, (void *)10L, (void *)&second,
		    7),
	      EAGAIN);
	n = futex(&gate, FUTEX_CMP_REQUEUE, 1, (void *)10L, (void *)&second, 0);
	EQ(n, 6);
	EQ(futex(&gate, FUTEX_WAKE, 100, NULL, NULL, 0), 0);
	EQ(futex(&second, FUTEX_WAKE, 2, NULL, NULL, 0), 2);
	EQ(futex(&second, FUTEX_WAKE, 100, NULL, NULL, 0), 3);
	for (int i = 0; i < 6; i++)
		pthread_join(t[i], NULL);
	EQ(woken, 6);
	FAILS(futex(&gate, FUTEX_WAIT, 1, NULL, NULL, 0), EAGAIN);
	FAILS(futex(&gate, FUTEX_WAIT, 0, &ts, NULL, 0), ETIMEDOUT);
	FAILS(futex((uint32_t *)1, FUTEX_WAIT, 0, &ts, NULL, 0), EINVAL);
	FAILS(futex((uint32_t *)4096, FUTEX_WAIT, 0, &ts, NULL, 0), EFAULT);
	FAILS(futex(&gate, FUTEX_WAKE_OP, 1, NULL, (void *)4096, 0), EFAULT);
	FAILS(futex(&gate, 99, 0, NULL, NULL, 0), ENOSYS);
	gate = 5;
	EQ(futex(&second, FUTEX_WAKE_OP, 1, NULL, (void *)&gate,
		 FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 5)),
	   0);
	EQ(gate, 8);
	/* A lock with inheritance: either it is there or it is refused. */
	gate = 0;
	errno = 0;
	n = futex(&gate, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
	OK(n == 0 ? gate == (uint32_t)gettid() : errno == ENOSYS);
	gate = 0;
}

static void timers(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
			       .sigev_signo = SIGRTMIN + 1,
			       .sigev_value.sival_int = 4711 };
	struct itimerspec once = { .it_value = { 0, 5 * MS } }, often, now;
	struct itimerval tv = { .it_value = { 0, 5000 } };
	sigset_t set;
	siginfo_t info;
	uint64_t count;
	timer_t t;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	OK(!timer_create(CLOCK_MONOTONIC, &ev, &t));
	OK(!timer_settime(t, 0, &once, NULL));
	EQ(sigwaitinfo(&set, &info), SIGRTMIN + 1);
	EQ(info.si_code, SI_TIMER);
	EQ(info.si_value.sival_int, 4711);
	OK(!timer_delete(t));
	OK(!setitimer(ITIMER_REAL, &tv, NULL));
	EQ(sigwaitinfo(&set, &info), SIGALRM);

	fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	often = (struct itimerspec){ { 0, 2 * MS }, { 0, 2 * MS } };
	OK(!timerfd_settime(fd, 0, &often, NULL));
	FAILS(read(fd, &count, sizeof(count)), EAGAIN);
	usleep(15000);
	EQ(read(fd, &count, sizeof(count)), sizeof(count));
	OK(count >= 5);
	OK(!timerfd_gettime(fd, &now));
	EQ(now.it_interval.tv_nsec, 2 * MS);
	close(fd);

	/* Of the time that a process computes. */
	handle(SIGPROF, note, 0);
	tv.it_value.tv_usec = 20000;
	orders = 0;
	setitimer(ITIMER_PROF, &tv, NULL);
	for (volatile long i = 0; !*(volatile int *)&orders; i++)
		;
	EQ(order[0], SIGPROF);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void polling(void)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = 7 }, got[4];
	struct timeval tv = { 0, 2000 };
	struct pollfd p[3];
	int fd[2], ep = epoll_create1(0), efd = eventfd(0, EFD_NONBLOCK), sfd;
	pthread_t t;
	sigset_t set;
	fd_set fds;
	uint64_t one = 1;
	struct signalfd_siginfo si;

	OK(!pipe(fd));
	OK(!epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &ev));
	FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &ev), EEXIST);
	FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &ev), EINVAL);
	EQ(epoll_wait(ep, got, 4, 2), 0);
	t = start(write_later, &fd[1]);
	EQ(epoll_wait(ep, got, 4, 5000), 1);
	EQ(got[0].data.u32, 7);
	EQ(got[0].events, EPOLLIN);
	pthread_join(t, NULL);
	p[0] = (struct pollfd){ .fd = fd[0], .events = POLLIN };
	p[1] = (struct pollfd){ .fd = fd[1], .events = POLLOUT };
	p[2] = (struct pollfd){ .fd = 999, .events = POLLIN };
	EQ(poll(p, 3, 0), 3);
	EQ(p[2].revents, POLLNVAL);
	FD_ZERO(&fds);
	FD_SET(efd, &fds);
	EQ(select(efd + 1, &fds, NULL, NULL, &tv), 0);
	EQ(write(efd, &one, sizeof(one)), sizeof(one));
	FD_SET(efd, &fds);
	tv.tv_sec = 5;
	EQ(select(efd + 1, &fds, NULL, NULL, &tv), 1);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sfd = signalfd(-1, &set, SFD_NONBLOCK);
	FAILS(read(sfd, &si, sizeof(si)), EAGAIN);
	raise(SIGUSR1);
	p[0] = (struct pollfd){ .fd = sfd, .events = POLLIN };
	EQ(poll(p, 1, 1000), 1);
	EQ(read(sfd, &si, sizeof(si)), sizeof(si));
	EQ(si.ssi_signo, SIGUSR1);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	for (int i = 0; i < 2; i++)
		close(fd[i]);
	close(ep);
	close(efd);
	close(sfd);
}

static void terminals(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	struct termios t;
	char text[64] = "";
	ssize_t n;

	OK(master >= 0);
	OK(!grantpt(master) && !unlockpt(master));
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	OK(slave >= 0);
	EQ(write(master, "hallo\b\b\bello\n", 13), 13);
	tcgetattr(slave, &t);
	OK(t.c_lflag & ICANON);
	n = read(slave, text, sizeof(text));
	OK(n > 5 && text[n - 1] == '\n');
	EQ(write(slave, "out\n", 4), 4);
	n = read(master, text, sizeof(text));
	OK(n > 0);
	cfmakeraw(&t);
	OK(!tcsetattr(slave, TCSANOW, &t));
	EQ(write(master, "\x03", 1), 1);
	EQ(read(slave, text, sizeof(text)), 1);
	close(slave);
	n = 0;
	while (n >= 0)
		n = read(master, text, sizeof(text));
	EQ(errno, EIO);
	close(master);
}

static size_t slurp(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	size_t len = 0;
	ssize_t n;

	while (fd >= 0 && len < size - 1 &&
	       (n = read(fd, text + len, size - 1 - len)) > 0)
		len += n;
	close(fd);
	text[len] = 0;
	return len;
}

/* What others read of our memory: good, protected, and nobody's. */
static void seen_from_outside(void)
{
	char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static char text[65536], copy[3 * PAGE];
	struct iovec to = { copy, 2 * PAGE }, from = { p, 2 * PAGE };
	int fd = open("/proc/self/mem", O_RDWR), pfd[2];
	ssize_t n;

	OK(slurp("/proc/self/cmdline", text, sizeof(text)) > 3);
	OK(strstr(text, "t-events"));
	OK(slurp("/proc/self/auxv", text, sizeof(text)) > 100);
	OK(slurp("/proc/self/stat", text, sizeof(text)) > 50);
	OK(slurp("/proc/self/status", text, sizeof(text)) > 50);
	OK(slurp("/proc/self/statm", text, sizeof(text)) > 5);
	OK(slurp("/proc/self/maps", text, sizeof(text)) > 100);
	OK(strstr(text, "[stack]"));
	slurp("/proc/self/environ", text, sizeof(text));
	slurp("/proc/self/wchan", text, sizeof(text));
	OK(slurp("/proc/self/limits", text, sizeof(text)) > 100);
	OK(slurp("/proc/self/mountinfo", text, sizeof(text)) > 100);
	EQ(readlink("/proc/self/exe", text, 100) > 0, 1);

	strcpy(p, "mine");
	mprotect(p + PAGE, PAGE, PROT_NONE);
	munmap(p + 2 * PAGE, PAGE);
	EQ(pread(fd, copy, 5, (off_t)p), 5);
	OK(!strcmp(copy, "mine"));
	EQ(pwrite(fd, "MINE", 4, (off_t)p), 4);
	OK(!strcmp(p, "MINE"));
	n = pread(fd, copy, 5, (off_t)p + PAGE);
	OK(n == 5 || n == -1); /* ptrace(2) may look behind a protection */
	FAILS(pread(fd, copy, 5, (off_t)p + 2 * PAGE), EIO);
	n = pread(fd, copy, 2 * PAGE, (off_t)p);
	OK(n >= (ssize_t)PAGE);
	FAILS(pread(fd, copy, 5, 0x7e1000000000), EIO);
	FAILS(pwrite(fd, copy, 5, 0x7e0000000000), EIO);
	close(fd);

	n = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
	OK(n == (ssize_t)PAGE ||
	   (n == -1 && (errno == ENOSYS || errno == EFAULT)));
	from.iov_base = (void *)0x7e1000000000;
	n = process_vm_writev(getpid(), &to, 1, &from, 1, 0);
	OK(n == -1);
	/* Pages that are given away, and those that cannot be. */
	OK(!pipe2(pfd, O_NONBLOCK));
	from = (struct iovec){ p, 100 };
	n = vmsplice(pfd[1], &from, 1, 0);
	OK(n == 100 || (n == -1 && (errno == EFAULT || errno == ENOSYS)));
	if (n == 100) {
		EQ(read(pfd[0], copy, 100), 100);
		OK(!memcmp(copy, "MINE", 4));
	}
	from = (struct iovec){ p + PAGE, 100 };
	n = vmsplice(pfd[1], &from, 1, 0);
	OK(n == -1 && errno == EFAULT);
	close(pfd[0]);
	close(pfd[1]);
}

int main(void)
{
	queueing();
	nesting();
	codes();
	restarting();
	futexes();
	timers();
	polling();
	terminals();
	seen_from_outside();
	return tap_done();
}
