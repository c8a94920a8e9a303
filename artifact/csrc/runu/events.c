// SPDX-License-Identifier: GPL-2.0-only
/*
 * events: what a container uses. Of its process, from the control group (the
 * fields are those of runc's events); and of the library kernel in it, from that
 * kernel's own /proc.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runu.h"

static double number_in(const struct container *c, const char *controller,
			const char *file)
{
	char value[64];

	return cgroup_read(c, controller, file, value, sizeof(value)) ?
		       strtod(value, NULL) :
		       0;
}

/* "NAME VALUE" lines. */
static double line_in(const char *all, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = all; at && *at;
	     at = strchr(at, '\n'), at += at != NULL)
		if (!strncmp(at, name, n))
			return strtod(at + n + strspn(at + n, ": \t"), NULL);
	return 0;
}

static void add_cpu(const struct container *c, cJSON *data)
{
	cJSON *cpu = cJSON_AddObjectToObject(data, "cpu");
	cJSON *usage = cJSON_AddObjectToObject(cpu, "usage");
	char all[2048] = "";
	double total;

	if (cgroup_is_v2()) {
		cgroup_read(c, "cpu", "cpu.stat", all, sizeof(all));
		total = line_in(all, "usage_usec") * 1000;
	} else {
		total = number_in(c, "cpuacct", "cpuacct.usage");
	}
	cJSON_AddNumberToObject(usage, "total", total);
}

static void add_memory(const struct container *c, cJSON *data)
{
	cJSON *memory = cJSON_AddObjectToObject(data, "memory");
	cJSON *usage = cJSON_AddObjectToObject(memory, "usage");
	bool v2 = cgroup_is_v2();

	cJSON_AddNumberToObject(usage, "usage",
				number_in(c, "memory",
					  v2 ? "memory.current" :
					       "memory.usage_in_bytes"));
	cJSON_AddNumberToObject(usage, "limit",
				number_in(c, "memory",
					  v2 ? "memory.max" :
					       "memory.limit_in_bytes"));
	cJSON_AddNumberToObject(usage, "max",
				number_in(c, "memory",
					  v2 ? "memory.peak" :
					       "memory.max_usage_in_bytes"));
}

static void add_pids(const struct container *c, cJSON *data)
{
	cJSON *pids = cJSON_AddObjectToObject(data, "pids");

	cJSON_AddNumberToObject(pids, "current",
				number_in(c, "pids", "pids.current"));
	cJSON_AddNumberToObject(pids, "limit",
				number_in(c, "pids", "pids.max"));
}

/* Octets, and seconds: its /proc/stat counts in 1/100 s. */
static void add_kernel(const struct container *c, cJSON *data)
{
	cJSON *kernel = cJSON_AddObjectToObject(data, "libraryKernel");
	char *all = client_answer(c, "stats");
	const char *cpu = strstr(all, "cpu ");
	double user = 0, nice = 0, system = 0;

	if (cpu)
		sscanf(cpu, "cpu %lf %lf %lf", &user, &nice, &system);
	cJSON_AddNumberToObject(kernel, "memoryTotal",
				line_in(all, "MemTotal") * 1024);
	cJSON_AddNumberToObject(kernel, "memoryFree",
				line_in(all, "MemFree") * 1024);
	cJSON_AddNumberToObject(kernel, "slab", line_in(all, "Slab") * 1024);
	cJSON_AddNumberToObject(kernel, "userSeconds", (user + nice) / 100);
	cJSON_AddNumberToObject(kernel, "systemSeconds", system / 100);
	free(all);
}

static void report(const struct container *c)
{
	cJSON *event = cJSON_CreateObject(), *data;

	cJSON_AddStringToObject(event, "type", "stats");
	cJSON_AddStringToObject(event, "id", c->id);
	data = cJSON_AddObjectToObject(event, "data");
	add_cpu(c, data);
	add_memory(c, data);
	add_pids(c, data);
	if (!strcmp(state_status(c), "running"))
		add_kernel(c, data);
	puts(json_line(event));
	fflush(stdout);
	cJSON_Delete(event);
}

int verb_events(int argc, char **argv)
{
	const char *interval = "5s";
	struct container c;
	bool once = false;
	int i, seconds;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (option_flag("stats", NULL, i, argv))
			once = true;
		else if (!option_value("interval", NULL, &interval, &i, argc,
				       argv))
			option_unknown("events", argv[i]);
	}
	seconds = atoi(interval);
	if (seconds < 1)
		die("events: --interval %s: at least 1s", interval);
	state_open(&c, the_id(i, argc, argv, "events"));
	if (!state_running(&c))
		die("container %s is %s: container not running", c.id,
		    state_status(&c));
	do {
		report(&c);
	} while (!once && !sleep(seconds) && state_running(&c));
	return 0;
}
