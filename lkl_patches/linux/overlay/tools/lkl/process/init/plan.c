// SPDX-License-Identifier: GPL-2.0-only
/* What a program is to be, from the words of /setup or of a request. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "init.h"

/* Room for as many arguments and variables as @text has items. */
bool plan_init(struct plan *plan, const char *text, size_t size)
{
	size_t items = 0;

	for (size_t i = 0; i < size; i++)
		items += !text[i];
	*plan = (struct plan){ .cwd = "/", .mask = -1 };
	plan->argv = calloc(items + 1, sizeof(char *));
	plan->envp = calloc(items + 1, sizeof(char *));
	return plan->argv && plan->envp;
}

/* A number at @text, up to @end; the last one is no user's or group's. */
static bool id(const char *text, const char *end, unsigned int *to)
{
	unsigned long value;
	char *last;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoul(text, &last, 10);
	*to = value;
	return last == end && !errno && value < UINT_MAX;
}

/* UID[:GID[,GROUP...]]; without the list the one group is GID. */
static void user(struct plan *plan, const char *text)
{
	const char *end = strchrnul(text, ':'), *at;
	bool good = id(text, end, &plan->uid);

	plan->gid = plan->uid;
	if (*end) {
		at = end + 1;
		end = at + strcspn(at, ",");
		good = good && id(at, end, &plan->gid);
	}
	plan->groups[0] = plan->gid;
	plan->group_count = 1;
	while (good && *end) {
		at = end + 1;
		end = at + strcspn(at, ",");
		good = plan->group_count < MAX_GROUPS &&
		       id(at, end, &plan->groups[plan->group_count++]);
	}
	if (!good)
		fail("--user %s: not UID[:GID] in numbers", text);
}

/* What comes later replaces an earlier value. */
static void environment(struct plan *plan, char *text)
{
	size_t name = strcspn(text, "=") + 1, i = 0;

	while (i < plan->envs && strncmp(plan->envp[i], text, name))
		i++;
	plan->envp[i] = text;
	plan->envs += i == plan->envs;
}

static void capabilities(struct plan *plan, const char *text)
{
	struct capabilities *c = &plan->caps;

	if (sscanf(text, "%llx:%llx:%llx:%llx:%llx", &c->bounding,
		   &c->effective, &c->inheritable, &c->permitted,
		   &c->ambient) != 5)
		fail("/setup: caps=%s", text);
	plan->capable = true;
}

static void limit(struct plan *plan, const char *text)
{
	int i = plan->limit_count++;

	if (i == MAX_LIMITS ||
	    sscanf(text, "%d:%llu:%llu", &plan->limits[i].resource,
		   &plan->limits[i].soft, &plan->limits[i].hard) != 3)
		fail("/setup: rlimit=%s", text);
}

bool plan_item(struct plan *plan, const char *key, char *value)
{
	if (!strcmp(key, "arg"))
		plan->argv[plan->args++] = value;
	else if (!strcmp(key, "env"))
		environment(plan, value);
	else if (!strcmp(key, "cwd"))
		plan->cwd = value;
	else if (!strcmp(key, "user"))
		user(plan, value);
	else if (!strcmp(key, "tty"))
		plan->tty = *value == '1';
	else if (!strcmp(key, "caps"))
		capabilities(plan, value);
	else if (!strcmp(key, "nnp"))
		plan->no_new_privs = *value == '1';
	else if (!strcmp(key, "seccomp"))
		plan->filter = value;
	else if (!strcmp(key, "umask"))
		plan->mask = strtol(value, NULL, 8);
	else if (!strcmp(key, "rlimit"))
		limit(plan, value);
	else if (!strcmp(key, "keep"))
		plan->kept = atoi(value);
	else
		return false;
	return true;
}
