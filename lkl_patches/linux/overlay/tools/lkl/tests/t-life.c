// SPDX-License-Identifier: GPL-2.0-only
/* Start, halt and exit; misuse of each. Every test is a process of its own. */
#define _GNU_SOURCE
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lkl.h>

static int start(void)
{
	struct lkl_options options = default_options();

	CHECK_EQ(lkl_start(&options), 0);
	return TEST_OK;
}

static int call_before_start_body(void)
{
	CHECK_EQ(K(getpid), -ESHUTDOWN);
	CHECK(lkl_halt() < 0);
	CHECK(lkl_clone(NULL, NULL, NULL) < 0);
	return TEST_OK;
}

static int call_before_start(void)
{
	return child_exits(call_before_start_body, 0);
}

static int second_start_body(void)
{
	struct lkl_options options = default_options();

	TRY(start());
	CHECK_EQ(lkl_start(&options), -EBUSY);
	CHECK_EQ(K(getpid), 1);
	CHECK_EQ(lkl_halt(), 0);
	return TEST_OK;
}

static int second_start(void)
{
	return child_exits(second_start_body, 0);
}

static int call_after_halt_body(void)
{
	struct lkl_options options = default_options();

	TRY(start());
	CHECK_EQ(K(getpid), 1);
	CHECK_EQ(lkl_halt(), 0);
	CHECK_EQ(K(getpid), -ESHUTDOWN);
	CHECK_EQ(lkl_start(&options), -ESHUTDOWN);
	CHECK(lkl_halt() < 0);
	return TEST_OK;
}

static int call_after_halt(void)
{
	return child_exits(call_after_halt_body, 0);
}

static int add_after_start_body(void)
{
	TRY(start());
	CHECK(lkl_add_disk(0, 0) < 0);
	CHECK(lkl_add_net(0, LKL_NET_DGRAM, (const unsigned char[6]){ 2 }) < 0);
	CHECK_EQ(lkl_halt(), 0);
	return TEST_OK;
}

static int add_after_start(void)
{
	return child_exits(add_after_start_body, 0);
}

/* Wrong options are refused, and the process can still start a kernel. */
static int bad_options_body(void)
{
	struct lkl_options options = default_options();

	options.size = 0;
	CHECK(lkl_start(&options) < 0);
	CHECK(lkl_start(NULL) < 0);
	options = default_options();
	options.mem = 4096;
	CHECK(lkl_start(&options) < 0);
	CHECK(lkl_add_disk(-1, 0) < 0);
	CHECK(lkl_add_net(-1, LKL_NET_TAP, (const unsigned char[6]){ 2 }) < 0);
	CHECK(lkl_add_net(0, 77, (const unsigned char[6]){ 2 }) < 0);
	CHECK(lkl_open_tap("name-that-is-much-too-long") < 0);
	CHECK(lkl_open_packet("uk-none") < 0);
	TRY(start());
	CHECK_EQ(lkl_halt(), 0);
	return TEST_OK;
}

static int bad_options(void)
{
	return child_exits(bad_options_body, 0);
}

static int default_memory_body(void)
{
	struct lkl_options options = default_options();

	options.mem = 0;
	options.cmdline = NULL;
	CHECK_EQ(lkl_start(&options), 0);
	CHECK_EQ(K(getpid), 1);
	CHECK_EQ(lkl_halt(), 0);
	return TEST_OK;
}

static int default_memory(void)
{
	return child_exits(default_memory_body, 0);
}

static int memory_of(unsigned long mem)
{
	struct lkl_options options = default_options();

	options.mem = mem;
	CHECK_EQ(lkl_start(&options), 0);
	CHECK_EQ(K(getpid), 1);
	CHECK_EQ(lkl_halt(), 0);
	return TEST_OK;
}

static int small_body(void)
{
	return memory_of(32UL << 20);
}

static int large_body(void)
{
	return memory_of(2UL << 30);
}

static int memory_sizes(void)
{
	TRY(child_exits(small_body, 0));
	return child_exits(large_body, 0);
}

static int exit_running_body(void)
{
	TRY(start());
	CHECK_EQ(K(getpid), 1);
	exit(7);
}

/* exit(3) without a halt is a clean end too. */
static int exit_without_halt(void)
{
	return child_exits(exit_running_body, 7);
}

static void *exit_now(void *arg)
{
	(void)arg;
	K(getpid);
	exit(9);
}

static int exit_from_thread_body(void)
{
	pthread_t thread;
	int ends[2];
	char byte;

	TRY(start());
	CHECK_EQ(K(pipe2, ends, 0), 0);
	CHECK_EQ(pthread_create(&thread, NULL, exit_now, NULL), 0);
	K(read, ends[0], &byte, 1); /* nobody writes */
	FAIL("the process should have exited");
}

static int exit_from_thread(void)
{
	return child_exits(exit_from_thread_body, 9);
}

struct sleeper {
	pthread_t thread;
	int fd;
	long result;
};

static void *sleep_in_read(void *arg)
{
	struct sleeper *sleeper = arg;
	char byte;

	sleeper->result = K(read, sleeper->fd, &byte, 1);
	return NULL;
}

static int halt_with_sleepers_body(void)
{
	struct sleeper sleepers[4];
	int ends[2], i;

	TRY(start());
	CHECK_EQ(K(pipe2, ends, 0), 0);
	for (i = 0; i < 4; i++) {
		sleepers[i].fd = ends[0];
		CHECK_EQ(pthread_create(&sleepers[i].thread, NULL,
					sleep_in_read, &sleepers[i]),
			 0);
	}
	kernel_sleep_ms(20);
	CHECK_EQ(lkl_halt(), 0);
	for (i = 0; i < 4; i++) {
		CHECK_EQ(pthread_join(sleepers[i].thread, NULL), 0);
		CHECK(sleepers[i].result < 0);
	}
	CHECK_EQ(K(getpid), -ESHUTDOWN);
	return TEST_OK;
}

/* Threads that wait in the kernel when it halts come back with an error. */
static int halt_with_sleepers(void)
{
	return child_exits(halt_with_sleepers_body, 0);
}

static void *halt_main(void *arg)
{
	*(int *)arg = lkl_halt();
	return NULL;
}

static int halt_from_thread_body(void)
{
	pthread_t thread;
	int result = 1;

	TRY(start());
	CHECK_EQ(pthread_create(&thread, NULL, halt_main, &result), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(result, 0);
	CHECK_EQ(K(getpid), -ESHUTDOWN);
	return TEST_OK;
}

static int halt_from_thread(void)
{
	return child_exits(halt_from_thread_body, 0);
}

static int count_threads(void)
{
	char text[4096], *line;
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[n > 0 ? n : 0] = '\0';
	line = strstr(text, "\nThreads:");
	return line ? atoi(line + 9) : -1;
}

static int halt_frees_body(void)
{
	int tries;

	CHECK_EQ(count_threads(), 1);
	TRY(start());
	CHECK_EQ(lkl_halt(), 0);
	/* A host thread that has been joined can still show for a moment. */
	for (tries = 0; tries < 200 && count_threads() != 1; tries++)
		usleep(10000);
	CHECK_EQ(count_threads(), 1);
	return TEST_OK;
}

/* The kernel's own host threads are gone after the halt. */
static int halt_frees(void)
{
	return child_exits(halt_frees_body, 0);
}

static int reboot_call_body(void)
{
	TRY(start());
	K(reboot, 0xfee1dead, 672274793, 0x4321fedc, NULL);
	CHECK_EQ(K(getpid), -ESHUTDOWN);
	return TEST_OK;
}

/* reboot(LINUX_REBOOT_CMD_POWER_OFF) is a halt by system call. */
static int power_off_call(void)
{
	return child_exits(reboot_call_body, 0);
}

static int halt_unprivileged_body(void)
{
	TRY(start());
	CHECK_EQ(K(setuid, 1000), 0);
	CHECK_EQ(lkl_halt(), 0);
	return TEST_OK;
}

/* The halt is the program's right, whatever user its thread has become. */
static int halt_unprivileged(void)
{
	return child_exits(halt_unprivileged_body, 0);
}

static int fork_calls_body(void)
{
	TRY(start());
	CHECK_EQ(K(fork), -ENOSYS);
	CHECK_EQ(K(clone, SIGCHLD, NULL, NULL, NULL, 0), -ENOSYS);
	CHECK_EQ(K(getpid), 1);
	CHECK_EQ(lkl_halt(), 0);
	return TEST_OK;
}

/* A copy of the process's memory is not to be had; that is said, not tried. */
static int fork_calls(void)
{
	return child_exits(fork_calls_body, 0);
}

static void *exit_call(void *arg)
{
	K(exit, 0);
	return arg;
}

static int exit_of_thread_body(void)
{
	pthread_t thread;
	int i;

	TRY(start());
	CHECK_EQ(pthread_create(&thread, NULL, exit_call, NULL), 0);
	for (i = 0; i < 50; i++) {
		kernel_sleep_ms(1);
		CHECK_EQ(K(getpid), 1);
	}
	CHECK_EQ(lkl_halt(), 0);
	return TEST_OK;
}

/* exit(2) ends a thread of the kernel; the others go on. */
static int exit_of_thread(void)
{
	return child_exits(exit_of_thread_body, 0);
}

static int exit_group_body(void)
{
	TRY(start());
	K(exit_group, 5);
	return TEST_OK;
}

/* How the process ends is the library's choice; that it ends is not. */
static int exit_group_ends(void)
{
	int status;

	return run_child(exit_group_body, &status);
}

static int killed_body(void)
{
	TRY(start());
	kill(getpid(), SIGTERM);
	FAIL("SIGTERM was ignored");
}

/* Signals sent to the host process keep their meaning. */
static int host_signal(void)
{
	int status;

	TRY(run_child(killed_body, &status));
	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), SIGTERM);
	return TEST_OK;
}

static const struct test tests[] = {
	{ "call_before_start", call_before_start, 0 },
	{ "second_start", second_start, 0 },
	{ "call_after_halt", call_after_halt, 0 },
	{ "add_after_start", add_after_start, 0 },
	{ "bad_options", bad_options, 0 },
	{ "default_memory", default_memory, 0 },
	{ "memory_sizes", memory_sizes, 0 },
	{ "exit_without_halt", exit_without_halt, 0 },
	{ "exit_from_thread", exit_from_thread, 0 },
	{ "halt_with_sleepers", halt_with_sleepers, 0 },
	{ "halt_from_thread", halt_from_thread, 0 },
	{ "halt_frees", halt_frees, 0 },
	{ "power_off_call", power_off_call, 0 },
	{ "halt_unprivileged", halt_unprivileged, 0 },
	{ "fork_calls", fork_calls, 0 },
	{ "exit_of_thread", exit_of_thread, 0 },
	{ "exit_group_ends", exit_group_ends, 0 },
	{ "host_signal", host_signal, 0 },
	{},
};

const struct test_group group_life = { "life", tests, NULL };
