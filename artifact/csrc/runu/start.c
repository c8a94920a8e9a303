// SPDX-License-Identifier: GPL-2.0-only
/* start (runtime-spec, runtime, "Start"). */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runu.h"

/* "started", or "error STATUS TEXT" from whoever could not go on. */
void start_container(struct container *c)
{
	const char *status = state_status(c);
	char answer[2048];
	ssize_t n, size = 0;
	int fd;

	if (strcmp(status, "created"))
		die("container %s is %s: only a created one can be started",
		    c->id, status);
	fd = client_ask(c, "start", 6, NULL, 0);
	while (size < (ssize_t)sizeof(answer) - 1 &&
	       (n = read(fd, answer + size, sizeof(answer) - 1 - size)) > 0) {
		size += n;
		if (memchr(answer, '\n', size))
			break;
	}
	close(fd);
	answer[size] = 0;
	answer[strcspn(answer, "\n")] = 0;
	if (strcmp(answer, "started"))
		die("container %s: %s", c->id,
		    !size ? "its library kernel has ended before its program began" :
		    !strncmp(answer, "error ", 6) ?
			    answer + 6 + strspn(answer + 6, "0123456789 ") :
			    answer);
	state_mark_started(c);
	hooks_run(c, "poststart", "running", false);
}

int verb_start(int argc, char **argv)
{
	struct container c;

	state_open(&c, the_id(1, argc, argv, "start"));
	state_lock(&c);
	start_container(&c);
	return 0;
}
