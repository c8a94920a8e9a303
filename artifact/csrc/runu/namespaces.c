// SPDX-License-Identifier: GPL-2.0-only
/*
 * Namespaces of the host (namespaces(7)). Those for mounts, host name and IPC
 * are the library kernel's business; on the host they keep the process in.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runu.h"

static const struct {
	const char *type;
	unsigned long flag;
} kinds[] = {
	{ "user", CLONE_NEWUSER }, /* first: it gives the right to the others */
	{ "pid", CLONE_NEWPID },     { "network", CLONE_NEWNET },
	{ "mount", CLONE_NEWNS },    { "ipc", CLONE_NEWIPC },
	{ "uts", CLONE_NEWUTS },     { "cgroup", 0x02000000 },
	{ "time", 0 /* refused */ },
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

static void check(const cJSON *config)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, json_list(config, "linux.namespaces"))
	{
		const char *type = json_text(item, "type", "");
		const char *path = json_text(item, "path", NULL);
		size_t i = 0;

		while (i < KINDS && strcmp(kinds[i].type, type))
			i++;
		if (i == KINDS)
			die("config.json: linux.namespaces: %s: no such type",
			    type);
		if (!kinds[i].flag)
			die("config.json: linux.namespaces: %s: the library kernel has its own clock",
			    type);
		if (path && *path != '/')
			die("config.json: linux.namespaces: %s: path must be absolute",
			    type);
		if (config_namespace(config, type) != item)
			die("config.json: linux.namespaces: %s: twice", type);
	}
}

static const char *path_of(const cJSON *config, const char *type)
{
	const cJSON *item = config_namespace(config, type);
	const char *path = item ? json_text(item, "path", NULL) : NULL;

	return path && *path ? path : NULL;
}

/* Flags of clone(2). The mounts are always our own: the root is arranged there. */
unsigned long namespaces_new(const cJSON *config)
{
	unsigned long flags = CLONE_NEWNS;

	check(config);
	for (size_t i = 0; i < KINDS; i++)
		if (config_namespace(config, kinds[i].type) &&
		    !path_of(config, kinds[i].type))
			flags |= kinds[i].flag;
	return flags;
}

bool namespaces_user_new(const cJSON *config)
{
	return config_namespace(config, "user") && !path_of(config, "user");
}

bool has_network(const cJSON *config)
{
	return config_namespace(config, "network");
}

static void join(const char *path, unsigned long flag)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, flag))
		die("namespace %s: %s", path, strerror(errno));
	close(fd);
}

/* By the new process; its process ids are its parent's choice. */
void namespaces_join(const cJSON *config)
{
	for (size_t i = 0; i < KINDS; i++) {
		const char *path = path_of(config, kinds[i].type);

		if (path && kinds[i].flag != CLONE_NEWPID &&
		    kinds[i].flag != CLONE_NEWNS)
			join(path, kinds[i].flag);
	}
}

/* Children are born there; returns our own, to come back to. */
int namespaces_join_pid(const cJSON *config)
{
	const char *path = path_of(config, "pid");
	int own;

	if (!path)
		return -1;
	own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	join(path, CLONE_NEWPID);
	return own;
}

static void write_file(const char *path, const char *content)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, content, strlen(content)) < 0)
		die("%s: %s: %s", path, content, strerror(errno));
	close(fd);
}

static char *lines_of(const cJSON *list)
{
	char *all = text("%s", "");
	const cJSON *m;

	cJSON_ArrayForEach(m, list)
	{
		char *more = text("%s%.0f %.0f %.0f\n", all,
				  json_number(m, "containerID", 0),
				  json_number(m, "hostID", 0),
				  json_number(m, "size", 1));

		free(all);
		all = more;
	}
	return all;
}

/* user_namespaces(7): without rights of the host only one's own id, and no groups. */
void namespaces_map(const cJSON *config, pid_t pid)
{
	const cJSON *uids = json_list(config, "linux.uidMappings");
	const cJSON *gids = json_list(config, "linux.gidMappings");
	char path[64];

	if (!uids || !gids)
		die("config.json: linux.uidMappings, gidMappings: a new user namespace needs both");
	if (geteuid()) {
		snprintf(path, sizeof(path), "/proc/%d/setgroups", pid);
		write_file(path, "deny");
	}
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	write_file(path, lines_of(gids));
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	write_file(path, lines_of(uids));
}
