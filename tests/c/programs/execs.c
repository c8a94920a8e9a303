// SPDX-License-Identifier: GPL-2.0-only
/*
 * execs COUNT PROGRAM ARGUMENT: executes the program COUNT times, one after the
 * other. Before and after it says so and reads a line, so that somebody may
 * look at the machine from outside.
 */
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static long failed;

static void execute(char **argv)
{
	int status = -1;
	pid_t pid;

	if (posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) ||
	    waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status))
		failed++;
}

static void meet(const char *what)
{
	printf("%s\n", what);
	fflush(stdout);
	(void)!getchar();
}

int main(int argc, char **argv)
{
	long count = argc > 2 ? atol(argv[1]) : 0;

	if (!count)
		return 2;
	for (int i = 0; i < count / 50; i++)
		execute(argv + 2); /* what is only needed once */
	meet("ready");
	for (long i = 0; i < count; i++)
		execute(argv + 2);
	meet("done");
	return failed != 0;
}
