// SPDX-License-Identifier: GPL-2.0-only
/*
 * /setup: "key=value" after "key=value", each ended by NUL, done in this order.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

static char *read_all(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	char *text;

	if (fd < 0 || fstat(fd, &st))
		fail("no %s: %s", path, strerror(errno));
	text = malloc(st.st_size + 1);
	if (!text || read(fd, text, st.st_size) != st.st_size)
		fail("%s: %s", path, strerror(errno));
	text[st.st_size] = 0;
	*size = st.st_size;
	close(fd);
	unlink(path);
	return text;
}

static void user(struct plan *plan, const char *text)
{
	int end = 0;

	if (sscanf(text, "%u%n", &plan->uid, &end) != 1)
		fail("--user %s: not UID[:GID]", text);
	plan->gid = plan->uid;
	if (text[end] == ':')
		text += end, end = 0, sscanf(text, ":%u%n", &plan->gid, &end);
	if (text[end])
		fail("--user: not UID[:GID] in numbers");
}

static void hostname(const char *name)
{
	if (sethostname(name, strlen(name)))
		fail("--hostname %s: %s", name, strerror(errno));
}

static size_t args, envs;

static void item(struct plan *plan, const char *key, char *value)
{
	if (!strcmp(key, "root"))
		mount_root(value);
	else if (!strcmp(key, "bind"))
		mount_bind(value, false);
	else if (!strcmp(key, "libc") || !strcmp(key, "view"))
		mount_bind(value, true);
	else if (!strcmp(key, "scratch"))
		mount_scratch(value);
	else if (!strcmp(key, "up"))
		network_up(value);
	else if (!strcmp(key, "address"))
		network_address(value);
	else if (!strcmp(key, "gateway"))
		network_gateway(value);
	else if (!strcmp(key, "address6"))
		network_address6(value);
	else if (!strcmp(key, "gateway6"))
		network_gateway6(value);
	else if (!strcmp(key, "hostname"))
		hostname(value);
	else if (!strcmp(key, "cwd"))
		plan->cwd = value;
	else if (!strcmp(key, "user"))
		user(plan, value);
	else if (!strcmp(key, "tty"))
		plan->tty = *value == '1';
	else if (!strcmp(key, "pid1"))
		plan->pid1 = *value == '1';
	else if (!strcmp(key, "env"))
		plan->envp[envs++] = value;
	else if (!strcmp(key, "arg"))
		plan->argv[args++] = value;
	else
		fail("/setup: unknown key %s", key);
}

void setup_read(struct plan *plan)
{
	size_t size, items = 0;
	char *at = read_all("/setup", &size), *last = at + size;

	for (size_t i = 0; i < size; i++)
		items += !at[i];
	plan->argv = calloc(items + 1, sizeof(char *));
	plan->envp = calloc(items + 1, sizeof(char *));
	if (!plan->argv || !plan->envp)
		fail("no memory for arguments");
	network_up("lo");
	while (at < last) {
		char *next = at + strlen(at) + 1;
		char *value = strchr(at, '=');

		*value++ = 0;
		item(plan, at, value);
		at = next;
	}
	mounts_finish();
}
