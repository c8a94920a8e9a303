// SPDX-License-Identifier: GPL-2.0-only
/* Answers about the library kernel, from its /proc. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init.h"

static void copy_file(const char *path, int to)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	while (fd >= 0 && (n = read(fd, text, sizeof(text))) > 0)
		if (write(to, text, n) < 0)
			break;
	if (fd >= 0)
		close(fd);
}

/* Of memory, processor time and network, as the kernel itself tells them. */
void answer_stats(int to)
{
	copy_file("/proc/meminfo", to);
	copy_file("/proc/stat", to);
	copy_file("/proc/net/dev", to);
}

static void line(int to, const char *pid)
{
	char path[64], text[512] = "";
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	for (ssize_t i = 0; i < n - 1; i++)
		text[i] = text[i] ?: ' ';
	if (n > 0)
		dprintf(to, "%s %s\n", pid, text);
}

/* "PID COMMAND LINE" of each program; kernel threads have no command line. */
void answer_ps(int to)
{
	DIR *d = opendir("/proc");
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (isdigit((unsigned char)e->d_name[0]))
			line(to, e->d_name);
	if (d)
		closedir(d);
}
