// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests to a container's process: a datagram and descriptors to its socket,
 * the last of them being where the answer goes. What is asked is in the library
 * kernel's init (session.c) and, until it boots, in container.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runu.h"

#define MAX_FDS 7

/* A path may be longer than an address has room for: by descriptor, then. */
static void address_of(const struct container *c, struct sockaddr_un *to)
{
	int dir = open(c->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	*to = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(to->sun_path, sizeof(to->sun_path), "/proc/self/fd/%d/control",
		 dir);
}

/* Returns our end of the stream that the answer comes by. */
int client_ask(const struct container *c, const char *data, size_t size,
	       const int *fds, int count)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int) * (MAX_FDS + 1))];
	} control = { 0 };
	struct iovec iov = { (void *)data, size };
	int pair[2], all[MAX_FDS + 1], on = 1 << 18;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un to;
	struct msghdr m = { .msg_name = &to,
			    .msg_namelen = sizeof(to),
			    .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control };

	address_of(c, &to);
	if (fd < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		die("socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &on, sizeof(on));
	memcpy(all, fds, sizeof(int) * count);
	all[count++] = pair[1];
	control.head =
		(struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int) * count),
				  .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.head), all, sizeof(int) * count);
	m.msg_controllen = CMSG_SPACE(sizeof(int) * count);
	if (sendmsg(fd, &m, 0) < 0)
		die("container %s does not answer: %s", c->id, strerror(errno));
	close(fd);
	close(pair[1]);
	return pair[0];
}

/* All that is answered to a question of one word. */
char *client_answer(const struct container *c, const char *question)
{
	int fd = client_ask(c, question, strlen(question) + 1, NULL, 0);
	size_t size = 0, room = 1 << 16;
	char *all = need(malloc(room));
	ssize_t n;

	while (size < room - 1 &&
	       (n = read(fd, all + size, room - 1 - size)) > 0)
		size += n;
	all[size] = 0;
	close(fd);
	return all;
}
