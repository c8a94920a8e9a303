// SPDX-License-Identifier: GPL-2.0-only
/*
 * A runtime in the foreground that was killed (SIGKILL) takes its container with
 * it, but cannot delete it: the next one that creates a container does.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "runu.h"

static int is_name(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static bool lives(const cJSON *state, const char *pid, const char *born)
{
	unsigned long long now;
	char letter;

	return process_look(json_number(state, pid, 0), &letter, &now) &&
	       letter != 'Z' &&
	       now == strtoull(json_text(state, born, "0"), NULL, 10);
}

static bool is_orphan(struct container *c, const char *id)
{
	return state_find(c, id) && c->state && json_get(c->state, "runtime") &&
	       !lives(c->state, "runtime", "runtimeBorn") && !state_running(c);
}

void orphans_remove(void)
{
	struct dirent **names;
	struct container c;
	int n = scandir(globals.root, &names, is_name, NULL);

	for (int i = 0; i < n; i++) {
		if (is_orphan(&c, names[i]->d_name)) {
			state_open(&c, names[i]->d_name);
			delete_container(&c);
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}
