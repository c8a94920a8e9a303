// SPDX-License-Identifier: GPL-2.0-only
/* pause and resume, by the freezer of control groups. */
#include <string.h>

#include "runu.h"

static int change(int argc, char **argv, const char *from, bool frozen)
{
	struct container c;
	const char *status;

	state_open(&c, the_id(1, argc, argv, argv[0]));
	status = state_status(&c);
	if (strcmp(status, from))
		die("container %s is %s: only a %s one can be told to %s", c.id,
		    status, from, argv[0]);
	cgroup_freeze(&c, frozen);
	return 0;
}

int verb_pause(int argc, char **argv)
{
	return change(argc, argv, "running", true);
}

int verb_resume(int argc, char **argv)
{
	return change(argc, argv, "paused", false);
}
