// SPDX-License-Identifier: GPL-2.0-only
/*
 * /bin/sh of the test root: `sh -c COMMAND` for the few words that the tests of
 * system() and popen() use. exit N, echo WORD..., copy (stdin to stdout), kill N.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char *command = argc == 3 && !strcmp(argv[1], "-c") ? argv[2] : "";
	char *word = strtok(command, " ");
	int c;

	if (!word)
		return 2;
	if (!strcmp(word, "exit"))
		return atoi(strtok(NULL, " "));
	if (!strcmp(word, "kill"))
		return kill(getpid(), atoi(strtok(NULL, " ")));
	if (!strcmp(word, "copy"))
		while ((c = getchar()) != EOF)
			putchar(c);
	else if (!strcmp(word, "echo"))
		while ((word = strtok(NULL, " ")))
			printf("%s\n", word);
	else
		return 127;
	return 0;
}
