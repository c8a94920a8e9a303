// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control groups (cgroups(7)), version 1 with a hierarchy for each controller,
 * or version 2 with one for all. Where both are mounted, the controllers are
 * those of version 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runu.h"

#define MAX_HIERARCHIES 16

struct hierarchy {
	char mount[256], controllers[256];
	bool v2;
};

static struct hierarchy found[MAX_HIERARCHIES];
static int count = -1;

static const char *const controllers[] = { "memory",  "cpu",   "cpuacct",
					   "cpuset",  "pids",  "freezer",
					   "devices", "blkio", NULL };

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = list; at; at = strchr(at, ','), at += at != NULL)
		if (!strncmp(at, word, n) && (!at[n] || at[n] == ','))
			return true;
	return false;
}

static bool is_known(const char *options)
{
	for (int i = 0; controllers[i]; i++)
		if (has_word(options, controllers[i]))
			return true;
	return false;
}

/* /proc/self/mountinfo: "... MOUNT OPTIONS ... - TYPE SOURCE OPTIONS" */
static void add_line(char *line)
{
	struct hierarchy *h = &found[count];
	char *end = strstr(line, " - "), type[32], options[256];

	if (!end || count == MAX_HIERARCHIES ||
	    sscanf(end, " - %31s %*s %255s", type, options) != 2 ||
	    sscanf(line, "%*s %*s %*s %*s %255s", h->mount) != 1)
		return;
	h->v2 = !strcmp(type, "cgroup2");
	if (!h->v2 && (strcmp(type, "cgroup") || !is_known(options)))
		return;
	for (int i = 0; i < count; i++)
		if (!strcmp(found[i].controllers, options) && !h->v2)
			return; /* mounted twice */
	snprintf(h->controllers, sizeof(h->controllers), "%s", options);
	count++;
}

static void look(void)
{
	char line[2048];
	FILE *f;
	bool v1 = false;
	int kept = 0;

	if (count >= 0)
		return;
	count = 0;
	f = fopen("/proc/self/mountinfo", "re");
	while (f && fgets(line, sizeof(line), f))
		add_line(line);
	if (f)
		fclose(f);
	for (int i = 0; i < count; i++)
		v1 = v1 || !found[i].v2;
	for (int i = 0; i < count; i++)
		if (!v1 || !found[i].v2)
			found[kept++] = found[i];
	count = kept;
}

bool cgroup_is_v2(void)
{
	look();
	return count && found[0].v2;
}

/* linux.cgroupsPath; without one a group of the container's own. */
static const char *path_of(const struct container *c)
{
	const char *path = json_text(c->config, "linux.cgroupsPath", NULL);
	static char own[256];

	snprintf(own, sizeof(own), "/ukontainer/%s", c->id);
	if (!path || !*path)
		return own;
	if (strchr(path, ':'))
		die("config.json: linux.cgroupsPath: %s: systemd's form; runu uses the file system (docker: native.cgroupdriver=cgroupfs)",
		    path);
	if (strstr(path, ".."))
		die("config.json: linux.cgroupsPath: %s: leaves its hierarchy",
		    path);
	return path;
}

static char *dir_in(const struct hierarchy *h, const struct container *c)
{
	const char *path = path_of(c);

	return text("%s/%s", h->mount, path + strspn(path, "/"));
}

/* cpuset(7): version 1 starts empty; a group takes its parent's. */
static void inherit(const char *parent, const char *dir, const char *file)
{
	char from[512], to[512], value[4096];
	ssize_t n;
	int fd;

	snprintf(from, sizeof(from), "%s/%s", parent, file);
	snprintf(to, sizeof(to), "%s/%s", dir, file);
	fd = open(from, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, value, sizeof(value));
	if (fd >= 0)
		close(fd);
	fd = open(to, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && n > 0)
		(void)!write(fd, value, n);
	if (fd >= 0)
		close(fd);
}

/* Version 2: what the children may have is said in the parent. */
static void enable(const char *parent)
{
	static const char *const wanted[] = { "+memory", "+cpu", "+cpuset",
					      "+pids", "+io" };
	char file[512];
	int fd;

	snprintf(file, sizeof(file), "%s/cgroup.subtree_control", parent);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	for (size_t i = 0; fd >= 0 && i < sizeof(wanted) / sizeof(*wanted); i++)
		(void)!write(fd, wanted[i], strlen(wanted[i]));
	if (fd >= 0)
		close(fd);
}

static bool make(const struct hierarchy *h, char *dir)
{
	char *at = dir + strlen(h->mount);

	while (at) {
		char *next = strchr(at + 1, '/');

		*at = 0;
		if (h->v2)
			enable(dir);
		*at = '/';
		if (next)
			*next = 0;
		if (mkdir(dir, 0755) && errno != EEXIST)
			return false;
		if (has_word(h->controllers, "cpuset") && !h->v2) {
			char *parent = text("%.*s", (int)(at - dir), dir);

			inherit(parent, dir, "cpuset.cpus");
			inherit(parent, dir, "cpuset.mems");
			free(parent);
		}
		if (next)
			*next = '/';
		at = next;
	}
	return true;
}

void cgroup_create(struct container *c)
{
	look();
	for (int i = 0; i < count; i++) {
		char *dir = dir_in(&found[i], c);

		if (make(&found[i], dir)) {
			resources_write(c->config, found[i].controllers, dir,
					found[i].v2);
		} else if (!geteuid()) {
			die("control group %s: %s", dir, strerror(errno));
		} else {
			note("no control group %s: %s (rootless)", dir,
			     strerror(errno));
		}
		free(dir);
	}
}

static bool put(const char *dir, const char *file, const char *value)
{
	char path[512];
	bool good;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	good = fd >= 0 && write(fd, value, strlen(value)) >= 0;
	if (fd >= 0)
		close(fd);
	return good;
}

void cgroup_add(const struct container *c, pid_t pid)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", pid);
	for (int i = 0; i < count; i++) {
		char *dir = dir_in(&found[i], c);

		if (!put(dir, "cgroup.procs", number) && !geteuid())
			die("control group %s: %s", dir, strerror(errno));
		free(dir);
	}
}

/*
 * By the new process itself. Version 1 lets a thread move itself alone, without
 * the lock that all forks of the host wait for: that is the larger part of what
 * it takes to join the groups.
 */
bool cgroup_join(const struct container *c)
{
	bool all = !cgroup_is_v2();

	for (int i = 0; i < count && all; i++) {
		char *dir = dir_in(&found[i], c);

		all = put(dir, "tasks", "0");
		free(dir);
	}
	return all;
}

/* A group is busy until the kernel has forgotten its processes. */
void cgroup_remove(const struct container *c)
{
	struct timespec moment = { .tv_nsec = 5000000 };

	look();
	for (int i = 0; i < count; i++) {
		char *dir = dir_in(&found[i], c);

		for (int n = 0; n < 200 && rmdir(dir) && errno == EBUSY; n++)
			nanosleep(&moment, NULL);
		free(dir);
	}
}

static const struct hierarchy *with(const char *controller)
{
	look();
	for (int i = 0; i < count; i++)
		if (found[i].v2 || has_word(found[i].controllers, controller))
			return &found[i];
	return NULL;
}

bool cgroup_read(const struct container *c, const char *controller,
		 const char *file, char *to, size_t size)
{
	const struct hierarchy *h = with(controller);
	char *dir = h ? dir_in(h, c) : NULL, *path;
	ssize_t n;
	int fd;

	if (!dir)
		return false;
	path = text("%s/%s", dir, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, to, size - 1);
	to[n > 0 ? n : 0] = 0;
	if (fd >= 0)
		close(fd);
	free(path);
	free(dir);
	return n >= 0;
}

static const char *freezer_file(void)
{
	return cgroup_is_v2() ? "cgroup.freeze" : "freezer.state";
}

bool cgroup_frozen(const struct container *c)
{
	char state[32];

	return c->config &&
	       cgroup_read(c, "freezer", freezer_file(), state,
			   sizeof(state)) &&
	       (!strncmp(state, "FR", 2) || state[0] == '1');
}

void cgroup_freeze(const struct container *c, bool frozen)
{
	const struct hierarchy *h = with("freezer");
	char *dir = h ? dir_in(h, c) : NULL;
	const char *word = h && h->v2 ? (frozen ? "1" : "0") :
			   frozen     ? "FROZEN" :
					"THAWED";

	if ((!dir || !put(dir, freezer_file(), word)) && frozen)
		die("no control group to pause in (freezer)");
	free(dir);
}
