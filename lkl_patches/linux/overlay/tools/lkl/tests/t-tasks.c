// SPDX-License-Identifier: GPL-2.0-only
/* Tasks made with lkl_clone: contexts that are only stacks. */
#define _GNU_SOURCE
#include "test.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <lkl.h>

static int setup(void)
{
	return start_kernel(NULL);
}

static int give_pid(void *arg)
{
	*(long *)arg = K(gettid);
	return 42;
}

static int runs_and_returns(void)
{
	struct task task;
	long tid = 0;

	CHECK_OK(task_start(&task, give_pid, &tid));
	CHECK_EQ(task_join(&task), 42);
	if (!host_mode)
		CHECK_EQ(tid, task.tid);
	CHECK(tid != K(gettid));
	return TEST_OK;
}

static int same_process(void *arg)
{
	*(long *)arg = K(getpid);
	return 0;
}

static int shares_process(void)
{
	struct task task;
	long pid = 0;

	CHECK_OK(task_start(&task, same_process, &pid));
	CHECK_EQ(task_join(&task), 0);
	CHECK_EQ(pid, K(getpid));
	return TEST_OK;
}

static int many(void)
{
	struct task tasks[50];
	long tids[50];
	int i, j;

	for (i = 0; i < 50; i++)
		CHECK_OK(task_start(&tasks[i], give_pid, &tids[i]));
	for (i = 0; i < 50; i++)
		CHECK_EQ(task_join(&tasks[i]), 42);
	for (i = 0; i < 50; i++)
		for (j = 0; j < i; j++)
			CHECK(tids[i] != tids[j]);
	return TEST_OK;
}

/* Tasks of tasks that have gone leave nothing: pids are few, memory is 64 MiB. */
static int many_in_turn(void)
{
	struct task task;
	long tid;
	int i;

	for (i = 0; i < 500; i++) {
		CHECK_OK(task_start(&task, give_pid, &tid));
		CHECK_EQ(task_join(&task), 42);
	}
	return TEST_OK;
}

struct ping {
	int in, out;
	int rounds;
};

static int echo(void *arg)
{
	struct ping *ping = arg;
	unsigned char byte;
	int i;

	for (i = 0; i < ping->rounds; i++) {
		if (K(read, ping->in, &byte, 1) != 1 ||
		    byte != (unsigned char)i)
			return 1;
		byte++;
		if (K(write, ping->out, &byte, 1) != 1)
			return 2;
	}
	return 0;
}

static int pipe_ping_pong(void)
{
	int there[2], back[2], i;
	struct ping ping;
	struct task task;

	CHECK_EQ(K(pipe2, there, 0), 0);
	CHECK_EQ(K(pipe2, back, 0), 0);
	ping = (struct ping){ there[0], back[1], 2000 };
	CHECK_OK(task_start(&task, echo, &ping));
	for (i = 0; i < ping.rounds; i++) {
		unsigned char byte = i;

		CHECK_EQ(K(write, there[1], &byte, 1), 1);
		CHECK_EQ(K(read, back[0], &byte, 1), 1);
		CHECK_EQ(byte, (unsigned char)(i + 1));
	}
	CHECK_EQ(task_join(&task), 0);
	for (i = 0; i < 2; i++) {
		K(close, there[i]);
		K(close, back[i]);
	}
	return TEST_OK;
}

struct baton {
	uint32_t turn;
	int rounds;
};

/* Waits until the baton shows this turn. */
static void take(struct baton *baton, uint32_t mine)
{
	uint32_t now;

	while ((now = __atomic_load_n(&baton->turn, __ATOMIC_ACQUIRE)) != mine)
		K(futex, &baton->turn, FUTEX_WAIT_PRIVATE, now, NULL, NULL, 0);
}

static void pass(struct baton *baton, uint32_t next)
{
	__atomic_store_n(&baton->turn, next, __ATOMIC_RELEASE);
	K(futex, &baton->turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static int baton_runner(void *arg)
{
	struct baton *baton = arg;
	int i;

	for (i = 0; i < baton->rounds; i++) {
		take(baton, 1);
		pass(baton, 0);
	}
	return 0;
}

static int futex_hand_over(void)
{
	struct baton baton = { 0, 1000 };
	struct task task;
	int i;

	CHECK_OK(task_start(&task, baton_runner, &baton));
	for (i = 0; i < baton.rounds; i++) {
		pass(&baton, 1);
		take(&baton, 0);
	}
	CHECK_EQ(task_join(&task), 0);
	return TEST_OK;
}

static int sleep_and_return(void *arg)
{
	kernel_sleep_ms((long)arg);
	return 0;
}

/* Sleeping tasks do not hold each other up: all sleep at the same time. */
static int sleep_together(void)
{
	struct task tasks[20];
	int64_t start = kernel_ns();
	int i;

	for (i = 0; i < 20; i++)
		CHECK_OK(task_start(&tasks[i], sleep_and_return, (void *)500L));
	for (i = 0; i < 20; i++)
		CHECK_EQ(task_join(&tasks[i]), 0);
	CHECK(kernel_ns() - start >= 500000000LL);
	/* One after the other would be 10 s. */
	CHECK(kernel_ns() - start < 9000000000LL);
	return TEST_OK;
}

static int yield_loop(void *arg)
{
	int *counter = arg, i;

	for (i = 0; i < 1000; i++) {
		++*counter;
		K(sched_yield);
	}
	return 0;
}

static int yielding(void)
{
	struct task a, b;
	int counter_a = 0, counter_b = 0;

	CHECK_OK(task_start(&a, yield_loop, &counter_a));
	CHECK_OK(task_start(&b, yield_loop, &counter_b));
	CHECK_EQ(task_join(&a), 0);
	CHECK_EQ(task_join(&b), 0);
	CHECK_EQ(counter_a + counter_b, 2000);
	return TEST_OK;
}

static int floats(void *arg)
{
	double x = (long)arg, sum = 0;
	int i;

	for (i = 1; i <= 1000; i++) {
		sum += x / i;
		K(sched_yield);
	}
	/* The harmonic number H(1000) is 7.48547... */
	return sum > 7.48 * x && sum < 7.49 * x ? 0 : 1;
}

/* Floating-point state is each task's own across switches. */
static int floating_point(void)
{
	struct task tasks[4];
	long i;

	for (i = 0; i < 4; i++)
		CHECK_OK(task_start(&tasks[i], floats, (void *)(i + 1)));
	for (i = 0; i < 4; i++)
		CHECK_EQ(task_join(&tasks[i]), 0);
	return TEST_OK;
}

static int deep(void *arg)
{
	volatile char frame[1024];
	long depth = (long)arg;

	memset((char *)frame, depth, sizeof(frame));
	if (depth && deep((void *)(depth - 1)))
		return 1;
	if (K(getppid) < 0)
		return 2;
	return frame[1023] == (char)depth ? 0 : 3;
}

static int own_stack(void)
{
	struct task task;

	CHECK_OK(task_start(&task, deep, (void *)60L));
	CHECK_EQ(task_join(&task), 0);
	return TEST_OK;
}

static int grandchild(void *arg)
{
	struct task inner;
	long tid = 0;

	(void)arg;
	if (task_start(&inner, give_pid, &tid) < 0)
		return 1;
	return task_join(&inner) == 42 && tid > 0 ? 0 : 2;
}

static int from_a_task(void)
{
	struct task task;

	CHECK_OK(task_start(&task, grandchild, NULL));
	CHECK_EQ(task_join(&task), 0);
	return TEST_OK;
}

static const struct test tests[] = {
	{ "runs_and_returns", runs_and_returns, TEST_HOST },
	{ "shares_process", shares_process, TEST_HOST },
	{ "many", many, TEST_HOST },
	{ "many_in_turn", many_in_turn, TEST_HOST },
	{ "pipe_ping_pong", pipe_ping_pong, TEST_HOST },
	{ "futex_hand_over", futex_hand_over, TEST_HOST },
	{ "sleep_together", sleep_together, TEST_HOST },
	{ "yielding", yielding, TEST_HOST },
	{ "floating_point", floating_point, TEST_HOST },
	{ "own_stack", own_stack, TEST_HOST },
	{ "from_a_task", from_a_task, TEST_HOST },
	{},
};

const struct test_group group_tasks = { "tasks", tests, setup };
