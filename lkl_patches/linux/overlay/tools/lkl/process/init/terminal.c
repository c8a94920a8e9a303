// SPDX-License-Identifier: GPL-2.0-only
/*
 * A terminal of this kernel for the program, so that line editing, Ctrl-C and
 * job control are its own. What the host's terminal brings goes in, what the
 * program writes goes out.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "init.h"

int terminal_open(int *slave)
{
	int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	int unlock = 0, number;
	char path[32];

	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) ||
	    ioctl(master, TIOCGPTN, &number))
		fail("no terminal: %s (does the root have /dev?)",
		     strerror(errno));
	snprintf(path, sizeof(path), "/dev/pts/%d", number);
	*slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave < 0)
		fail("%s: %s", path, strerror(errno));
	terminal_resize(master);
	return master;
}

void terminal_resize(int master)
{
	struct winsize size;

	if (!ioctl(STDIN_FILENO, TIOCGWINSZ, &size))
		ioctl(master, TIOCSWINSZ, &size);
}

/* In the program's process, before it starts. */
void terminal_take(int slave)
{
	ioctl(slave, TIOCSCTTY, 0);
	for (int i = 0; i < 3; i++)
		dup2(slave, i);
}

static void write_all(int fd, const char *text, ssize_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n <= 0)
			return;
		text += n;
		len -= n;
	}
}

/* Returns false at the end of the input. */
bool terminal_copy(int from, int to)
{
	char text[4096];
	ssize_t n = read(from, text, sizeof(text));

	if (n <= 0)
		return false;
	write_all(to, text, n);
	return true;
}
