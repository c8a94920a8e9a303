// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals inside the kernel: a program in library mode has no handlers there,
 * it blocks signals and waits for them. And the host's signals around it.
 */
#define _GNU_SOURCE
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>

#include <lkl.h>

static int setup(void)
{
	return start_kernel(NULL);
}

static uint64_t bit(int signo)
{
	return 1ULL << (signo - 1);
}

static long block(int signo)
{
	uint64_t set = bit(signo);

	return K(rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
}

static int still_well(void)
{
	struct timespec ts = { 0, 1000000 };
	int ends[2];
	char byte;

	CHECK_EQ(K(getpid), 1);
	CHECK_EQ(K(nanosleep, &ts, NULL), 0);
	CHECK_EQ(K(pipe2, ends, 0), 0);
	CHECK_EQ(K(write, ends[1], "x", 1), 1);
	CHECK_EQ(K(read, ends[0], &byte, 1), 1);
	CHECK_EQ(K(close, ends[0]), 0);
	CHECK_EQ(K(close, ends[1]), 0);
	return TEST_OK;
}

/* Process 1 is not killed by what it has no handler for. */
static int process_one_survives(void)
{
	static const int signals[] = { SIGTERM, SIGKILL, SIGHUP, SIGSTOP,
				       SIGSTKFLT };
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		CHECK_EQ(K(kill, 1, signals[i]), 0);
		TRY(still_well());
	}
	CHECK_EQ(K(tgkill, 1, K(gettid), SIGTERM), 0);
	return still_well();
}

static int sent_to_process(void)
{
	uint64_t set = bit(SIGUSR1), pending = 0;
	struct timespec limit = { 10, 0 };
	siginfo_t info = { 0 };

	CHECK_EQ(block(SIGUSR1), 0);
	CHECK_EQ(K(kill, K(getpid), SIGUSR1), 0);
	CHECK_EQ(K(rt_sigpending, &pending, 8), 0);
	CHECK(pending & set);
	CHECK_EQ(K(rt_sigtimedwait, &set, &info, &limit, 8), SIGUSR1);
	CHECK_EQ(info.si_pid, K(getpid));
	return TEST_OK;
}

static int queued_values(void)
{
	uint64_t set = bit(SIGRTMIN + 1);
	struct timespec limit = { 10, 0 };
	siginfo_t info;
	int i;

	CHECK_EQ(block(SIGRTMIN + 1), 0);
	for (i = 0; i < 5; i++) {
		memset(&info, 0, sizeof(info));
		info.si_code = SI_QUEUE;
		info.si_value.sival_int = i;
		CHECK_EQ(K(rt_sigqueueinfo, K(getpid), SIGRTMIN + 1, &info), 0);
	}
	for (i = 0; i < 5; i++) {
		CHECK_EQ(K(rt_sigtimedwait, &set, &info, &limit, 8),
			 SIGRTMIN + 1);
		CHECK_EQ(info.si_value.sival_int, i);
	}
	return TEST_OK;
}

static void *send_later(void *arg)
{
	kernel_sleep_ms(10);
	K(tgkill, K(getpid), *(long *)arg, SIGUSR2);
	return NULL;
}

/* One host thread waits in a signalfd, another sends. */
static int across_threads(void)
{
	struct signalfd_siginfo info;
	uint64_t set = bit(SIGUSR2);
	long tid = K(gettid), fd;
	pthread_t thread;

	CHECK_EQ(block(SIGUSR2), 0);
	fd = K(signalfd4, -1, &set, 8, 0);
	CHECK_OK(fd);
	CHECK_EQ(pthread_create(&thread, NULL, send_later, &tid), 0);
	CHECK_EQ(K(read, fd, &info, sizeof(info)), sizeof(info));
	CHECK_EQ(info.ssi_signo, SIGUSR2);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(K(close, fd), 0);
	return TEST_OK;
}

static void on_signal(int signo)
{
	(void)signo;
}

struct reader {
	int fd;
	long result;
	uint32_t done;
};

static void *read_byte(void *arg)
{
	struct reader *reader = arg;
	char byte;

	reader->result = K(read, reader->fd, &byte, 1);
	__atomic_store_n(&reader->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* A signal of the host that is handled interrupts a call that waits. */
static int host_signal_interrupts(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct reader reader = { 0 };
	pthread_t thread;
	int ends[2], tries;

	CHECK_EQ(sigaction(SIGWINCH, &action, NULL), 0);
	CHECK_EQ(K(pipe2, ends, 0), 0);
	reader.fd = ends[0];
	CHECK_EQ(pthread_create(&thread, NULL, read_byte, &reader), 0);
	for (tries = 0; tries < 1000; tries++) {
		if (__atomic_load_n(&reader.done, __ATOMIC_ACQUIRE))
			break;
		pthread_kill(thread, SIGWINCH);
		kernel_sleep_ms(5);
	}
	CHECK_EQ(K(write, ends[1], "x", 1), 1); /* in case it did not work */
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(reader.result, -EINTR);
	CHECK_EQ(K(close, ends[0]), 0);
	CHECK_EQ(K(close, ends[1]), 0);
	return TEST_OK;
}

static const struct test tests[] = {
	{ "sent_to_process", sent_to_process, TEST_HOST },
	{ "queued_values", queued_values, TEST_HOST },
	{ "across_threads", across_threads, TEST_HOST },
	{ "host_signal_interrupts", host_signal_interrupts, TEST_HOST },
	{ "process_one_survives", process_one_survives, 0 },
	{},
};

const struct test_group group_signal = { "signal", tests, setup };
