// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host operations that need no more than a system call or two.
 */
#include <cpuid.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "host.h"
#include "host_call.h"

/* In virtual time a look at the clock moves it, so that loops on it end. */
#define VIRTUAL_STEP_NS 100

static unsigned long long virtual_now;

static void console(const char *text, unsigned int len)
{
	if (host_options.console)
		host_options.console(host_options.console_arg, text, len);
	while (host_options.console_fd >= 0 && len) {
		ssize_t n = write(host_options.console_fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break; /* a full pipe loses text, the kernel goes on */
		text += n;
		len -= n;
	}
}

static void __attribute__((noreturn)) panicked(const char *message)
{
	static const char head[] = "lkl: kernel panic: ";

	if (write(STDERR_FILENO, head, sizeof(head) - 1) < 0 ||
	    write(STDERR_FILENO, message, strlen(message)) < 0 ||
	    write(STDERR_FILENO, "\n", 1) < 0)
		_exit(LKL_EXIT_PANIC);
	_exit(LKL_EXIT_PANIC);
}

static unsigned long long read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static unsigned long long real_clock(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

static unsigned long long virtual_clock(void)
{
	return virtual_now += VIRTUAL_STEP_NS;
}

static unsigned long long wallclock(void)
{
	return read_clock(CLOCK_REALTIME);
}

static void fill_random(void *buf, unsigned long len)
{
	unsigned char *p = buf;

	while (len) {
		ssize_t n = getrandom(p, len, 0);

		if (n < 0 && errno != EINTR)
			abort();
		if (n > 0) {
			p += n;
			len -= n;
		}
	}
}

static long call(long nr, long a, long b, long c, long d, long e, long f)
{
	return host_call(nr, a, b, c, d, e, f);
}

bool host_clock_is_virtual(void)
{
	return host_options.flags & LKL_VIRTUAL_TIME;
}

void host_clock_jump(unsigned long long to)
{
	if (to > virtual_now)
		virtual_now = to;
}

/* AMD64 manual 3, CPUID 8000_0007h, EDX bit 8: the rate never changes. */
static bool counter_is_constant(void)
{
	unsigned int a, b, c, d;

	return !host_clock_is_virtual() &&
	       __get_cpuid(0x80000007, &a, &b, &c, &d) && d & 1 << 8;
}

void host_ops_init(void)
{
	host_ops.constant_counter = counter_is_constant();
	host_ops.console = console;
	host_ops.panic = panicked;
	host_ops.clock = host_clock_is_virtual() ? virtual_clock : real_clock;
	host_ops.wallclock = wallclock;
	host_ops.random = fill_random;
	host_ops.call = call;
}
