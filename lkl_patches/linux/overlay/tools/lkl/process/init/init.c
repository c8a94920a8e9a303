// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <asm/lkl_hostfd.h>

#include "init.h"

#define MISC_MAJOR 10

int control;
const char *host_name = "ukrun";
int started = -1;

/* Out of the way of what programs call 0, 1, 2, 3 ... */
int aside(int fd)
{
	int higher = fcntl(fd, F_DUPFD_CLOEXEC, 64);

	if (higher < 0)
		return fd;
	close(fd);
	return higher;
}

int host_descriptor(int fd)
{
	return ioctl(control, LKL_HOSTFD_OPEN, fd);
}

void end(int status)
{
	mounts_end();
	for (;;)
		ioctl(control, LKL_HOSTFD_EXIT, status);
}

void fail(const char *format, ...)
{
	va_list args;
	int to = started >= 0 ? started : STDERR_FILENO;

	if (started >= 0)
		dprintf(to, "error %d ", EXIT_SETUP);
	else
		dprintf(to, "%s: ", host_name);
	va_start(args, format);
	vdprintf(to, format, args);
	va_end(args);
	dprintf(to, "\n");
	end(EXIT_SETUP);
}

/* The host's standard input, output and error become this machine's. */
static void open_standard(void)
{
	int fd;

	mknod("/lkl", S_IFCHR | 0600, makedev(MISC_MAJOR, LKL_HOSTFD_MINOR));
	fd = open("/lkl", O_RDWR);
	if (fd < 0)
		_exit(EXIT_SETUP);
	control = fcntl(fd, F_DUPFD_CLOEXEC, 64);
	for (int i = 0; i < 3; i++)
		close(i);
	if (fd > 2)
		close(fd);
	unlink("/lkl");
	for (int i = 0; i < 3; i++)
		if (ioctl(control, LKL_HOSTFD_OPEN, i) != i)
			/* Closed on the host: keep the place until exec. */
			open("/", O_PATH | O_CLOEXEC);
}

int main(void)
{
	static struct plan plan;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	open_standard();
	ioctl(control, LKL_HOSTFD_SIGNALS);
	setup_read(&plan);
	run(&plan);
}
