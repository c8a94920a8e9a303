// SPDX-License-Identifier: GPL-2.0-only
/* See hostdir.h. */
#define _GNU_SOURCE
#include "hostdir.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[256]; /* the directory on the host */
int hostdir_fd;

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *walk)
{
	(void)st, (void)type, (void)walk;
	return remove(path);
}

/* A process that removes the directory when this one has ended, however. */
static int start_janitor(void)
{
	int fds[2];
	char byte;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	switch (fork()) {
	case -1:
		return -errno;
	case 0:
		setsid();
		dup2(fds[0], 0);
		close_range(1, ~0U, 0);
		if (read(0, &byte, 1) == 0)
			nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
		_exit(0);
	}
	return close(fds[0]);
}

const char *host(const char *fmt, ...)
{
	static char paths[4][512];
	static int next;
	char *path = paths[next++ % 4];
	int len = snprintf(path, 512, "%s/", top);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path + len, 512 - len, fmt, ap);
	va_end(ap);
	return path;
}

long hostdir_mount(const char *where, int fd, const char *more)
{
	char options[64];

	snprintf(options, sizeof(options), "fd=%d,%s", fd, more);
	K(mkdirat, AT_FDCWD, where, 0755);
	return K(mount, "none", where, "hostdir", 0, options);
}

int hostdir_setup(void)
{
	const char *tmp = getenv("TMPDIR");
	char options[32];

	if (host_mode)
		SKIP("hostdir is a file system of the library kernel");
	umask(022);
	snprintf(top, sizeof(top), "%s/lkl-hostdir-XXXXXX", tmp ? tmp : "/tmp");
	CHECK(mkdtemp(top) && !chmod(top, 0755));
	CHECK_EQ(start_janitor(), 0);
	hostdir_fd = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK_OK(hostdir_fd);
	TRY(start_kernel(NULL));
	snprintf(options, sizeof(options), "timeout=%d", HOSTDIR_TIMEOUT_MS);
	CHECK_EQ(hostdir_mount(at("h"), hostdir_fd, options), 0);
	return TEST_OK;
}

int host_write(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);
	ssize_t n = write(fd, text, strlen(text));

	close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

int host_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, buf, size - 1);

	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n < 0 ? -1 : 0;
}
