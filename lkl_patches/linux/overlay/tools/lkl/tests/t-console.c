// SPDX-License-Identifier: GPL-2.0-only
/* The console reaches the callback and the descriptor, from the first line on. */
#define _GNU_SOURCE
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <lkl.h>

static struct {
	pthread_mutex_t lock;
	char text[1 << 18];
	size_t len;
	int wrong_argument;
} seen = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void take_text(void *arg, const char *text, size_t len)
{
	pthread_mutex_lock(&seen.lock);
	seen.wrong_argument += arg != &seen;
	if (len > sizeof(seen.text) - 1 - seen.len)
		len = sizeof(seen.text) - 1 - seen.len;
	memcpy(seen.text + seen.len, text, len);
	seen.len += len;
	pthread_mutex_unlock(&seen.lock);
}

static bool callback_saw(const char *text)
{
	bool found;

	pthread_mutex_lock(&seen.lock);
	found = strstr(seen.text, text);
	pthread_mutex_unlock(&seen.lock);
	return found;
}

static bool descriptor_saw(const char *text)
{
	static char copy[1 << 18];

	console_text(copy, sizeof(copy));
	return strstr(copy, text);
}

/* Console output may be printed by a kernel thread of its own. */
static bool soon(bool (*saw)(const char *), const char *text)
{
	int tries;

	for (tries = 0; tries < 500 && !saw(text); tries++)
		kernel_sleep_ms(10);
	return saw(text);
}

static int setup(void)
{
	struct lkl_options options = default_options();

	options.console = take_text;
	options.console_arg = &seen;
	return start_kernel(&options);
}

static int boot_log(void)
{
	CHECK(soon(callback_saw, "Linux version "));
	CHECK(soon(descriptor_saw, "Linux version "));
	CHECK_EQ(seen.wrong_argument, 0);
	return TEST_OK;
}

static int kernel_message(void)
{
	long fd;

	CHECK_EQ(K(mknodat, AT_FDCWD, at("kmsg"), S_IFCHR | 0600,
		   makedev(1, 11)),
		 0);
	fd = K(openat, AT_FDCWD, at("kmsg"), O_WRONLY, 0);
	CHECK_OK(fd);
	CHECK_EQ(K(write, fd, "<3>through kmsg\n", 16), 16);
	CHECK_EQ(K(close, fd), 0);
	CHECK(soon(callback_saw, "through kmsg"));
	CHECK(soon(descriptor_saw, "through kmsg"));
	return TEST_OK;
}

static int kernel_log(void)
{
	static char text[1 << 17];
	long n = K(syslog, 3 /* SYSLOG_ACTION_READ_ALL */, text,
		   sizeof(text) - 1);

	CHECK_OK(n);
	CHECK(strstr(text, "Linux version "));
	return TEST_OK;
}

/* A callback that itself takes long or calls libc must not upset the kernel. */
static int long_lines(void)
{
	char line[512] = "<3>";
	long fd = K(openat, AT_FDCWD, at("kmsg"), O_WRONLY, 0);
	int i;

	if (fd == -ENOENT)
		SKIP("needs console.kernel_message before it");
	memset(line + 3, 'x', sizeof(line) - 4);
	for (i = 0; i < 100; i++)
		CHECK_EQ(K(write, fd, line, sizeof(line) - 1),
			 sizeof(line) - 1);
	CHECK_EQ(K(close, fd), 0);
	CHECK(soon(callback_saw, "xxxxxxxxxxxxxxxxxxxxxxxx"));
	return TEST_OK;
}

static const struct test tests[] = {
	{ "boot_log", boot_log, 0 },
	{ "kernel_message", kernel_message, 0 },
	{ "kernel_log", kernel_log, 0 },
	{ "long_lines", long_lines, 0 },
	{},
};

const struct test_group group_console = { "console", tests, setup };
