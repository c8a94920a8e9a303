// SPDX-License-Identifier: GPL-2.0-only
/* config.json (runtime-spec, config): what must be right before anything is made. */
#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "runu.h"

static void check_version(const cJSON *config)
{
	const char *version = json_text(config, "ociVersion", NULL);

	if (!version)
		die("config.json: ociVersion: is missing; runu knows " SPEC_VERSION);
	if (strncmp(version, "1.", 2))
		die("config.json: ociVersion: %s; runu knows 1.x", version);
}

static void check_strings(const cJSON *list, const char *where)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list) if (!cJSON_IsString(item))
		die("config.json: %s: must be strings", where);
}

/* Of process in config.json, and of exec's --process. */
void config_check_process(const cJSON *process, const char *where)
{
	const cJSON *args = json_list(process, "args");
	const char *cwd = json_text(process, "cwd", NULL);

	if (!args || !cJSON_GetArraySize(args))
		die("%s: args: no program; give at least one word", where);
	check_strings(args, "process.args");
	check_strings(json_list(process, "env"), "process.env");
	if (!cwd || cwd[0] != '/')
		die("%s: cwd: must be an absolute path", where);
}

static void check_mounts(const cJSON *config)
{
	const cJSON *mount;

	cJSON_ArrayForEach(mount, json_list(config, "mounts"))
	{
		const char *to = json_text(mount, "destination", NULL);

		if (!to || to[0] != '/')
			die("config.json: mounts: destination: must be an absolute path");
		if (strpbrk(to, "\t\n"))
			die("config.json: mounts: destination: a tab or a new line");
		check_strings(json_list(mount, "options"), "mounts.options");
	}
}

cJSON *config_load(const char *bundle)
{
	char *file = text("%s/config.json", bundle);
	cJSON *config = json_load(file);

	if (!cJSON_IsObject(config))
		die("%s: must be an object", file);
	check_version(config);
	if (!json_text(config, "root.path", NULL))
		die("config.json: root.path: is missing");
	if (!json_get(config, "process"))
		die("config.json: process: is missing");
	config_check_process(json_get(config, "process"),
			     "config.json: process");
	check_mounts(config);
	if (json_text(config, "hostname", NULL) &&
	    strlen(json_text(config, "hostname", "")) > 64)
		die("config.json: hostname: longer than 64 octets");
	free(file);
	return config;
}

const cJSON *config_namespace(const cJSON *config, const char *type)
{
	const cJSON *item;

	cJSON_ArrayForEach(
		item,
		json_list(config,
			  "linux.namespaces")) if (!strcmp(json_text(item,
								     "type",
								     ""),
							   type)) return item;
	return NULL;
}

static const char *const signal_names[] = {
	[SIGHUP] = "HUP",	[SIGINT] = "INT",	[SIGQUIT] = "QUIT",
	[SIGILL] = "ILL",	[SIGTRAP] = "TRAP",	[SIGABRT] = "ABRT",
	[SIGBUS] = "BUS",	[SIGFPE] = "FPE",	[SIGKILL] = "KILL",
	[SIGUSR1] = "USR1",	[SIGSEGV] = "SEGV",	[SIGUSR2] = "USR2",
	[SIGPIPE] = "PIPE",	[SIGALRM] = "ALRM",	[SIGTERM] = "TERM",
	[SIGSTKFLT] = "STKFLT", [SIGCHLD] = "CHLD",	[SIGCONT] = "CONT",
	[SIGSTOP] = "STOP",	[SIGTSTP] = "TSTP",	[SIGTTIN] = "TTIN",
	[SIGTTOU] = "TTOU",	[SIGURG] = "URG",	[SIGXCPU] = "XCPU",
	[SIGXFSZ] = "XFSZ",	[SIGVTALRM] = "VTALRM", [SIGPROF] = "PROF",
	[SIGWINCH] = "WINCH",	[SIGIO] = "IO",		[SIGPWR] = "PWR",
	[SIGSYS] = "SYS",
};

/* "TERM", "SIGTERM" or "15"; 0 when it is none. */
int config_signal(const char *word)
{
	const char *name = strncasecmp(word, "SIG", 3) ? word : word + 3;
	char *end;
	long number;

	if (isdigit((unsigned char)*word)) {
		number = strtol(word, &end, 10);
		return !*end && number >= 1 && number <= 64 ? number : 0;
	}
	for (size_t i = 1; i < sizeof(signal_names) / sizeof(*signal_names);
	     i++)
		if (signal_names[i] && !strcasecmp(name, signal_names[i]))
			return i;
	return 0;
}
