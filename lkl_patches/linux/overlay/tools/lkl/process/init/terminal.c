// SPDX-License-Identifier: GPL-2.0-only
/*
 * A terminal of this kernel for the program, so that line editing, Ctrl-C and
 * job control are its own. What the host's terminal brings goes in, what the
 * program writes goes out.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <termios.h>
#include <unistd.h>

#include "init.h"

/* NULL, or what went wrong; then errno tells why. */
const char *terminal_open(int *master, int *slave)
{
	int unlock = 0, number;
	static char path[32];

	*master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*master < 0 || ioctl(*master, TIOCSPTLCK, &unlock) ||
	    ioctl(*master, TIOCGPTN, &number))
		return "no terminal (does the root have /dev/pts?)";
	snprintf(path, sizeof(path), "/dev/pts/%d", number);
	*slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return *slave < 0 ? path : NULL;
}

/* runtime-spec, config, "process": /dev/console is the terminal. */
void terminal_console(int slave)
{
	char path[64];
	int fd = open("/dev/console", O_CREAT | O_RDONLY | O_NOCTTY | O_CLOEXEC,
		      0600);

	if (fd >= 0)
		close(fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", slave);
	mount(path, "/dev/console", NULL, MS_BIND, NULL);
}

/* As large as the host's terminal @from. */
void terminal_resize(int master, int from)
{
	struct winsize size;

	if (!ioctl(from, TIOCGWINSZ, &size))
		ioctl(master, TIOCSWINSZ, &size);
}

/* In the program's process, before it starts. */
void terminal_take(int slave)
{
	ioctl(slave, TIOCSCTTY, 0);
	for (int i = 0; i < 3; i++)
		dup2(slave, i);
}

/* What to wait for: octets where there are none, else room for them. */
void flow_poll(const struct flow *f, struct pollfd *p)
{
	p->fd = f->over ? -1 : f->begin == f->end ? f->from : f->to;
	p->events = f->begin == f->end ? POLLIN : POLLOUT;
	p->revents = 0;
}

/* Neither read nor write waits. What cannot be written is thrown away. */
void flow_step(struct flow *f)
{
	ssize_t n;

	if (f->begin == f->end) {
		n = read(f->from, f->text, sizeof(f->text));
		f->over = !n || (n < 0 && errno != EAGAIN && errno != EINTR);
		f->begin = 0;
		f->end = n > 0 ? n : 0;
	}
	if (f->begin == f->end)
		return;
	n = write(f->to, f->text + f->begin, f->end - f->begin);
	if (n >= 0)
		f->begin += n;
	else if (errno != EAGAIN && errno != EINTR)
		f->begin = f->end;
}

/* At the end: what has been written must be seen, if anybody looks. */
#define PATIENCE_MS 1000

void flow_finish(struct flow *f)
{
	do {
		if (poll(&(struct pollfd){ f->to, POLLOUT, 0 }, 1,
			 PATIENCE_MS) <= 0)
			return;
		flow_step(f);
	} while (f->begin < f->end ||
		 (!f->over &&
		  poll(&(struct pollfd){ f->from, POLLIN, 0 }, 1, 0) > 0));
}

void terminal_flow(struct flow *f, int from, int to)
{
	*f = (struct flow){ .from = from, .to = to };
	fcntl(from, F_SETFL, fcntl(from, F_GETFL) | O_NONBLOCK);
	fcntl(to, F_SETFL, fcntl(to, F_GETFL) | O_NONBLOCK);
}
