// SPDX-License-Identifier: GPL-2.0-only
/* Pipes, polling, event descriptors, futexes between host threads. */
#define _GNU_SOURCE
#include "test.h"
#include "transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>

static int setup(void)
{
	return start_kernel(NULL);
}

static int pipe_basic(void)
{
	char buf[16] = "";
	int ends[2];

	CHECK_EQ(K(pipe2, ends, O_NONBLOCK | O_CLOEXEC), 0);
	CHECK_EQ(K(read, ends[0], buf, 1), -EAGAIN);
	CHECK_EQ(K(write, ends[1], "hello", 5), 5);
	CHECK_EQ(K(read, ends[0], buf, sizeof(buf)), 5);
	CHECK_STR(buf, "hello");
	CHECK_EQ(K(close, ends[1]), 0);
	CHECK_EQ(K(read, ends[0], buf, 1), 0);
	CHECK_EQ(K(close, ends[0]), 0);
	return TEST_OK;
}

static int pipe_full(void)
{
	static char page[4096];
	int ends[2];
	long n, total = 0;

	CHECK_EQ(K(pipe2, ends, O_NONBLOCK), 0);
	while ((n = K(write, ends[1], page, sizeof(page))) > 0)
		total += n;
	CHECK_EQ(n, -EAGAIN);
	CHECK_EQ(total, K(fcntl, ends[1], F_GETPIPE_SZ));
	CHECK_EQ(K(close, ends[0]), 0);
	CHECK_EQ(K(close, ends[1]), 0);
	return TEST_OK;
}

/* Writing without a reader: the signal is blocked here, the error remains. */
static int pipe_broken(void)
{
	uint64_t set = 1ULL << (SIGPIPE - 1);
	struct timespec now = { 0 };
	int ends[2];

	CHECK_EQ(K(rt_sigprocmask, SIG_BLOCK, &set, NULL, 8), 0);
	CHECK_EQ(K(pipe2, ends, 0), 0);
	CHECK_EQ(K(close, ends[0]), 0);
	CHECK_EQ(K(write, ends[1], "x", 1), -EPIPE);
	CHECK_EQ(K(rt_sigtimedwait, &set, NULL, &now, 8), SIGPIPE);
	CHECK_EQ(K(close, ends[1]), 0);
	return TEST_OK;
}

struct stream {
	int fd;
	size_t len;
	long result;
};

static void *write_stream(void *arg)
{
	struct stream *stream = arg;

	stream->result = send_pattern(kernel, stream->fd, stream->len);
	return NULL;
}

/* A megabyte through a 64 KiB pipe: both ends block, on two host threads. */
static int pipe_between_threads(void)
{
	struct stream stream = { .len = 1 << 20 };
	pthread_t thread;
	int ends[2];

	CHECK_EQ(K(pipe2, ends, 0), 0);
	stream.fd = ends[1];
	CHECK_EQ(pthread_create(&thread, NULL, write_stream, &stream), 0);
	CHECK_EQ(receive_pattern(kernel, ends[0], stream.len), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(stream.result, 0);
	CHECK_EQ(K(close, ends[0]), 0);
	CHECK_EQ(K(close, ends[1]), 0);
	return TEST_OK;
}

static int splice_and_tee(void)
{
	int a[2], b[2];
	char buf[8] = "";

	CHECK_EQ(K(pipe2, a, 0), 0);
	CHECK_EQ(K(pipe2, b, 0), 0);
	CHECK_EQ(K(write, a[1], "abc", 3), 3);
	CHECK_EQ(K(tee, a[0], b[1], 3, 0), 3);
	CHECK_EQ(K(read, b[0], buf, 8), 3);
	CHECK_STR(buf, "abc");
	CHECK_EQ(K(splice, a[0], NULL, b[1], NULL, 3, 0), 3);
	CHECK_EQ(K(read, b[0], buf, 8), 3);
	CHECK_STR(buf, "abc");
	K(close, a[0]);
	K(close, a[1]);
	K(close, b[0]);
	K(close, b[1]);
	return TEST_OK;
}

static int event_counter(void)
{
	uint64_t value = 3;
	long fd = K(eventfd2, 0, EFD_NONBLOCK);

	CHECK_OK(fd);
	CHECK_EQ(K(read, fd, &value, 8), -EAGAIN);
	CHECK_EQ(K(write, fd, &value, 8), 8);
	CHECK_EQ(K(write, fd, &value, 8), 8);
	CHECK_EQ(K(read, fd, &value, 8), 8);
	CHECK_EQ(value, 6);
	CHECK_EQ(K(close, fd), 0);
	fd = K(eventfd2, 2, EFD_SEMAPHORE);
	CHECK_OK(fd);
	CHECK_EQ(K(read, fd, &value, 8), 8);
	CHECK_EQ(value, 1);
	CHECK_EQ(K(close, fd), 0);
	return TEST_OK;
}

static int epoll_levels(void)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 77 }, out;
	uint64_t one = 1;
	long ep = K(epoll_create1, EPOLL_CLOEXEC);
	long fd = K(eventfd2, 0, 0);

	CHECK_OK(ep);
	CHECK_OK(fd);
	CHECK_EQ(K(epoll_ctl, ep, EPOLL_CTL_ADD, fd, &event), 0);
	CHECK_EQ(K(epoll_ctl, ep, EPOLL_CTL_ADD, fd, &event), -EEXIST);
	CHECK_EQ(K(epoll_pwait, ep, &out, 1, 0, NULL, 8), 0);
	CHECK_EQ(K(write, fd, &one, 8), 8);
	CHECK_EQ(K(epoll_pwait, ep, &out, 1, 1000, NULL, 8), 1);
	CHECK_EQ(out.data.u64, 77);
	CHECK_EQ(K(epoll_pwait, ep, &out, 1, 0, NULL, 8), 1); /* still ready */
	event.events = EPOLLIN | EPOLLET;
	CHECK_EQ(K(epoll_ctl, ep, EPOLL_CTL_MOD, fd, &event), 0);
	CHECK_EQ(K(epoll_pwait, ep, &out, 1, 0, NULL, 8), 1);
	CHECK_EQ(K(epoll_pwait, ep, &out, 1, 0, NULL, 8), 0); /* edge: once */
	CHECK_EQ(K(epoll_ctl, ep, EPOLL_CTL_DEL, fd, NULL), 0);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(close, ep), 0);
	return TEST_OK;
}

static void *write_later(void *arg)
{
	uint64_t one = 1;

	kernel_sleep_ms(10);
	K(write, *(int *)arg, &one, 8);
	return NULL;
}

static int epoll_across_threads(void)
{
	struct epoll_event event = { .events = EPOLLIN }, out;
	long ep = K(epoll_create1, 0);
	int fd = K(eventfd2, 0, 0);
	pthread_t thread;

	CHECK_OK(ep);
	CHECK_OK(fd);
	CHECK_EQ(K(epoll_ctl, ep, EPOLL_CTL_ADD, fd, &event), 0);
	CHECK_EQ(pthread_create(&thread, NULL, write_later, &fd), 0);
	CHECK_EQ(K(epoll_wait, ep, &out, 1, 20000), 1);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(close, ep), 0);
	return TEST_OK;
}

static int signal_descriptor(void)
{
	uint64_t set = 1ULL << (SIGUSR2 - 1);
	struct signalfd_siginfo info;
	long fd;

	CHECK_EQ(K(rt_sigprocmask, SIG_BLOCK, &set, NULL, 8), 0);
	fd = K(signalfd4, -1, &set, 8, SFD_NONBLOCK);
	CHECK_OK(fd);
	CHECK_EQ(K(read, fd, &info, sizeof(info)), -EAGAIN);
	CHECK_EQ(K(tgkill, K(getpid), K(gettid), SIGUSR2), 0);
	CHECK_EQ(K(read, fd, &info, sizeof(info)), sizeof(info));
	CHECK_EQ(info.ssi_signo, SIGUSR2);
	CHECK_EQ(K(close, fd), 0);
	return TEST_OK;
}

static int futex_refuses(void)
{
	uint32_t word = 5;
	struct timespec limit = { 0, 5000000 };

	CHECK_EQ(K(futex, &word, FUTEX_WAIT_PRIVATE, 4, NULL, NULL, 0),
		 -EAGAIN);
	CHECK_EQ(K(futex, &word, FUTEX_WAIT_PRIVATE, 5, &limit, NULL, 0),
		 -ETIMEDOUT);
	CHECK_EQ(K(futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0);
	CHECK_EQ(K(futex, (char *)&word + 1, FUTEX_WAKE_PRIVATE, 1, NULL, NULL,
		   0),
		 -EINVAL);
	return TEST_OK;
}

struct waiter {
	pthread_t thread;
	uint32_t *word;
	long result;
};

static void *wait_on_word(void *arg)
{
	struct waiter *waiter = arg;
	struct timespec limit = { 20, 0 };

	waiter->result =
		K(futex, waiter->word, FUTEX_WAIT_PRIVATE, 0, &limit, NULL, 0);
	return NULL;
}

static int start_waiters(struct waiter *waiters, int n, uint32_t *word)
{
	int i;

	for (i = 0; i < n; i++) {
		waiters[i] = (struct waiter){ .word = word };
		CHECK_EQ(pthread_create(&waiters[i].thread, NULL, wait_on_word,
					&waiters[i]),
			 0);
	}
	return TEST_OK;
}

/* Wakes until n have been woken: the waiters may not all wait yet. */
static int wake_all(uint32_t *word, int op, int n)
{
	int woken = 0, tries;

	for (tries = 0; woken < n && tries < 2000; tries++) {
		long ret = K(futex, word, op, 1, NULL, NULL, 0);

		CHECK_OK(ret);
		woken += ret;
		if (!ret)
			kernel_sleep_ms(1);
	}
	CHECK_EQ(woken, n);
	return TEST_OK;
}

static int futex_across_threads(void)
{
	struct waiter waiters[5];
	uint32_t word = 0;
	int i;

	TRY(start_waiters(waiters, 5, &word));
	TRY(wake_all(&word, FUTEX_WAKE_PRIVATE, 5));
	for (i = 0; i < 5; i++) {
		CHECK_EQ(pthread_join(waiters[i].thread, NULL), 0);
		CHECK_EQ(waiters[i].result, 0);
	}
	return TEST_OK;
}

static int futex_requeue(void)
{
	struct waiter waiters[3];
	uint32_t first = 0, second = 0;
	long moved = 0;
	int i, tries;

	TRY(start_waiters(waiters, 3, &first));
	for (tries = 0; moved < 3 && tries < 2000; tries++) {
		long ret = K(futex, &first, FUTEX_CMP_REQUEUE_PRIVATE, 0, 3L,
			     &second, 0);

		CHECK_OK(ret);
		moved += ret;
		kernel_sleep_ms(1);
	}
	CHECK_EQ(moved, 3);
	TRY(wake_all(&second, FUTEX_WAKE_PRIVATE, 3));
	for (i = 0; i < 3; i++) {
		CHECK_EQ(pthread_join(waiters[i].thread, NULL), 0);
		CHECK_EQ(waiters[i].result, 0);
	}
	return TEST_OK;
}

struct lock {
	uint32_t word; /* 0 free, 1 taken, 2 taken with waiters */
	long counter;
};

static void lock_take(struct lock *lock)
{
	uint32_t free = 0;

	if (__atomic_compare_exchange_n(&lock->word, &free, 1, false,
					__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(&lock->word, 2, __ATOMIC_ACQUIRE))
		K(futex, &lock->word, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
}

static void lock_drop(struct lock *lock)
{
	if (__atomic_exchange_n(&lock->word, 0, __ATOMIC_RELEASE) == 2)
		K(futex, &lock->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *count_locked(void *arg)
{
	struct lock *lock = arg;
	int i;

	for (i = 0; i < 5000; i++) {
		lock_take(lock);
		lock->counter++;
		lock_drop(lock);
	}
	return NULL;
}

/* The classic three-state mutex, contended by four host threads. */
static int futex_mutex(void)
{
	struct lock lock = { 0 };
	pthread_t threads[4];
	int i;

	for (i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, count_locked, &lock),
			 0);
	for (i = 0; i < 4; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
	CHECK_EQ(lock.counter, 20000);
	return TEST_OK;
}

static int select_and_poll(void)
{
	struct timeval limit = { 0, 1000 };
	unsigned long set[16] = { 0 };
	struct pollfd pfd[2];
	int ends[2];

	CHECK_EQ(K(pipe2, ends, 0), 0);
	set[ends[0] / 64] = 1UL << (ends[0] % 64);
	CHECK_EQ(K(select, ends[0] + 1, set, NULL, NULL, &limit), 0);
	pfd[0] = (struct pollfd){ .fd = ends[0], .events = POLLIN };
	pfd[1] = (struct pollfd){ .fd = ends[1], .events = POLLOUT };
	CHECK_EQ(K(poll, pfd, 2, 1000), 1);
	CHECK_EQ(pfd[1].revents, POLLOUT);
	CHECK_EQ(K(write, ends[1], "x", 1), 1);
	CHECK_EQ(K(poll, pfd, 2, 1000), 2);
	pfd[0].fd = 1000;
	CHECK_EQ(K(poll, pfd, 1, 1000), 1);
	CHECK_EQ(pfd[0].revents, POLLNVAL);
	K(close, ends[0]);
	K(close, ends[1]);
	return TEST_OK;
}

static const struct test tests[] = {
	{ "pipe_basic", pipe_basic, TEST_HOST },
	{ "pipe_full", pipe_full, TEST_HOST },
	{ "pipe_broken", pipe_broken, TEST_HOST },
	{ "pipe_between_threads", pipe_between_threads, TEST_HOST },
	{ "splice_and_tee", splice_and_tee, TEST_HOST },
	{ "event_counter", event_counter, TEST_HOST },
	{ "epoll_levels", epoll_levels, TEST_HOST },
	{ "epoll_across_threads", epoll_across_threads, TEST_HOST },
	{ "signal_descriptor", signal_descriptor, TEST_HOST },
	{ "futex_refuses", futex_refuses, TEST_HOST },
	{ "futex_across_threads", futex_across_threads, TEST_HOST },
	{ "futex_requeue", futex_requeue, TEST_HOST },
	{ "futex_mutex", futex_mutex, TEST_HOST },
	{ "select_and_poll", select_and_poll, TEST_HOST },
	{},
};

const struct test_group group_ipc = { "ipc", tests, setup };
