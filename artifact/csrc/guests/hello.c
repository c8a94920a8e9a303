// SPDX-License-Identifier: GPL-2.0-only
/*
 * The smallest program of a container: says hello, with its argument where it
 * has one. With a second argument it then stays, doing nothing.
 */
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *whom = argc > 1 ? argv[1] : "world";

	if (printf("hello, %s\n", whom) < 0 || fflush(stdout))
		return 1;
	while (argc > 2)
		pause();
	return 0;
}
