// SPDX-License-Identifier: GPL-2.0-only
/* Clocks: from the vDSO where it answers itself, through the entry otherwise. */
#define _GNU_SOURCE
#include "tap.h"

#include <sched.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long long ns(const struct timespec *t)
{
	return t->tv_sec * 1000000000LL + t->tv_nsec;
}

/* The library's answer lies between two of the kernel's own. */
static void agrees(clockid_t clock, const char *name)
{
	struct timespec before, now, after;
	long long coarse = 20000000; /* the coarse clocks step with the tick */

	if (syscall(SYS_clock_gettime, clock, &before)) {
		tap_ok(false, "%s: the kernel has it", name);
		return;
	}
	EQ(clock_gettime(clock, &now), 0);
	EQ(syscall(SYS_clock_gettime, clock, &after), 0);
	tap_ok(ns(&now) >= ns(&before) - coarse &&
		       ns(&now) <= ns(&after) + coarse,
	       "%s: library and kernel agree (%lld %lld %lld)", name,
	       ns(&before), ns(&now), ns(&after));
}

static void monotonic(void)
{
	struct timespec now, last = { 0, 0 };
	int back = 0;

	for (int i = 0; i < 100000; i++) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		back += ns(&now) < ns(&last);
		last = now;
	}
	EQ(back, 0);
}

static void cpu_time(void)
{
	struct timespec start, now;
	unsigned long spins = 0;

	EQ(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start), 0);
	do {
		spins++;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	} while (ns(&now) - ns(&start) < 20000000);
	OK(spins > 1);
	EQ(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now), 0);
}

static void sleeping(void)
{
	struct timespec start, end, nap = { 0, 20000000 };

	clock_gettime(CLOCK_MONOTONIC, &start);
	EQ(nanosleep(&nap, NULL), 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	OK(ns(&end) - ns(&start) >= 20000000);
	end.tv_nsec += 20000000;
	if (end.tv_nsec >= 1000000000) {
		end.tv_nsec -= 1000000000;
		end.tv_sec++;
	}
	/* A time that the library read and the kernel waits for. */
	EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL), 0);
	clock_gettime(CLOCK_MONOTONIC, &start);
	OK(ns(&start) >= ns(&end) && ns(&start) - ns(&end) < 2000000000);
}

static void others(void)
{
	struct timeval tv;
	struct timespec ts;
	time_t t = time(NULL);

	EQ(gettimeofday(&tv, NULL), 0);
	OK(tv.tv_sec - t <= 1);
	EQ(timespec_get(&ts, TIME_UTC), TIME_UTC);
	OK(ts.tv_sec - t <= 1);
	EQ(clock_getres(CLOCK_MONOTONIC, &ts), 0);
	FAILS(clock_gettime(9999, &ts), EINVAL);
	FAILS(clock_gettime(-1, &ts), EINVAL);
	OK(sched_getcpu() >= 0);
	OK(clock() != (clock_t)-1);
}

int main(void)
{
	agrees(CLOCK_REALTIME, "CLOCK_REALTIME");
	agrees(CLOCK_MONOTONIC, "CLOCK_MONOTONIC");
	agrees(CLOCK_REALTIME_COARSE, "CLOCK_REALTIME_COARSE");
	agrees(CLOCK_MONOTONIC_COARSE, "CLOCK_MONOTONIC_COARSE");
	agrees(CLOCK_MONOTONIC_RAW, "CLOCK_MONOTONIC_RAW");
	agrees(CLOCK_BOOTTIME, "CLOCK_BOOTTIME");
	agrees(CLOCK_TAI, "CLOCK_TAI");
	agrees(CLOCK_PROCESS_CPUTIME_ID, "CLOCK_PROCESS_CPUTIME_ID");
	agrees(CLOCK_THREAD_CPUTIME_ID, "CLOCK_THREAD_CPUTIME_ID");
	monotonic();
	cpu_time();
	sleeping();
	others();
	return tap_done();
}
