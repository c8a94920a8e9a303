// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the tests of starting programs start: child exit N, child echo TEXT,
 * child env NAME, child fd N (0 if open), child mask SIGNAL (0 if blocked),
 * child ignored SIGNAL, child pgid (0 if its own), child cwd.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int blocked(int number)
{
	sigset_t set;

	sigprocmask(SIG_BLOCK, NULL, &set);
	return sigismember(&set, number);
}

static int ignored(int number)
{
	struct sigaction action;

	sigaction(number, NULL, &action);
	return action.sa_handler == SIG_IGN;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	const char *text = argc > 2 ? argv[2] : "";
	const char *value;
	char here[256];

	if (!strcmp(what, "exit"))
		return atoi(text);
	if (!strcmp(what, "fd"))
		return fcntl(atoi(text), F_GETFD) == -1;
	if (!strcmp(what, "mask"))
		return !blocked(atoi(text));
	if (!strcmp(what, "ignored"))
		return !ignored(atoi(text));
	if (!strcmp(what, "pgid"))
		return getpgrp() != getpid();
	if (!strcmp(what, "echo"))
		printf("%s\n", text);
	else if (!strcmp(what, "env"))
		printf("%s\n", (value = getenv(text)) ? value : "(none)");
	else if (!strcmp(what, "cwd"))
		printf("%s\n", getcwd(here, sizeof(here)));
	else
		return 99;
	return 0;
}
