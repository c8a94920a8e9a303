// SPDX-License-Identifier: GPL-2.0-only
/*
 * A private image: this executable with an erofs image of the root behind it, in
 * one file that runs by itself. The last octets of the file say where the image
 * is and which of its programs to start.
 *
 * Such a file has no options: its arguments are the program's. What ukrun's
 * options would say is taken from the environment variable UKRUN_OPTIONS.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process.h"

#define MAGIC "UKIMAGE1"
#define MAX_WORDS 64

struct trailer {
	char magic[8];
	unsigned long long start;
	unsigned long long size;
	char program[232];
};

static bool read_trailer(int fd, struct trailer *t)
{
	off_t end = lseek(fd, 0, SEEK_END);

	if (end < (off_t)sizeof(*t) ||
	    pread(fd, t, sizeof(*t), end - sizeof(*t)) != sizeof(*t) ||
	    memcmp(t->magic, MAGIC, sizeof(t->magic)))
		return false;
	if (t->start % 4096 || t->start > (unsigned long long)end ||
	    t->size > end - t->start ||
	    !memchr(t->program, 0, sizeof(t->program)))
		die("the image in this file is damaged: make it again");
	return true;
}

/* argv as ukrun would have it: options, ROOT, program, its arguments. */
static char **make_argv(int *argc, char **argv, char *program)
{
	char *options = getenv("UKRUN_OPTIONS"), *word, *at = NULL;
	char **all = calloc(MAX_WORDS + *argc + 4, sizeof(char *));
	int n = 0;

	if (!all || (options && !(options = strdup(options))))
		die("no memory");
	all[n++] = argv[0];
	for (word = options ? strtok_r(options, " ", &at) : NULL; word;
	     word = strtok_r(NULL, " ", &at)) {
		if (n > MAX_WORDS)
			die("UKRUN_OPTIONS: more than %d words", MAX_WORDS);
		all[n++] = word;
	}
	all[n++] = "(packed)";
	all[n++] = program;
	for (int i = 1; i < *argc; i++)
		all[n++] = argv[i];
	*argc = n;
	return all;
}

/* Whether there is an image in this file, and where. */
bool packed_find(int fd, unsigned long long *start, char program[232])
{
	struct trailer t;

	if (!read_trailer(fd, &t))
		return false;
	*start = t.start;
	memcpy(program, t.program, sizeof(t.program));
	return true;
}

bool packed_open(struct packed *p, int *argc, char ***argv)
{
	static struct trailer t;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (!read_trailer(fd, &t)) {
		close(fd);
		return false;
	}
	*p = (struct packed){ .fd = fd, .start = t.start };
	*argv = make_argv(argc, *argv, t.program);
	unsetenv("UKRUN_OPTIONS");
	return true;
}
