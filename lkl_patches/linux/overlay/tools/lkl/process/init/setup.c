// SPDX-License-Identifier: GPL-2.0-only
/*
 * /setup: "key=value" after "key=value", each ended by NUL, done in this order.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

static void user(struct plan *plan, const char *text)
{
	const char *end = strchrnul(text, ':');
	bool good = id(text, end, &plan->uid);

	plan->gid = plan->uid;
	if (*end)
		good = good && id(end + 1, strchr(end, 0), &plan->gid);
	if (!good)
		fail("--user %s: not UID[:GID] in numbers", text);
}

static void hostname(const char *name)
{
	if (sethostname(name, strlen(name)))
		fail("--hostname %s: %s", name, strerror(errno));
}

static size_t args, envs;

/* What comes later replaces an earlier value. */
static void add_environment(struct plan *plan, char *text)
{
	size_t name = strcspn(text, "=") + 1, i = 0;

	while (i < envs && strncmp(plan->envp[i], text, name))
		i++;
	plan->envp[i] = text;
	envs += i == envs;
}

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
		add_environment(plan, value);
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
