// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is known of a container between two runs of runu:
 *
 *	ROOT/ID/state.json	ids, bundle, control group
 *	ROOT/ID/config.json	as it was when the container was created
 *	ROOT/ID/control		socket of the container's process
 *	ROOT/ID/started		is there once "start" was told
 *
 * Whether it runs is not kept: the process is looked at.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runu.h"

void state_check_id(const char *id)
{
	if (!*id || strlen(id) > 200 || !strcmp(id, ".") || !strcmp(id, ".."))
		die("container id \"%s\": 1 to 200 characters", id);
	for (const char *c = id; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_+-.", *c))
			die("container id %s: letters, digits, and + - . _ only",
			    id);
}

char *state_file(const struct container *c, const char *name)
{
	return text("%s/%s", c->dir, name);
}

static void name_dir(struct container *c, const char *id)
{
	state_check_id(id);
	*c = (struct container){ .id = id };
	c->dir = text("%s/%s", globals.root, id);
}

static void make_root(void)
{
	char *path = text("%s", globals.root);

	for (char *c = path + 1; (c = strchr(c, '/')); c++) {
		*c = 0;
		mkdir(path, 0711);
		*c = '/';
	}
	if (mkdir(path, 0711) && errno != EEXIST)
		die("--root %s: %s", path, strerror(errno));
	free(path);
}

void state_new(struct container *c, const char *id)
{
	name_dir(c, id);
	make_root();
	if (!mkdir(c->dir, 0711))
		return;
	if (errno == EEXIST)
		die("container %s exists already; choose another id, or: runu delete %s",
		    id, id);
	die("%s: %s", c->dir, strerror(errno));
}

/* The 22nd word of /proc/PID/stat, behind the name, which may hold anything. */
bool process_look(pid_t pid, char *letter, unsigned long long *born)
{
	char file[32], line[1024], *at;
	FILE *f;

	snprintf(file, sizeof(file), "/proc/%d/stat", pid);
	f = fopen(file, "re");
	if (!f)
		return false;
	at = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	fclose(f);
	return at && sscanf(at + 2,
			    "%c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u "
			    "%*u %*d %*d %*d %*d %*d %*d %llu",
			    letter, born) == 2;
}

bool state_running(const struct container *c)
{
	unsigned long long born;
	char letter;

	return c->pid > 0 && process_look(c->pid, &letter, &born) &&
	       born == c->born && letter != 'Z' && letter != 'X';
}

/* A reader may come before the writer has finished: the file is whole or absent. */
bool state_find(struct container *c, const char *id)
{
	char *file;
	bool there;

	name_dir(c, id);
	file = state_file(c, "state.json");
	there = !access(c->dir, F_OK);
	if (there && !access(file, F_OK)) {
		c->state = json_load(file);
		c->bundle = (char *)json_text(c->state, "bundle", "");
		c->pid = json_number(c->state, "pid", 0);
		c->born = strtoull(json_text(c->state, "born", "0"), NULL, 10);
	}
	free(file);
	return there;
}

void state_open(struct container *c, const char *id)
{
	char *file;

	if (!state_find(c, id))
		die("container %s does not exist; try: runu list", id);
	file = state_file(c, "config.json");
	if (!access(file, F_OK))
		c->config = json_load(file);
	free(file);
}

/* Held until this process ends. */
void state_lock(struct container *c)
{
	int fd = open(c->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX))
		die("container %s does not exist; try: runu list", c->id);
}

static void write_whole(const struct container *c, const char *name,
			const cJSON *value)
{
	char *file = state_file(c, name), *new = text("%s.new", file);
	char *json = json_line(value);
	FILE *f = fopen(new, "we");

	if (!f || fputs(json, f) < 0 || fclose(f) || rename(new, file))
		die("%s: %s", file, strerror(errno));
	free(json);
	free(new);
	free(file);
}

static char *now(void)
{
	static char when[64];
	struct timespec ts;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &ts);
	n = strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S",
		     gmtime(&ts.tv_sec));
	snprintf(when + n, sizeof(when) - n, ".%09ldZ", ts.tv_nsec);
	return when;
}

void state_save(struct container *c)
{
	cJSON *s = cJSON_CreateObject();
	unsigned long long own = 0;
	char born[32], letter;

	if (c->pid && !process_look(c->pid, &letter, &c->born))
		die("the container's process has ended while it was made");
	snprintf(born, sizeof(born), "%llu", c->born);
	cJSON_AddStringToObject(s, "id", c->id);
	cJSON_AddStringToObject(s, "bundle", c->bundle);
	cJSON_AddNumberToObject(s, "pid", c->pid);
	cJSON_AddStringToObject(s, "born", born);
	if (c->foreground) {
		process_look(getpid(), &letter, &own);
		snprintf(born, sizeof(born), "%llu", own);
		cJSON_AddNumberToObject(s, "runtime", getpid());
		cJSON_AddStringToObject(s, "runtimeBorn", born);
	}
	cJSON_AddStringToObject(s, "created", now());
	write_whole(c, "state.json", s);
	c->state = s;
}

void state_save_config(const struct container *c)
{
	write_whole(c, "config.json", c->config);
}

void state_mark_started(const struct container *c)
{
	char *file = state_file(c, "started");
	int fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

	if (fd >= 0)
		close(fd);
	free(file);
}

static bool is_started(const struct container *c)
{
	char *file = state_file(c, "started");
	bool started = !access(file, F_OK);

	free(file);
	return started;
}

/* runtime-spec, runtime, "State"; and "paused", as other runtimes have it. */
const char *state_status(const struct container *c)
{
	if (!c->state || !c->pid)
		return "creating";
	if (!state_running(c))
		return "stopped";
	if (cgroup_frozen(c))
		return "paused";
	return is_started(c) ? "running" : "created";
}

cJSON *state_report(const struct container *c, const char *status)
{
	cJSON *s = cJSON_CreateObject();
	const cJSON *annotations = json_get(c->config, "annotations");
	bool lives = strcmp(status, "stopped") && strcmp(status, "creating");

	cJSON_AddStringToObject(s, "ociVersion", SPEC_VERSION);
	cJSON_AddStringToObject(s, "id", c->id);
	cJSON_AddStringToObject(s, "status", status);
	if (lives || (!strcmp(status, "creating") && c->pid))
		cJSON_AddNumberToObject(s, "pid", c->pid);
	cJSON_AddStringToObject(s, "bundle", c->bundle ?: "");
	if (annotations)
		cJSON_AddItemToObject(s, "annotations",
				      cJSON_Duplicate(annotations, true));
	return s;
}

/* Only what runu itself puts there. */
void state_remove(const struct container *c)
{
	DIR *d = opendir(c->dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	rmdir(c->dir);
}

/* The end of its process, however it takes it. */
void process_end(const struct container *c)
{
	struct timespec moment = { .tv_nsec = 2000000 };

	if (!state_running(c))
		return;
	cgroup_freeze(c, false);
	kill(c->pid, SIGKILL);
	for (int i = 0; i < 2500 && state_running(c); i++)
		nanosleep(&moment, NULL);
}
