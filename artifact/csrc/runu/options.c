// SPDX-License-Identifier: GPL-2.0-only
/* Words of the command line: "--name value", "--name=value", "-n value". */
#include <string.h>

#include "runu.h"

/* When argv[*i] is the option, its value is taken and *i moves on. */
bool option_value(const char *name, const char *letter, const char **value,
		  int *i, int argc, char **argv)
{
	const char *word = argv[*i];
	size_t n = strlen(name);

	if (!strncmp(word, "--", 2) && !strncmp(word + 2, name, n) &&
	    word[n + 2] == '=') {
		*value = word + n + 3;
		return true;
	}
	if ((strncmp(word, "--", 2) || strcmp(word + 2, name)) &&
	    (!letter || word[0] != '-' || strcmp(word + 1, letter)))
		return false;
	if (*i + 1 >= argc)
		die("%s: its value is missing", word);
	*value = argv[++*i];
	return true;
}

/* Engines write --detach=true, too. */
bool option_flag(const char *name, const char *letter, int i, char **argv)
{
	const char *word = argv[i];
	size_t n = strlen(name);

	if (letter && word[0] == '-' && !strcmp(word + 1, letter))
		return true;
	return !strncmp(word, "--", 2) && !strncmp(word + 2, name, n) &&
	       (!word[n + 2] || !strcmp(word + n + 2, "=true"));
}

void option_unknown(const char *verb, const char *word)
{
	die("%s: unknown option %s; try: runu --help", verb, word);
}

const char *the_id(int i, int argc, char **argv, const char *verb)
{
	if (i >= argc)
		die("%s: the container's id is missing; try: runu --help",
		    verb);
	if (i + 1 < argc)
		die("%s: %s: one word too many", verb, argv[i + 1]);
	return argv[i];
}
