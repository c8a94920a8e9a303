// SPDX-License-Identifier: GPL-2.0-only
/* Many host threads in the kernel at once. */
#define _GNU_SOURCE
#include "test.h"
#include "transfer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#define THREADS 8

static int setup(void)
{
	return start_kernel(NULL);
}

struct worker {
	pthread_t thread;
	int number;
	int in, out; /* a ring of pipes */
	long tid;
	const char *wrong;
};

static int run_workers(struct worker *workers, int n, void *(*fn)(void *))
{
	int i;

	for (i = 0; i < n; i++) {
		workers[i].number = i;
		CHECK_EQ(pthread_create(&workers[i].thread, NULL, fn,
					&workers[i]),
			 0);
	}
	for (i = 0; i < n; i++)
		CHECK_EQ(pthread_join(workers[i].thread, NULL), 0);
	for (i = 0; i < n; i++)
		if (workers[i].wrong)
			FAIL("thread %d: %s", i, workers[i].wrong);
	return TEST_OK;
}

static void *ask_identity(void *arg)
{
	struct worker *worker = arg;
	int i;

	worker->tid = K(gettid);
	for (i = 0; i < 1000; i++)
		if (K(gettid) != worker->tid)
			worker->wrong = "gettid changed";
	if (!host_mode && K(getpid) != 1)
		worker->wrong = "not a thread of pid 1";
	return NULL;
}

static int identities(void)
{
	struct worker workers[THREADS] = { 0 };
	int i, j;

	TRY(run_workers(workers, THREADS, ask_identity));
	for (i = 0; i < THREADS; i++)
		for (j = 0; j < i; j++)
			CHECK(workers[i].tid != workers[j].tid || host_mode);
	return TEST_OK;
}

/* Own pipe, own file, short sleeps, polls that time out: mixed, all at once. */
static const char *mixed_round(int ep, const int *ends, long file, int round)
{
	struct timespec nap = { 0, 20000 };
	struct epoll_event event;
	int value = round, back = 0;

	if (K(getppid) < 0)
		return "getppid";
	if (K(write, ends[1], &value, sizeof(value)) != sizeof(value))
		return "pipe write";
	if (K(read, ends[0], &back, sizeof(back)) != sizeof(back) ||
	    back != round)
		return "pipe read";
	if (K(pwrite64, file, &value, sizeof(value), round * 4L) !=
	    sizeof(value))
		return "file write";
	if (K(pread64, file, &back, sizeof(back), round * 4L) != sizeof(back) ||
	    back != round)
		return "file read";
	if (round % 16 == 0 && K(nanosleep, &nap, NULL))
		return "nanosleep";
	if (round % 64 == 0 && K(epoll_wait, ep, &event, 1, 1))
		return "epoll_wait";
	return NULL;
}

static void *mixed(void *arg)
{
	struct worker *worker = arg;
	int ends[2], i;
	long ep = K(epoll_create1, 0);
	long file = K(openat, AT_FDCWD, at("mixed%d", worker->number),
		      O_RDWR | O_CREAT, 0600);

	if (K(pipe2, ends, 0) || ep < 0 || file < 0)
		worker->wrong = "set-up";
	for (i = 0; i < 2000 && !worker->wrong; i++)
		worker->wrong = mixed_round(ep, ends, file, i);
	K(close, ends[0]);
	K(close, ends[1]);
	K(close, file);
	K(close, ep);
	return NULL;
}

static int mixed_calls(void)
{
	struct worker workers[THREADS] = { 0 };

	return run_workers(workers, THREADS, mixed);
}

static void *pass_on(void *arg)
{
	struct worker *worker = arg;
	int i, token;

	for (i = 0; i < 500; i++) {
		if (K(read, worker->in, &token, sizeof(token)) !=
		    sizeof(token)) {
			worker->wrong = "ring read";
			return NULL;
		}
		token++;
		if (K(write, worker->out, &token, sizeof(token)) !=
		    sizeof(token)) {
			worker->wrong = "ring write";
			return NULL;
		}
	}
	return NULL;
}

/* A token runs 500 times round a ring of blocking threads. */
static int ring(void)
{
	struct worker workers[THREADS] = { 0 };
	int pipes[THREADS][2], i, token = 0;

	for (i = 0; i < THREADS; i++)
		CHECK_EQ(K(pipe2, pipes[i], 0), 0);
	for (i = 0; i < THREADS; i++) {
		workers[i].in = pipes[i][0];
		workers[i].out = pipes[(i + 1) % THREADS][1];
	}
	CHECK_EQ(K(write, pipes[0][1], &token, sizeof(token)), sizeof(token));
	TRY(run_workers(workers, THREADS, pass_on));
	CHECK_EQ(K(read, pipes[0][0], &token, sizeof(token)), sizeof(token));
	CHECK_EQ(token, THREADS * 500);
	for (i = 0; i < THREADS; i++) {
		K(close, pipes[i][0]);
		K(close, pipes[i][1]);
	}
	return TEST_OK;
}

/* Threads as the kernel under test counts them. */
static int kernel_threads_of_self(void)
{
	char text[4096], *line;

	if (read_file(at("proc/self/status"), text, sizeof(text)) <= 0)
		return -1;
	line = strstr(text, "\nThreads:");
	return line ? atoi(line + 9) : -1;
}

static void *one_call(void *arg)
{
	struct worker *worker = arg;

	worker->tid = K(gettid);
	if (worker->tid <= 0)
		worker->wrong = "gettid";
	return NULL;
}

/* A host thread that ends takes its kernel thread with it; new ones attach. */
static int exit_and_attach(void)
{
	int before = kernel_threads_of_self(), i, tries;

	CHECK(before > 0);
	for (i = 0; i < 100; i++) {
		struct worker workers[2] = { 0 };

		TRY(run_workers(workers, 2, one_call));
	}
	for (tries = 0; tries < 500 && kernel_threads_of_self() > before;
	     tries++)
		kernel_sleep_ms(10);
	CHECK_EQ(kernel_threads_of_self(), before);
	return TEST_OK;
}

static void *block_in_read(void *arg)
{
	struct worker *worker = arg;
	char byte;

	if (K(read, worker->in, &byte, 1) != 0)
		worker->wrong = "expected end of file";
	return NULL;
}

/* Threads that wait do not stop the one that works; the close releases them. */
static int waiters_do_not_block(void)
{
	struct worker workers[THREADS] = { 0 };
	int ends[2], i;

	CHECK_EQ(K(pipe2, ends, 0), 0);
	for (i = 0; i < THREADS; i++) {
		workers[i].in = ends[0];
		CHECK_EQ(pthread_create(&workers[i].thread, NULL, block_in_read,
					&workers[i]),
			 0);
	}
	for (i = 0; i < 100000; i++)
		CHECK_OK(K(getppid));
	CHECK_EQ(K(close, ends[1]), 0);
	for (i = 0; i < THREADS; i++) {
		CHECK_EQ(pthread_join(workers[i].thread, NULL), 0);
		if (workers[i].wrong)
			FAIL("thread %d: %s", i, workers[i].wrong);
	}
	CHECK_EQ(K(close, ends[0]), 0);
	return TEST_OK;
}

static int task_counts(void *arg)
{
	int *counter = arg, i;

	for (i = 0; i < 200; i++) {
		++*counter;
		kernel_sleep_ms(0);
		K(sched_yield);
	}
	return 0;
}

static void *tasks_and_mixed(void *arg)
{
	struct worker *worker = arg;
	struct task task;
	int counter = 0;

	if (task_start(&task, task_counts, &counter) < 0) {
		worker->wrong = "task_start";
		return NULL;
	}
	mixed(arg);
	if (task_join(&task) || counter != 200)
		worker->wrong = "the task did not finish";
	return NULL;
}

/* Each host thread brings a task of its own. */
static int threads_with_tasks(void)
{
	struct worker workers[4] = { 0 };

	return run_workers(workers, 4, tasks_and_mixed);
}

/* Host threads in the kernel and host threads outside do not disturb each other. */
static void *burn(void *arg)
{
	volatile unsigned long *sum = arg;
	unsigned long i;

	for (i = 0; i < 50000000; i++)
		*sum += i;
	return NULL;
}

static int busy_host_threads(void)
{
	struct worker workers[2] = { 0 };
	unsigned long sum = 0;
	pthread_t thread;

	CHECK_EQ(pthread_create(&thread, NULL, burn, &sum), 0);
	TRY(run_workers(workers, 2, mixed));
	CHECK_EQ(pthread_join(thread, NULL), 0);
	return TEST_OK;
}

static const struct test tests[] = {
	{ "identities", identities, TEST_HOST },
	{ "mixed_calls", mixed_calls, TEST_HOST },
	{ "ring", ring, TEST_HOST },
	{ "exit_and_attach", exit_and_attach, TEST_HOST },
	{ "waiters_do_not_block", waiters_do_not_block, TEST_HOST },
	{ "threads_with_tasks", threads_with_tasks, TEST_HOST },
	{ "busy_host_threads", busy_host_threads, TEST_HOST },
	{},
};

const struct test_group group_threads = { "threads", tests, setup };
