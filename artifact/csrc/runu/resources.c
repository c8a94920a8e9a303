// SPDX-License-Identifier: GPL-2.0-only
/* linux.resources (runtime-spec, config-linux, "Control groups") as files. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runu.h"

static bool has(const char *list, const char *word)
{
	const char *at = strstr(list, word);
	size_t n = strlen(word);

	return at && (at == list || at[-1] == ',') && (!at[n] || at[n] == ',');
}

static void put(const char *dir, const char *file, const char *value)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		warn("%s: this host has no such limit", path);
		return;
	}
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		die("%s: %s: %s", path, value, strerror(errno));
	close(fd);
}

/* What is limited, where it is said, and in which file it goes. */
static const struct limit {
	const char *controller, *path, *file;
	bool v2;
} limits[] = {
	{ "memory", "memory.limit", "memory.limit_in_bytes", false },
	{ "memory", "memory.reservation", "memory.soft_limit_in_bytes", false },
	{ "memory", "memory.swap", "memory.memsw.limit_in_bytes", false },
	{ "memory", "memory.kernelTCP", "memory.kmem.tcp.limit_in_bytes",
	  false },
	{ "cpu", "cpu.shares", "cpu.shares", false },
	{ "cpu", "cpu.period", "cpu.cfs_period_us", false },
	{ "cpu", "cpu.quota", "cpu.cfs_quota_us", false },
	{ "pids", "pids.limit", "pids.max", false },
	{ "blkio", "blockIO.weight", "blkio.weight", false },
	{ "memory", "memory.limit", "memory.max", true },
	{ "memory", "memory.reservation", "memory.low", true },
	{ "pids", "pids.limit", "pids.max", true },
};

static void write_limit(const cJSON *resources, const struct limit *l,
			const char *dir)
{
	const cJSON *value = json_get(resources, l->path);
	bool none;
	char number[32];

	if (!value)
		return;
	none = json_number(resources, l->path, 0) < 0 ||
	       (!strcmp(l->controller, "pids") &&
		json_number(resources, l->path, 0) == 0);
	if (none && (l->v2 || !strcmp(l->controller, "pids")))
		snprintf(number, sizeof(number), "max");
	else
		snprintf(number, sizeof(number), "%.0f",
			 json_number(resources, l->path, 0));
	if (!strcmp(number, "0") && strcmp(l->controller, "pids"))
		return; /* "not set", as engines write it */
	put(dir, l->file, number);
}

static void write_cpuset(const cJSON *resources, const char *dir)
{
	const char *cpus = json_text(resources, "cpu.cpus", "");
	const char *mems = json_text(resources, "cpu.mems", "");

	if (*cpus)
		put(dir, "cpuset.cpus", cpus);
	if (*mems)
		put(dir, "cpuset.mems", mems);
}

/* Version 2 has quota and period in one file, and weights of its own. */
static void write_cpu_v2(const cJSON *resources, const char *dir)
{
	double quota = json_number(resources, "cpu.quota", 0);
	double period = json_number(resources, "cpu.period", 100000);
	double shares = json_number(resources, "cpu.shares", 0);
	char value[64];

	if (quota > 0)
		snprintf(value, sizeof(value), "%.0f %.0f", quota, period);
	else
		snprintf(value, sizeof(value), "max %.0f", period);
	if (quota)
		put(dir, "cpu.max", value);
	if (shares < 2)
		return;
	snprintf(value, sizeof(value), "%.0f",
		 1 + (shares - 2) * 9999 / 262142);
	put(dir, "cpu.weight", value);
}

/* Version 1 counts memory and swap together, and so does config.json. */
static void write_swap_v2(const cJSON *resources, const char *dir)
{
	double both = json_number(resources, "memory.swap", 0);
	double memory = json_number(resources, "memory.limit", 0);
	char value[32];

	if (!both)
		return;
	if (both > 0 && (memory <= 0 || both < memory))
		die("config.json: linux.resources.memory.swap: %.0f: memory and swap together, so not without memory.limit, and not less",
		    both);
	if (both < 0)
		snprintf(value, sizeof(value), "max");
	else
		snprintf(value, sizeof(value), "%.0f", both - memory);
	put(dir, "memory.swap.max", value);
}

/* Version 1 has weights from 10 to 1000, version 2 from 1 to 10000. */
static void write_weight_v2(const cJSON *resources, const char *dir)
{
	double weight = json_number(resources, "blockIO.weight", 0);
	char value[32];

	if (weight < 10)
		return;
	snprintf(value, sizeof(value), "%.0f", 1 + (weight - 10) * 9999 / 990);
	put(dir, "io.weight", value);
}

static void write_devices(const cJSON *resources, const char *dir)
{
	const cJSON *rule;

	cJSON_ArrayForEach(rule, json_list(resources, "devices"))
	{
		const char *type = json_text(rule, "type", "a");
		double major = json_number(rule, "major", -1);
		double minor = json_number(rule, "minor", -1);
		char line[96], number[2][16] = { "*", "*" };

		if (major >= 0)
			snprintf(number[0], 16, "%.0f", major);
		if (minor >= 0)
			snprintf(number[1], 16, "%.0f", minor);
		snprintf(line, sizeof(line), "%s %s:%s %s", *type ? type : "a",
			 number[0], number[1],
			 json_text(rule, "access", "rwm"));
		put(dir,
		    json_bool(rule, "allow", false) ? "devices.allow" :
						      "devices.deny",
		    *type == 'a' || !*type ? "a" : line);
	}
}

void resources_write(const cJSON *config, const char *controllers,
		     const char *dir, bool v2)
{
	const cJSON *r = json_get(config, "linux.resources");

	if (!r)
		return;
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		if (limits[i].v2 == v2 &&
		    (v2 || has(controllers, limits[i].controller)))
			write_limit(r, &limits[i], dir);
	if (v2 || has(controllers, "cpuset"))
		write_cpuset(r, dir);
	if (v2 && json_get(r, "devices"))
		note("config.json: linux.resources.devices: ignored: on control groups version 2 the rules are a program; devices of the host are shut out by the mounts");
	if (v2 && json_get(r, "memory.kernelTCP"))
		note("config.json: linux.resources.memory.kernelTCP: ignored: control groups version 2 have no such limit");
	if (v2) {
		write_cpu_v2(r, dir);
		write_swap_v2(r, dir);
		write_weight_v2(r, dir);
	} else if (has(controllers, "devices")) {
		write_devices(r, dir);
	}
}
