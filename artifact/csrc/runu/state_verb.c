// SPDX-License-Identifier: GPL-2.0-only
/* state, list, ps: what there is. */
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runu.h"

int verb_state(int argc, char **argv)
{
	struct container c;

	state_open(&c, the_id(1, argc, argv, "state"));
	json_print(state_report(&c, state_status(&c)));
	return 0;
}

static bool is_json(const char *format, const char *verb)
{
	if (!strcmp(format, "json"))
		return true;
	if (strcmp(format, "table"))
		die("%s: --format %s: table or json", verb, format);
	return false;
}

static void list_one(const char *id, bool quiet, cJSON *all)
{
	struct container c;
	const char *status;
	cJSON *row;

	if (!state_find(&c, id))
		return;
	c.config = NULL;
	state_open(&c, id);
	status = state_status(&c);
	if (quiet) {
		puts(id);
	} else if (all) {
		row = state_report(&c, status);
		cJSON_AddStringToObject(row, "created",
					json_text(c.state, "created", ""));
		cJSON_AddItemToArray(all, row);
	} else {
		printf("%-24s %-8d %-8s %s\n", id,
		       strcmp(status, "stopped") ? c.pid : 0, status,
		       c.bundle ?: "");
	}
}

static int is_name(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

int verb_list(int argc, char **argv)
{
	const char *format = "table";
	struct dirent **names;
	bool quiet = false;
	cJSON *all;
	int n;

	for (int i = 1; i < argc; i++) {
		if (option_flag("quiet", "q", i, argv))
			quiet = true;
		else if (!option_value("format", "f", &format, &i, argc, argv))
			option_unknown("list", argv[i]);
	}
	all = is_json(format, "list") ? cJSON_CreateArray() : NULL;
	if (!all && !quiet)
		printf("%-24s %-8s %-8s %s\n", "ID", "PID", "STATUS", "BUNDLE");
	n = scandir(globals.root, &names, is_name, alphasort);
	for (int i = 0; i < n; i++)
		list_one(names[i]->d_name, quiet, all);
	if (all && !quiet)
		json_print(all);
	return 0;
}

int verb_ps(int argc, char **argv)
{
	const char *format = "table", *status;
	struct container c;
	cJSON *all;
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++)
		if (!option_value("format", "f", &format, &i, argc, argv))
			option_unknown("ps", argv[i]);
	if (i < argc && argc - i > 1)
		argc = i + 1; /* engines add options of ps(1) */
	state_open(&c, the_id(i, argc, argv, "ps"));
	status = state_status(&c);
	if (is_json(format, "ps")) {
		all = cJSON_CreateArray();
		if (strcmp(status, "stopped"))
			cJSON_AddItemToArray(all, cJSON_CreateNumber(c.pid));
		json_print(all);
		return 0;
	}
	if (strcmp(status, "running"))
		die("container %s is %s: it has no programs to show", c.id,
		    status);
	printf("PID COMMAND\n%s", client_answer(&c, "ps"));
	return 0;
}
