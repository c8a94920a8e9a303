// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include <lkl.h>

#define TASK_STACK (128 * 1024)

syscall_fn kernel = lkl_syscall;
bool host_mode;

long host_call(long nr, const long a[6])
{
	long ret = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);

	return ret == -1 ? -errno : ret;
}

int64_t kernel_ns(void)
{
	struct timespec ts = { 0 };

	K(clock_gettime, CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

int64_t host_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

void kernel_sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	K(nanosleep, &ts, NULL);
}

long read_file(const char *path, char *buf, size_t size)
{
	size_t len = 0;
	long n = 0;
	long fd = K(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return fd;
	while (len + 1 < size) {
		n = K(read, fd, buf + len, size - 1 - len);
		if (n <= 0)
			break;
		len += n;
	}
	K(close, fd);
	buf[len] = '\0';
	return n < 0 ? n : (long)len;
}

long write_file(const char *path, const char *text)
{
	long fd = K(openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
	long n;

	if (fd < 0)
		return fd;
	n = K(write, fd, text, strlen(text));
	K(close, fd);
	return n < 0 ? n : 0;
}

const char *at(const char *fmt, ...)
{
	static __thread char buffers[4][512];
	static __thread unsigned int turn;
	char *buf = buffers[turn++ % 4];
	int len = snprintf(buf, sizeof(*buffers), "%s/",
			   host_mode ? "/mnt/t" : "/t");
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + len, sizeof(*buffers) - len, fmt, ap);
	va_end(ap);
	return buf;
}

static long mkdir_and_mount(const char *dir, const char *type)
{
	long ret = K(mkdirat, AT_FDCWD, dir, 0755);

	return ret ? ret : K(mount, type, dir, type, 0, NULL);
}

long scratch_setup(void)
{
	long ret = K(mkdirat, AT_FDCWD, at("%s", ""), 0755);

	if (!ret)
		ret = mkdir_and_mount(at("proc"), "proc");
	if (!ret)
		ret = mkdir_and_mount(at("sys"), "sysfs");
	return ret;
}

static int task_main(void *arg)
{
	struct task *task = arg;

	task->result = task->fn(task->arg);
	__atomic_store_n(&task->done, 1, __ATOMIC_RELEASE);
	K(futex, &task->done, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	return 0;
}

static void *task_host_main(void *arg)
{
	task_main(arg);
	return NULL;
}

static long task_start_host(struct task *task)
{
	pthread_t thread;
	int err = pthread_create(&thread, NULL, task_host_main, task);

	task->host_thread = thread;
	return err ? -err : 1;
}

long task_start(struct task *task, int (*fn)(void *arg), void *arg)
{
	char *stack;

	*task = (struct task){ .fn = fn, .arg = arg };
	if (host_mode)
		return task->tid = task_start_host(task);
	/*
	 * Never unmapped: a task still stands on its stack for a moment after
	 * its function has returned, and a test process is short-lived.
	 */
	stack = mmap(NULL, TASK_STACK, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED)
		return -errno;
	return task->tid = lkl_clone(task_main, task, stack + TASK_STACK);
}

int task_join(struct task *task)
{
	while (!__atomic_load_n(&task->done, __ATOMIC_ACQUIRE))
		K(futex, &task->done, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	if (host_mode)
		pthread_join(task->host_thread, NULL);
	return task->result;
}
