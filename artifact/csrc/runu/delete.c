// SPDX-License-Identifier: GPL-2.0-only
/* delete (runtime-spec, runtime, "Delete"). */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runu.h"

void delete_container(struct container *c)
{
	if (c->config)
		cgroup_remove(c);
	state_remove(c);
	if (c->config)
		hooks_run(c, "poststop", "stopped", false);
}

static bool is_stale(const struct container *c)
{
	return !c->state; /* its making was interrupted */
}

int verb_delete(int argc, char **argv)
{
	struct container c;
	const char *status;
	bool force = false;
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!option_flag("force", "f", i, argv))
			option_unknown("delete", argv[i]);
		force = true;
	}
	if (force && !state_find(&c, the_id(i, argc, argv, "delete")))
		return 0;
	state_open(&c, the_id(i, argc, argv, "delete"));
	state_lock(&c);
	status = state_status(&c);
	if (strcmp(status, "stopped") && !force && !is_stale(&c))
		die("container %s is %s: stop it first, or: runu delete --force %s",
		    c.id, status, c.id);
	process_end(&c);
	delete_container(&c);
	return 0;
}
