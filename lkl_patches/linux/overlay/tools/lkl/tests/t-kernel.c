// SPDX-License-Identifier: GPL-2.0-only
/*
 * What runs inside the kernel besides system calls: kernel threads,
 * workqueues, softirqs, RCU. Seen from outside through their effects.
 */
#define _GNU_SOURCE
#include "netlink.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/uio.h>

static int setup(void)
{
	return start_kernel(NULL);
}

/* Pids below 100 whose command name starts so. */
static int count_threads_named(const char *prefix)
{
	char name[64];
	int pid, n = 0;

	for (pid = 2; pid < 100; pid++)
		if (read_file(at("proc/%d/comm", pid), name, sizeof(name)) > 0)
			n += !strncmp(name, prefix, strlen(prefix));
	return n;
}

static int kernel_threads(void)
{
	char name[64];

	CHECK_OK(read_file(at("proc/2/comm"), name, sizeof(name)));
	CHECK_STR(name, "kthreadd\n");
	CHECK(count_threads_named("kworker/") >= 1);
	CHECK(count_threads_named("ksoftirqd/0") == 1);
	return TEST_OK;
}

/* A field of /proc/stat: how often the processor changed tasks. */
static long context_switches(void)
{
	char text[8192], *line;

	if (read_file(at("proc/stat"), text, sizeof(text)) <= 0)
		return -1;
	line = strstr(text, "ctxt ");
	return line ? atol(line + 5) : -1;
}

static int scheduler_counts(void)
{
	long before = context_switches();

	CHECK(before > 0);
	kernel_sleep_ms(5);
	CHECK(context_switches() > before);
	return TEST_OK;
}

/* Sends file descriptors over a unix socket. */
static long send_fds(int over, const int *fds, size_t n)
{
	char control[CMSG_SPACE(4 * sizeof(int))] = { 0 };
	struct iovec iov = { "x", 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, n * sizeof(int));
	return K(sendmsg, over, &msg, 0);
}

/*
 * A unix socket in its own receive queue is garbage that only the collector
 * frees, and the collector runs on a workqueue. The pipe's writing end is in
 * the queue too: when the reader sees the hangup, the work has run.
 */
static int workqueue_collects(void)
{
	int ends[2], pair[2];
	struct pollfd pfd;

	CHECK_EQ(K(pipe2, ends, 0), 0);
	CHECK_EQ(K(socketpair, AF_UNIX, SOCK_STREAM, 0, pair), 0);
	CHECK_EQ(send_fds(pair[0], (int[]){ pair[1], ends[1] }, 2), 1);
	CHECK_EQ(K(close, ends[1]), 0);
	CHECK_EQ(K(close, pair[1]), 0);
	/* Last, as this is what starts the collector. */
	CHECK_EQ(K(close, pair[0]), 0);
	pfd = (struct pollfd){ .fd = ends[0], .events = POLLIN };
	CHECK_EQ(K(poll, &pfd, 1, 20000), 1);
	CHECK_EQ(pfd.revents, POLLHUP);
	CHECK_EQ(K(close, ends[0]), 0);
	return TEST_OK;
}

/*
 * The last user of a network namespace goes; cleanup_net (a workqueue, with
 * RCU grace periods inside) takes the veth in it down, and so its other end.
 */
static int namespace_is_cleaned(void)
{
	long home =
		K(openat, AT_FDCWD, at("proc/thread-self/ns/net"), O_RDONLY, 0);
	long other, ret;
	int tries;

	CHECK_OK(home);
	ret = veth_add(kernel, "uk0", "uk1");
	if (ret == -EOPNOTSUPP)
		SKIP("the kernel has no veth");
	CHECK_EQ(ret, 0);
	CHECK_EQ(K(unshare, CLONE_NEWNET), 0);
	other = K(openat, AT_FDCWD, at("proc/thread-self/ns/net"), O_RDONLY, 0);
	CHECK_OK(other);
	CHECK_EQ(if_index(kernel, "uk0"), -ENODEV);
	CHECK_EQ(K(setns, home, CLONE_NEWNET), 0);
	CHECK_EQ(link_set_netns(kernel, "uk1", other), 0);
	CHECK_OK(if_index(kernel, "uk0"));
	CHECK_EQ(K(close, other), 0);
	for (tries = 0; tries < 1000 && if_index(kernel, "uk0") > 0; tries++)
		kernel_sleep_ms(10);
	CHECK_EQ(if_index(kernel, "uk0"), -ENODEV);
	CHECK_EQ(K(close, home), 0);
	return TEST_OK;
}

/* Leaving a namespace waits for RCU readers (synchronize_rcu). */
static int rcu_namespaces(void)
{
	long home =
		K(openat, AT_FDCWD, at("proc/thread-self/ns/net"), O_RDONLY, 0);
	int i;

	CHECK_OK(home);
	for (i = 0; i < 10; i++) {
		CHECK_EQ(K(unshare, CLONE_NEWNET), 0);
		CHECK_OK(if_index(kernel, "lo"));
		CHECK_EQ(K(setns, home, CLONE_NEWNET), 0);
	}
	CHECK_EQ(K(close, home), 0);
	return TEST_OK;
}

static int rcu_mounts(void)
{
	int i;

	CHECK_EQ(K(mkdirat, AT_FDCWD, at("rcu"), 0755), 0);
	for (i = 0; i < 30; i++) {
		CHECK_EQ(K(mount, "tmpfs", at("rcu"), "tmpfs", 0, NULL), 0);
		CHECK_EQ(K(umount2, at("rcu"), i % 2 ? MNT_DETACH : 0), 0);
	}
	CHECK_EQ(K(rmdir, at("rcu")), 0);
	return TEST_OK;
}

static int rcu_membarrier(void)
{
	long commands = K(membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	if (commands == -ENOSYS)
		SKIP("the kernel has no membarrier");
	CHECK_OK(commands);
	CHECK(commands & MEMBARRIER_CMD_GLOBAL);
	CHECK_EQ(K(membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0), 0);
	return TEST_OK;
}

/*
 * Inodes and dentries are freed by call_rcu. This many, never freed, are more
 * than all the memory of the kernel (64 MiB, some 800 bytes each).
 */
static int rcu_callbacks(void)
{
	int i;

	for (i = 0; i < 100000; i++) {
		long fd = K(openat, AT_FDCWD, at("churn"),
			    O_RDWR | O_CREAT | O_EXCL, 0600);

		if (fd < 0)
			FAIL("file %d: %s", i, strerror(-fd));
		CHECK_EQ(K(unlinkat, AT_FDCWD, at("churn"), 0), 0);
		CHECK_EQ(K(close, fd), 0);
	}
	return TEST_OK;
}

static int inotify_events(void)
{
	char buf[4096] __attribute__((aligned(8)));
	struct inotify_event *event = (void *)buf;
	long fd = K(inotify_init1, IN_NONBLOCK);
	long watch, file;

	if (fd == -ENOSYS)
		SKIP("the kernel has no inotify");
	CHECK_OK(fd);
	watch = K(inotify_add_watch, fd, at("%s", ""), IN_CREATE);
	CHECK_OK(watch);
	file = K(openat, AT_FDCWD, at("seen"), O_RDWR | O_CREAT, 0600);
	CHECK_OK(file);
	CHECK_OK(K(read, fd, buf, sizeof(buf)));
	CHECK_EQ(event->mask, IN_CREATE);
	CHECK_STR(event->name, "seen");
	CHECK_EQ(K(inotify_rm_watch, fd, watch), 0);
	CHECK_OK(K(read, fd, buf, sizeof(buf)));
	CHECK_EQ(event->mask, IN_IGNORED);
	CHECK_EQ(K(close, file), 0);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("seen"), 0), 0);
	return TEST_OK;
}

static const struct test tests[] = {
	{ "kernel_threads", kernel_threads, 0 },
	{ "scheduler_counts", scheduler_counts, TEST_HOST },
	{ "workqueue_collects", workqueue_collects, TEST_HOST },
	{ "namespace_is_cleaned", namespace_is_cleaned, TEST_HOST },
	{ "rcu_namespaces", rcu_namespaces, TEST_HOST },
	{ "rcu_mounts", rcu_mounts, TEST_HOST },
	{ "rcu_membarrier", rcu_membarrier, TEST_HOST },
	{ "rcu_callbacks", rcu_callbacks, TEST_HOST },
	{ "inotify_events", inotify_events, TEST_HOST },
	{},
};

const struct test_group group_kernel = { "kernel", tests, setup };
