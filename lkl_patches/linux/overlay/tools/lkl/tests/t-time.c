// SPDX-License-Identifier: GPL-2.0-only
/* Clocks and timers. Lower bounds only: nothing here measures speed. */
#define _GNU_SOURCE
#include "test.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>

#include <lkl.h>

#define MS 1000000LL

static int setup(void)
{
	return start_kernel(NULL);
}

static int setup_virtual(void)
{
	struct lkl_options options = default_options();

	if (host_mode)
		SKIP("the host has no virtual time");
	options.flags |= LKL_VIRTUAL_TIME;
	return start_kernel(&options);
}

static int sleep_lasts(void)
{
	struct timespec ts = { 0, 20 * MS };
	int64_t kernel_start = kernel_ns(), host_start = host_ns();

	CHECK_EQ(K(nanosleep, &ts, NULL), 0);
	CHECK(kernel_ns() - kernel_start >= 20 * MS);
	CHECK(host_ns() - host_start >= 20 * MS);
	ts.tv_nsec = 1000 * MS;
	CHECK_EQ(K(nanosleep, &ts, NULL), -EINVAL);
	return TEST_OK;
}

static int absolute_sleep(void)
{
	int64_t until = kernel_ns() + 15 * MS;
	struct timespec ts = { until / 1000000000, until % 1000000000 };

	CHECK_EQ(K(clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL),
		 0);
	CHECK(kernel_ns() >= until);
	/* In the past: at once. */
	ts.tv_sec = 0;
	CHECK_EQ(K(clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL),
		 0);
	return TEST_OK;
}

static int many_short_sleeps(void)
{
	struct timespec ts = { 0, 50000 };
	int i;

	for (i = 0; i < 500; i++) {
		int64_t start = kernel_ns();

		CHECK_EQ(K(nanosleep, &ts, NULL), 0);
		CHECK(kernel_ns() - start >= 50000);
	}
	return TEST_OK;
}

/* The clock never goes back and does not drift off the host's. */
static int monotonic(void)
{
	int64_t kernel_start = kernel_ns(), host_start = host_ns();
	int64_t last = kernel_start, kernel_span, host_span;
	int i;

	for (i = 0; i < 100000; i++) {
		int64_t now = kernel_ns();

		CHECK(now >= last);
		last = now;
	}
	kernel_sleep_ms(100);
	kernel_span = kernel_ns() - kernel_start;
	host_span = host_ns() - host_start;
	if (host_span > kernel_span + host_span / 50 ||
	    kernel_span > host_span + host_span / 50)
		FAIL("%lld ns in the kernel, %lld ns on the host",
		     (long long)kernel_span, (long long)host_span);
	return TEST_OK;
}

static int wall_clock(void)
{
	struct timespec lib, host;

	CHECK_EQ(K(clock_gettime, CLOCK_REALTIME, &lib), 0);
	clock_gettime(CLOCK_REALTIME, &host);
	if (lib.tv_sec < host.tv_sec - 5 || lib.tv_sec > host.tv_sec + 5)
		FAIL("%ld in the kernel, %ld on the host", lib.tv_sec,
		     host.tv_sec);
	return TEST_OK;
}

static int timerfd_once(void)
{
	struct itimerspec when = { .it_value.tv_nsec = 10 * MS };
	uint64_t count;
	long fd = K(timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK);

	CHECK_OK(fd);
	CHECK_EQ(K(read, fd, &count, 8), -EAGAIN);
	CHECK_EQ(K(timerfd_settime, fd, 0, &when, NULL), 0);
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	CHECK_EQ(K(poll, &pfd, 1, 10000), 1);
	CHECK_EQ(K(read, fd, &count, 8), 8);
	CHECK_EQ(count, 1);
	CHECK_EQ(K(close, fd), 0);
	return TEST_OK;
}

static int timerfd_interval(void)
{
	struct itimerspec when = { { 0, 2 * MS }, { 0, 2 * MS } };
	uint64_t count, total = 0;
	int64_t start = kernel_ns();
	long fd = K(timerfd_create, CLOCK_MONOTONIC, 0);

	CHECK_OK(fd);
	CHECK_EQ(K(timerfd_settime, fd, 0, &when, NULL), 0);
	while (total < 10) {
		CHECK_EQ(K(read, fd, &count, 8), 8);
		CHECK(count >= 1);
		total += count;
	}
	CHECK(kernel_ns() - start >= 20 * MS);
	CHECK_EQ(K(close, fd), 0);
	return TEST_OK;
}

static long block_signal(int signo)
{
	uint64_t set = 1ULL << (signo - 1);

	return K(rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
}

/* The signal that arrives within 10 s, or -errno. */
static long wait_signal(int signo, siginfo_t *info)
{
	uint64_t set = 1ULL << (signo - 1);
	struct timespec limit = { 10, 0 };

	return K(rt_sigtimedwait, &set, info, &limit, 8);
}

static int posix_timer_signal(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGUSR1 };
	struct itimerspec when = { .it_value.tv_nsec = 5 * MS };
	siginfo_t info = { 0 };
	int timer;

	event.sigev_value.sival_int = 1234;
	CHECK_EQ(block_signal(SIGUSR1), 0);
	CHECK_EQ(K(timer_create, CLOCK_MONOTONIC, &event, &timer), 0);
	CHECK_EQ(K(timer_settime, timer, 0, &when, NULL), 0);
	CHECK_EQ(wait_signal(SIGUSR1, &info), SIGUSR1);
	CHECK_EQ(info.si_value.sival_int, 1234);
	CHECK_EQ(info.si_code, SI_TIMER);
	CHECK_EQ(K(timer_delete, timer), 0);
	CHECK_EQ(K(timer_delete, timer), -EINVAL);
	return TEST_OK;
}

static int posix_timer_overrun(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGUSR1 };
	struct itimerspec when = { { 0, MS }, { 0, MS } };
	siginfo_t info = { 0 };
	int timer;

	CHECK_EQ(block_signal(SIGUSR1), 0);
	CHECK_EQ(K(timer_create, CLOCK_MONOTONIC, &event, &timer), 0);
	CHECK_EQ(K(timer_settime, timer, 0, &when, NULL), 0);
	kernel_sleep_ms(20);
	CHECK_EQ(wait_signal(SIGUSR1, &info), SIGUSR1);
	CHECK(K(timer_getoverrun, timer) >= 10);
	CHECK_EQ(K(timer_delete, timer), 0);
	return TEST_OK;
}

static int posix_timer_none(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_NONE };
	struct itimerspec when = { .it_value.tv_sec = 100 }, left;
	int timer;

	CHECK_EQ(K(timer_create, CLOCK_REALTIME, &event, &timer), 0);
	CHECK_EQ(K(timer_settime, timer, 0, &when, NULL), 0);
	kernel_sleep_ms(5);
	CHECK_EQ(K(timer_gettime, timer, &left), 0);
	CHECK(left.it_value.tv_sec > 90 && left.it_value.tv_sec < 100);
	CHECK_EQ(K(timer_delete, timer), 0);
	return TEST_OK;
}

static int interval_timer(void)
{
	struct itimerval when = { .it_value.tv_usec = 5000 };
	siginfo_t info = { 0 };

	CHECK_EQ(block_signal(SIGALRM), 0);
	CHECK_EQ(K(setitimer, ITIMER_REAL, &when, NULL), 0);
	CHECK_EQ(wait_signal(SIGALRM, &info), SIGALRM);
	return TEST_OK;
}

static int poll_times_out(void)
{
	int64_t start = kernel_ns();

	CHECK_EQ(K(poll, NULL, 0, 15), 0);
	CHECK(kernel_ns() - start >= 15 * MS);
	return TEST_OK;
}

static int cpu_clock(void)
{
	struct timespec before, after;

	CHECK_EQ(K(clock_gettime, CLOCK_THREAD_CPUTIME_ID, &before), 0);
	CHECK_EQ(K(clock_gettime, CLOCK_THREAD_CPUTIME_ID, &after), 0);
	CHECK(after.tv_sec > before.tv_sec || after.tv_nsec >= before.tv_nsec);
	CHECK_EQ(K(clock_getres, CLOCK_MONOTONIC, &after), 0);
	CHECK_EQ(after.tv_nsec, 1); /* high resolution timers */
	return TEST_OK;
}

static const struct test tests[] = {
	{ "sleep_lasts", sleep_lasts, TEST_HOST },
	{ "absolute_sleep", absolute_sleep, TEST_HOST },
	{ "many_short_sleeps", many_short_sleeps, TEST_HOST },
	{ "monotonic", monotonic, TEST_HOST },
	{ "wall_clock", wall_clock, TEST_HOST },
	{ "timerfd_once", timerfd_once, TEST_HOST },
	{ "timerfd_interval", timerfd_interval, TEST_HOST },
	{ "posix_timer_signal", posix_timer_signal, TEST_HOST },
	{ "posix_timer_overrun", posix_timer_overrun, TEST_HOST },
	{ "posix_timer_none", posix_timer_none, TEST_HOST },
	{ "interval_timer", interval_timer, TEST_HOST },
	{ "poll_times_out", poll_times_out, TEST_HOST },
	{ "cpu_clock", cpu_clock, TEST_HOST },
	{},
};

const struct test_group group_time = { "time", tests, setup };

/* An hour of the kernel's time, in no more than the test's time limit. */
static int hour_passes(void)
{
	int64_t start = kernel_ns();

	kernel_sleep_ms(3600 * 1000);
	CHECK(kernel_ns() - start >= 3600 * 1000 * MS);
	return TEST_OK;
}

static int timers_in_order(void)
{
	struct itimerspec late = { .it_value.tv_sec = 30 },
			  early = { .it_value.tv_sec = 10 };
	long a = K(timerfd_create, CLOCK_MONOTONIC, 0);
	long b = K(timerfd_create, CLOCK_MONOTONIC, 0);
	struct pollfd pfd[2] = { { a, POLLIN, 0 }, { b, POLLIN, 0 } };

	CHECK_EQ(K(timerfd_settime, a, 0, &late, NULL), 0);
	CHECK_EQ(K(timerfd_settime, b, 0, &early, NULL), 0);
	CHECK_EQ(K(poll, pfd, 2, -1), 1);
	CHECK_EQ(pfd[1].revents, POLLIN);
	CHECK_EQ(K(poll, pfd, 1, -1), 1);
	CHECK_EQ(pfd[0].revents, POLLIN);
	return TEST_OK;
}

static int wall_clock_follows(void)
{
	struct timespec before, after;

	CHECK_EQ(K(clock_gettime, CLOCK_REALTIME, &before), 0);
	kernel_sleep_ms(1000 * 1000);
	CHECK_EQ(K(clock_gettime, CLOCK_REALTIME, &after), 0);
	CHECK(after.tv_sec - before.tv_sec >= 1000);
	return TEST_OK;
}

static const struct test virtual_tests[] = {
	{ "hour_passes", hour_passes, 0 },
	{ "timers_in_order", timers_in_order, 0 },
	{ "wall_clock_follows", wall_clock_follows, 0 },
	{},
};

const struct test_group group_vtime = { "vtime", virtual_tests, setup_virtual };
