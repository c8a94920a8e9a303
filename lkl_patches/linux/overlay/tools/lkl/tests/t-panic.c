// SPDX-License-Identifier: GPL-2.0-only
/* A kernel that dies says so and ends the process with its own exit code. */
#define _GNU_SOURCE
#include "test.h"

#include <pthread.h>
#include <string.h>

#include <lkl.h>

static int crash(void)
{
	TRY(start_kernel(NULL));
	CHECK_EQ(write_file(at("proc/sysrq-trigger"), "c"), 0);
	FAIL("the kernel survived sysrq c");
}

static int exit_code(void)
{
	return child_exits(crash, LKL_EXIT_PANIC);
}

static int message(void)
{
	char text[65536];

	TRY(child_exits(crash, LKL_EXIT_PANIC));
	console_text(text, sizeof(text));
	if (!strstr(text, "Kernel panic"))
		FAIL("no panic message on the console");
	return TEST_OK;
}

static void *wait_for_ever(void *arg)
{
	char byte;

	K(read, *(int *)arg, &byte, 1);
	return NULL;
}

static int crash_with_sleepers_body(void)
{
	pthread_t thread;
	int ends[2], i;

	TRY(start_kernel(NULL));
	CHECK_EQ(K(pipe2, ends, 0), 0);
	for (i = 0; i < 3; i++)
		CHECK_EQ(pthread_create(&thread, NULL, wait_for_ever, &ends[0]),
			 0);
	kernel_sleep_ms(20);
	CHECK_EQ(write_file(at("proc/sysrq-trigger"), "c"), 0);
	FAIL("the kernel survived sysrq c");
}

/* Nothing hangs, whatever the other host threads do. */
static int with_sleepers(void)
{
	return child_exits(crash_with_sleepers_body, LKL_EXIT_PANIC);
}

static void *crash_in_thread(void *arg)
{
	(void)arg;
	write_file(at("proc/sysrq-trigger"), "c");
	return NULL;
}

static int crash_thread_body(void)
{
	pthread_t thread;

	TRY(start_kernel(NULL));
	CHECK_EQ(pthread_create(&thread, NULL, crash_in_thread, NULL), 0);
	pthread_join(thread, NULL);
	FAIL("the kernel survived sysrq c");
}

static int from_thread(void)
{
	return child_exits(crash_thread_body, LKL_EXIT_PANIC);
}

static int root_missing_body(void)
{
	struct lkl_options options = default_options();

	options.cmdline = "panic_on_oops=1 root=/dev/none rootfstype=ext4";
	/* Either the library ignores root= (it has no init), or it panics. */
	if (lkl_start(&options) == 0)
		CHECK_EQ(lkl_halt(), 0);
	return TEST_OK;
}

/* A boot that cannot succeed must not hang. */
static int root_missing(void)
{
	int status;

	return run_child(root_missing_body, &status);
}

static const struct test tests[] = {
	{ "exit_code", exit_code, 0 },
	{ "message", message, 0 },
	{ "with_sleepers", with_sleepers, 0 },
	{ "from_thread", from_thread, 0 },
	{ "root_missing", root_missing, 0 },
	{},
};

const struct test_group group_panic = { "panic", tests, NULL };
