// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting: one poll over the devices and the descriptors that the kernel
 * watches, until the next timer.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "process.h"

#define MAX_FDS (1 + MAX_DEVICES + LKL_MAX_WATCHES)

static int kick_fd = -1;
static volatile int sleeping;

struct set {
	int count;
	struct pollfd fd[MAX_FDS];
	struct lkl_watch *watch[MAX_FDS];
	unsigned int bits[MAX_FDS];
};

static void add(struct set *set, int fd, short events, unsigned int bits,
		struct lkl_watch *watch)
{
	int i = set->count++;

	set->fd[i] = (struct pollfd){ .fd = fd, .events = events };
	set->bits[i] = bits;
	set->watch[i] = watch;
}

static void fill(struct set *set)
{
	set->count = 0;
	for (int i = 0; i < host_device_count; i++) {
		struct host_device *dev = host_devices[i];

		if (dev->armed)
			add(set, dev->fd, POLLIN, 1u << dev->dev.irq, NULL);
	}
	for (int i = 0; i < LKL_MAX_WATCHES; i++) {
		struct lkl_watch *w = &lkl_vcpu.watch[i];

		if (w->wanted)
			add(set, w->fd, w->wanted, 1u << LKL_IRQ_WATCH, w);
	}
}

static unsigned int collect(struct set *set)
{
	unsigned int bits = 0;

	for (int i = 0; i < set->count; i++) {
		if (!set->fd[i].revents)
			continue;
		bits |= set->bits[i];
		if (set->watch[i]) {
			set->watch[i]->ready = set->fd[i].revents;
			set->watch[i]->wanted = 0;
		}
	}
	return bits;
}

static void raise_interrupts(unsigned int bits)
{
	if (bits)
		__atomic_fetch_or(&lkl_vcpu.pending, bits, __ATOMIC_RELEASE);
}

void idle_init(void)
{
	kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (kick_fd < 0)
		die("eventfd: %s", strerror(errno));
}

/* In a signal handler: whoever is about to sleep must not. */
void idle_kick(void)
{
	unsigned long long one = 1;

	if (sleeping)
		host_call3(SYS_write, kick_fd, &one, sizeof(one));
}

/* Time to sleep, or false: there is none. */
static bool timeout(struct timespec *ts)
{
	unsigned long long next = lkl_vcpu.next_event, now;

	now = host_ops.clock();
	if (next <= now)
		return false;
	next -= now;
	ts->tv_sec = next / 1000000000;
	ts->tv_nsec = next % 1000000000;
	return true;
}

void idle_sleep(void)
{
	struct timespec ts, *wait = NULL;
	unsigned long long count;
	unsigned int bits = 0;
	struct set set;
	bool kicked;
	long n;

	if (lkl_vcpu.next_event != ~0ULL) {
		if (!timeout(&ts)) {
			raise_interrupts(1u << LKL_IRQ_TIMER);
			return;
		}
		wait = &ts;
	}
	fill(&set);
	add(&set, kick_fd, POLLIN, 0, NULL);
	sleeping = 1;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&lkl_vcpu.pending, __ATOMIC_RELAXED)) {
		sleeping = 0;
		return;
	}
	n = host_call5(SYS_ppoll, set.fd, set.count, wait, NULL, 8);
	sleeping = 0;
	kicked = n > 0 && set.fd[set.count - 1].revents;
	if (kicked)
		host_call3(SYS_read, kick_fd, &count, sizeof(count));
	if (n > 0)
		bits = collect(&set);
	if (!n)
		bits = 1u << LKL_IRQ_TIMER;
	raise_interrupts(bits);
}

/*
 * In a signal handler: look without waiting, while programs have so much to do
 * that nobody sleeps.
 */
void idle_look(void)
{
	struct timespec none = { 0 };
	struct set set;

	if (sleeping)
		return;
	fill(&set);
	if (set.count &&
	    host_call5(SYS_ppoll, set.fd, set.count, &none, NULL, 8) > 0)
		raise_interrupts(collect(&set));
}
