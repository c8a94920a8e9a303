// SPDX-License-Identifier: GPL-2.0-only
/*
 * opbench: what one operation of the kernel costs a program.
 *
 *   opbench OPERATION COUNT
 *
 * Does the operation COUNT times and prints nanoseconds per operation, as one
 * line of JSON. `exit` is what the vfork operation starts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *self;

static void die(const char *what)
{
	fprintf(stderr, "opbench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void op_getppid(long count)
{
	while (count--)
		getppid();
}

static void op_clock_gettime(long count)
{
	struct timespec now;

	while (count--)
		if (clock_gettime(CLOCK_MONOTONIC, &now))
			die("clock_gettime");
}

static void put(int fd)
{
	if (write(fd, "x", 1) != 1)
		die("write");
}

static void take(int fd)
{
	char octet;

	if (read(fd, &octet, 1) != 1)
		die("read");
}

static void op_pipe(long count)
{
	int ends[2];

	if (pipe(ends))
		die("pipe");
	while (count--) {
		put(ends[1]);
		take(ends[0]);
	}
	close(ends[0]);
	close(ends[1]);
}

struct echo {
	long count;
	int in, out;
};

static void *echo(void *data)
{
	struct echo *echo = data;

	for (long left = echo->count; left; left--) {
		take(echo->in);
		put(echo->out);
	}
	return NULL;
}

static void op_pingpong(long count)
{
	int there[2], back[2];
	struct echo other;
	pthread_t thread;

	if (pipe(there) || pipe(back))
		die("pipe");
	other = (struct echo){ count, there[0], back[1] };
	errno = pthread_create(&thread, NULL, echo, &other);
	if (errno)
		die("pthread_create");
	while (count--) {
		put(there[1]);
		take(back[0]);
	}
	pthread_join(thread, NULL);
	for (int end = 0; end < 2; end++) {
		close(there[end]);
		close(back[end]);
	}
}

static void op_vfork(long count)
{
	char *const argv[] = { (char *)self, "exit", "0", NULL };
	int status;
	pid_t child;

	while (count--) {
		child = vfork();
		if (child < 0)
			die("vfork");
		if (!child) {
			execv(self, argv);
			_exit(127);
		}
		if (waitpid(child, &status, 0) != child || status)
			die("the child");
	}
}

static const struct {
	const char *name;
	void (*run)(long count);
} operations[] = {
	{ "getppid", op_getppid }, { "clock_gettime", op_clock_gettime },
	{ "pipe", op_pipe },	   { "pingpong", op_pingpong },
	{ "vfork", op_vfork },
};

static double now_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now))
		die("clock_gettime");
	return now.tv_sec * 1e9 + now.tv_nsec;
}

int main(int argc, char **argv)
{
	long count = argc == 3 ? atol(argv[2]) : 0;
	double start;

	self = argv[0];
	if (argc == 3 && !strcmp(argv[1], "exit"))
		return 0;
	for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
		if (count < 1 || strcmp(argv[1], operations[i].name))
			continue;
		operations[i].run(count / 10 + 1);
		start = now_ns();
		operations[i].run(count);
		printf("{\"operation\": \"%s\", \"count\": %ld, \"ns\": %.3f}\n",
		       argv[1], count, (now_ns() - start) / count);
		return 0;
	}
	fputs("usage: opbench getppid|clock_gettime|pipe|pingpong|vfork COUNT\n",
	      stderr);
	return 1;
}
