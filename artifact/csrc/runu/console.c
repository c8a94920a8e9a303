// SPDX-License-Identifier: GPL-2.0-only
/* The host's pseudo-terminal of a container, whose other end is the engine's. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "runu.h"

/* Returns the program's end. It is raw: the library kernel has a terminal itself. */
int console_pair(int *master)
{
	struct termios t;
	char name[32];
	int number, unlock = 0, slave;

	*master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*master < 0 || ioctl(*master, TIOCSPTLCK, &unlock) ||
	    ioctl(*master, TIOCGPTN, &number))
		die("no terminal: /dev/ptmx: %s", strerror(errno));
	snprintf(name, sizeof(name), "/dev/pts/%d", number);
	slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || tcgetattr(slave, &t))
		die("%s: %s", name, strerror(errno));
	cfmakeraw(&t);
	tcsetattr(slave, TCSANOW, &t);
	return slave;
}

int console_connect(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(to.sun_path))
		die("--console-socket %s: longer than %zu octets", path,
		    sizeof(to.sun_path) - 1);
	strcpy(to.sun_path, path);
	if (fd < 0 || connect(fd, (void *)&to, sizeof(to)))
		die("--console-socket %s: %s", path, strerror(errno));
	return fd;
}

/* runc, terminals.md: one message with the descriptor; the text is its name. */
void console_send(int connection, int master)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS } };
	struct iovec iov = { "/dev/ptmx", 9 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };

	memcpy(CMSG_DATA(&control.head), &master, sizeof(int));
	if (sendmsg(connection, &m, 0) < 0)
		die("--console-socket: %s", strerror(errno));
	close(connection);
	close(master);
}

/* Of a process that leads its session: its terminal, for size and signals. */
void console_adopt(int slave)
{
	ioctl(slave, TIOCSCTTY, 0);
	for (int i = 0; i < 3; i++)
		dup2(slave, i);
	if (slave > 2)
		close(slave);
}
