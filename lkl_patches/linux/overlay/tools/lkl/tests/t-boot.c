// SPDX-License-Identifier: GPL-2.0-only
/* The kernel comes up, says who it is, and answers ordinary system calls. */
#define _GNU_SOURCE
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>

#include <lkl.h>

static int setup(void)
{
	return start_kernel(NULL);
}

static int version(void)
{
	struct utsname u;

	CHECK_EQ(K(uname, &u), 0);
	CHECK_STR(u.sysname, "Linux");
	CHECK_STR(u.machine, "x86_64");
	if (!host_mode &&
	    strncmp(u.release, lkl_version(), strlen(lkl_version())))
		FAIL("uname says %s, lkl_version() %s", u.release,
		     lkl_version());
	return TEST_OK;
}

static int pid_is_one(void)
{
	CHECK_EQ(K(getpid), 1);
	CHECK_EQ(K(getppid), 0);
	CHECK_OK(K(gettid));
	return TEST_OK;
}

static int is_root(void)
{
	struct __user_cap_header_struct hdr = { _LINUX_CAPABILITY_VERSION_3,
						0 };
	struct __user_cap_data_struct caps[2];

	CHECK_EQ(K(getuid), 0);
	CHECK_EQ(K(getegid), 0);
	CHECK_EQ(K(capget, &hdr, caps), 0);
	CHECK(caps[0].effective & (1u << CAP_NET_ADMIN));
	return TEST_OK;
}

static int command_line(void)
{
	char text[2048];

	CHECK_OK(read_file(at("proc/cmdline"), text, sizeof(text)));
	if (!strstr(text, "lkl_test=1"))
		FAIL("/proc/cmdline is \"%s\"", text);
	return TEST_OK;
}

static int memory_size(void)
{
	struct sysinfo info;
	unsigned long total;

	CHECK_EQ(K(sysinfo, &info), 0);
	total = info.totalram * info.mem_unit;
	if (total > 64UL << 20 || total < 40UL << 20)
		FAIL("%lu bytes of memory of 64 MiB", total);
	CHECK(info.freeram * info.mem_unit > total / 2);
	return TEST_OK;
}

static int one_processor(void)
{
	unsigned long mask[16] = { 0 };

	CHECK_OK(K(sched_getaffinity, 0, sizeof(mask), mask));
	CHECK_EQ(mask[0], 1);
	return TEST_OK;
}

static int unknown_call(void)
{
	CHECK_EQ(kernel(4000, (const long[6]){ 0 }), -ENOSYS);
	CHECK_EQ(kernel(0x7fffffff, (const long[6]){ 0 }), -ENOSYS);
	CHECK_EQ(kernel(-2, (const long[6]){ 0 }), -ENOSYS);
	return TEST_OK;
}

/* Six arguments arrive in order: pselect6 uses them all. */
static int six_arguments(void)
{
	int ends[2];
	struct timespec limit = { 5, 0 };
	unsigned long set = 0;
	struct {
		const unsigned long *mask;
		size_t size;
	} sigmask = { &set, 8 };
	unsigned long readable[16] = { 0 };

	CHECK_EQ(K(pipe2, ends, O_CLOEXEC), 0);
	CHECK_EQ(K(write, ends[1], "x", 1), 1);
	readable[ends[0] / 64] |= 1UL << (ends[0] % 64);
	CHECK_EQ(K(pselect6, ends[0] + 1, readable, NULL, NULL, &limit,
		   &sigmask),
		 1);
	sigmask.size = 3;
	CHECK_EQ(K(pselect6, ends[0] + 1, readable, NULL, NULL, &limit,
		   &sigmask),
		 -EINVAL);
	K(close, ends[0]);
	K(close, ends[1]);
	return TEST_OK;
}

static int random_bytes(void)
{
	unsigned char a[32] = { 0 }, b[32] = { 0 };

	CHECK_EQ(K(getrandom, a, sizeof(a), 0), sizeof(a));
	CHECK_EQ(K(getrandom, b, sizeof(b), 0), sizeof(b));
	CHECK(memcmp(a, b, sizeof(a)));
	return TEST_OK;
}

static int working_directory(void)
{
	char before[256], after[256];

	CHECK_OK(K(getcwd, before, sizeof(before)));
	CHECK_EQ(K(chdir, at("proc")), 0);
	CHECK_OK(K(getcwd, after, sizeof(after)));
	CHECK_STR(after, at("proc"));
	CHECK_EQ(K(chdir, before), 0);
	CHECK_EQ(K(getcwd, after, 1), -ERANGE);
	return TEST_OK;
}

static int limits(void)
{
	struct rlimit old, low = { 64, 64 };
	long fd = K(openat, AT_FDCWD, "/", O_RDONLY, 0);

	CHECK_OK(fd);
	CHECK_EQ(K(prlimit64, 0, RLIMIT_NOFILE, NULL, &old), 0);
	low.rlim_max = old.rlim_max;
	CHECK_EQ(K(prlimit64, 0, RLIMIT_NOFILE, &low, NULL), 0);
	CHECK_EQ(K(fcntl, fd, F_DUPFD, 64), -EINVAL);
	CHECK_EQ(K(prlimit64, 0, RLIMIT_NOFILE, &old, NULL), 0);
	CHECK_EQ(K(fcntl, fd, F_DUPFD, 64), 64);
	CHECK_EQ(K(close, 64), 0);
	CHECK_EQ(K(close, fd), 0);
	return TEST_OK;
}

static int host_name(void)
{
	struct utsname u;

	CHECK_EQ(K(sethostname, "library", 7), 0);
	CHECK_EQ(K(uname, &u), 0);
	CHECK_STR(u.nodename, "library");
	return TEST_OK;
}

/* The kernel's descriptors are its own: none of the host's leaks in, and back. */
static int own_descriptors(void)
{
	long fd = K(openat, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);

	CHECK_OK(fd);
	CHECK_EQ(K(fcntl, fd, F_DUPFD, 900), 900);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(HOST(fcntl, 900, F_GETFD), -EBADF);
	CHECK_EQ(K(close, 900), 0);
	CHECK_EQ(K(close, 900), -EBADF);
	return TEST_OK;
}

/* Memory of a caller: the program's own allocator and stacks keep working. */
static int caller_memory(void)
{
	size_t size = 8 << 20;
	unsigned char *block = malloc(size);
	long fd = K(openat, AT_FDCWD, at("blob"), O_RDWR | O_CREAT | O_TRUNC,
		    0600);
	size_t i;

	CHECK(block);
	for (i = 0; i < size; i++)
		block[i] = i * 7;
	CHECK_OK(fd);
	CHECK_EQ(K(write, fd, block, size), size);
	memset(block, 0, size);
	CHECK_EQ(K(pread64, fd, block, size, 0), size);
	for (i = 0; i < size; i++)
		if (block[i] != (unsigned char)(i * 7))
			FAIL("byte %zu is wrong", i);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(unlink, at("blob")), 0);
	free(block);
	return TEST_OK;
}

static const struct test tests[] = {
	{ "version", version, TEST_HOST },
	{ "pid_is_one", pid_is_one, 0 },
	{ "is_root", is_root, TEST_HOST },
	{ "command_line", command_line, 0 },
	{ "memory_size", memory_size, 0 },
	{ "one_processor", one_processor, 0 },
	{ "unknown_call", unknown_call, TEST_HOST },
	{ "six_arguments", six_arguments, TEST_HOST },
	{ "random_bytes", random_bytes, TEST_HOST },
	{ "working_directory", working_directory, TEST_HOST },
	{ "limits", limits, TEST_HOST },
	{ "host_name", host_name, TEST_HOST },
	{ "own_descriptors", own_descriptors, 0 },
	{ "caller_memory", caller_memory, TEST_HOST },
	{},
};

const struct test_group group_boot = { "boot", tests, setup };
