// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cancellation: of a thread that waits in a system call, is about to, has just
 * come out of one, or computes; and what its cleanup handlers see.
 */
#define _GNU_SOURCE
#include "tap.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static sem_t begun;
static int ends[2];
static atomic_int cleaned;

static void clean(void *arg)
{
	atomic_fetch_add(&cleaned, (int)(intptr_t)arg);
}

static void *read_forever(void *arg)
{
	char byte;

	(void)arg;
	pthread_cleanup_push(clean, (void *)1);
	pthread_cleanup_push(clean, (void *)10);
	sem_post(&begun);
	read(ends[0], &byte, 1);
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return NULL;
}

static void nap(long ms)
{
	struct timespec ts = { 0, ms * 1000000 };

	nanosleep(&ts, NULL);
}

static void end(pthread_t t)
{
	void *value = NULL;

	EQ(pthread_cancel(t), 0);
	EQ(pthread_join(t, &value), 0);
	OK(value == PTHREAD_CANCELED);
}

static void in_read(void)
{
	pthread_t t;

	cleaned = 0;
	pthread_create(&t, NULL, read_forever, NULL);
	sem_wait(&begun);
	nap(50); /* it waits in the kernel now */
	end(t);
	EQ(cleaned, 11);
}

/* At every moment around the begin of the call, the thread ends. */
static void near_the_call(void)
{
	int wrong = 0;

	for (int i = 0; i < 300; i++) {
		pthread_t t;
		void *value = NULL;

		pthread_create(&t, NULL, read_forever, NULL);
		sem_wait(&begun);
		for (volatile int spin = 0; spin < i * 20; spin++)
			;
		pthread_cancel(t);
		pthread_join(t, &value);
		wrong += value != PTHREAD_CANCELED;
	}
	EQ(wrong, 0);
}

/*
 * A call that has had its effect is not cancelled: whatever was read from the
 * socket is returned, so no octet is lost however often readers are cancelled.
 */
static atomic_int got;

static void *reader(void *arg)
{
	int fd = *(int *)arg;
	char byte;

	for (;;) {
		ssize_t n = read(fd, &byte, 1);
		int state;

		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
		if (n == 1)
			atomic_fetch_add(&got, 1);
		pthread_setcancelstate(state, NULL);
		if (n == 0)
			return NULL;
	}
}

static void nothing_lost(void)
{
	int pair[2], sent = 0;
	pthread_t t;

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	for (int i = 0; i < 300; i++) {
		pthread_create(&t, NULL, reader, &pair[0]);
		for (int k = 0; k < 5; k++)
			sent += (int)write(pair[1], "x", 1);
		pthread_cancel(t);
		pthread_join(t, NULL);
	}
	close(pair[1]);
	reader(&pair[0]);
	close(pair[0]);
	EQ(got, sent);
}

static void *disabled(void *arg)
{
	char byte = 0;
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	sem_post(&begun);
	read(ends[0], &byte, 1);
	*(char *)arg = byte;
	pthread_setcancelstate(state, NULL);
	pthread_testcancel();
	return NULL;
}

static void while_disabled(void)
{
	pthread_t t;
	char byte = 0;
	void *value = NULL;

	pthread_create(&t, NULL, disabled, &byte);
	sem_wait(&begun);
	nap(20);
	pthread_cancel(t);
	nap(20);
	EQ(write(ends[1], "k", 1), 1);
	EQ(pthread_join(t, &value), 0);
	EQ(byte, 'k');
	OK(value == PTHREAD_CANCELED);
}

static void *masked(void *arg)
{
	int state;
	long result;
	char byte;

	(void)arg;
	pthread_setcancelstate(PTHREAD_CANCEL_MASKED, &state);
	sem_post(&begun);
	result = read(ends[0], &byte, 1);
	return (void *)(intptr_t)(result == -1 ? errno : 0);
}

static void while_masked(void)
{
	pthread_t t;
	void *value = NULL;

	pthread_create(&t, NULL, masked, NULL);
	sem_wait(&begun);
	nap(20);
	pthread_cancel(t);
	EQ(pthread_join(t, &value), 0);
	EQ((intptr_t)value, ECANCELED);
}

static void *compute(void *arg)
{
	volatile unsigned long *n = arg;

	pthread_cleanup_push(clean, (void *)100);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	sem_post(&begun);
	for (;;)
		++*n;
	pthread_cleanup_pop(0);
	return NULL;
}

static void asynchronous(void)
{
	unsigned long n = 0;
	pthread_t t;

	cleaned = 0;
	pthread_create(&t, NULL, compute, &n);
	sem_wait(&begun);
	nap(20);
	end(t);
	EQ(cleaned, 100);
	OK(n > 0);
}

static void unlock(void *mutex)
{
	pthread_mutex_unlock(mutex);
}

static void *on_condition(void *arg)
{
	static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t c = PTHREAD_COND_INITIALIZER;

	(void)arg;
	pthread_mutex_lock(&m);
	pthread_cleanup_push(unlock, &m);
	sem_post(&begun);
	for (;;)
		pthread_cond_wait(&c, &m);
	pthread_cleanup_pop(1);
	return NULL;
}

static void *asleep(void *arg)
{
	struct timespec long_time = { 1000, 0 };

	sem_post(&begun);
	if (arg)
		pause();
	else
		nanosleep(&long_time, NULL);
	return NULL;
}

static void elsewhere(void)
{
	static void *(*const waits[])(void *) = { on_condition, on_condition,
						  asleep, asleep };
	pthread_t t;

	for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
		pthread_create(&t, NULL, waits[i], i & 1 ? &t : NULL);
		sem_wait(&begun);
		nap(10);
		end(t);
	}
}

/* With an ordinary handler in between, that restarts the call. */
static void ignore(int number)
{
	(void)number;
}

static void after_a_signal(void)
{
	struct sigaction action = { .sa_handler = ignore,
				    .sa_flags = SA_RESTART };
	pthread_t t;

	sigaction(SIGUSR1, &action, NULL);
	cleaned = 0;
	pthread_create(&t, NULL, read_forever, NULL);
	sem_wait(&begun);
	for (int i = 0; i < 5; i++) {
		nap(5);
		pthread_kill(t, SIGUSR1);
	}
	nap(5);
	end(t);
	EQ(cleaned, 11);
}

int main(void)
{
	sem_init(&begun, 0, 0);
	if (!OK(!pipe(ends)))
		return tap_done();
	in_read();
	near_the_call();
	nothing_lost();
	while_disabled();
	while_masked();
	asynchronous();
	elsewhere();
	after_a_signal();
	return tap_done();
}
