// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processor time: a program that computes, with nobody else on the machine, is
 * interrupted by its timers on that time (setitimer(2)), is stopped by its limit
 * (setrlimit(2), RLIMIT_CPU), and the time is counted as its own.
 */
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "tap.h"

static volatile sig_atomic_t arrived;

static void on_signal(int sig)
{
	arrived = sig;
}

/* Compute until a signal arrives; a watchdog ends what would not end. */
static void compute(void)
{
	arrived = 0;
	alarm(20);
	for (volatile unsigned long i = 0; !arrived; i++)
		;
	alarm(0);
}

static void timer(int which, int sig)
{
	struct itimerval once = { .it_value.tv_usec = 50000 };

	signal(sig, on_signal);
	OK(setitimer(which, &once, NULL) == 0);
	compute();
	OK(arrived == sig);
}

int main(void)
{
	struct rlimit limit = { .rlim_cur = 1, .rlim_max = RLIM_INFINITY };
	struct rusage usage;

	signal(SIGALRM, on_signal);
	timer(ITIMER_VIRTUAL, SIGVTALRM);
	timer(ITIMER_PROF, SIGPROF);
	OK(getrusage(RUSAGE_SELF, &usage) == 0);
	OK(usage.ru_utime.tv_sec || usage.ru_utime.tv_usec > 20000);
	signal(SIGXCPU, on_signal);
	OK(setrlimit(RLIMIT_CPU, &limit) == 0);
	compute();
	OK(arrived == SIGXCPU);
	return tap_done();
}
