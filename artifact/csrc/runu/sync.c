// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runtime and new process wait for each other by words over a socket with
 * boundaries (SOCK_SEQPACKET). What is no expected word is an error's text.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "runu.h"

void sync_tell(int fd, const char *word)
{
	if (write(fd, word, strlen(word)) < 0)
		die("the other half of runu is gone: %s", strerror(errno));
}

/* False: the other end has closed. */
bool sync_hear(int fd, char *word, size_t size)
{
	ssize_t n;

	do {
		n = read(fd, word, size - 1);
	} while (n < 0 && errno == EINTR);
	word[n > 0 ? n : 0] = 0;
	return n > 0;
}

void sync_expect(int fd, const char *word)
{
	char heard[2048];

	if (!sync_hear(fd, heard, sizeof(heard))) {
		if (tell_fd >= 0)
			_exit(1); /* the runtime has gone; so do we */
		die("the container's process has ended while it was made");
	}
	if (strcmp(heard, word))
		die("%s", heard);
}
