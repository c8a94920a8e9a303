// SPDX-License-Identifier: GPL-2.0-only
/*
 * What of config.json makes no sense for a library kernel. Refused: who asks for
 * it would not get what was asked for, and might rely on it. Ignored: it holds
 * without, or asks for a limit on something that is not there. docs/runu.md has
 * this table; a test compares them.
 */
#include <string.h>

#include "runu.h"

const struct treatment treatments[] = {
	{ "linux.seccomp.listenerPath",
	  "who is notified would look into a process of the host", true },
	{ "linux.seccomp.flags",
	  "the library kernel has no audit log and one thread to filter",
	  false },
	{ "process.apparmorProfile",
	  "profiles speak of files by the host's names; the program has the library kernel's",
	  false },
	{ "process.selinuxLabel", "as apparmorProfile", false },
	{ "linux.mountLabel", "as apparmorProfile", false },
	{ "process.scheduler",
	  "programs are scheduled by the library kernel, its process by the host",
	  false },
	{ "process.ioPriority", "the library kernel has no such scheduler",
	  false },
	{ "process.execCPUAffinity", "a library kernel has one processor",
	  false },
	{ "linux.personality.flags",
	  "no flags are defined by the specification", false },
	{ "linux.intelRdt", "needs resctrl of the host's processor", true },
	{ "linux.timeOffsets",
	  "the library kernel's monotonic clock begins with the container",
	  true },
	{ "linux.resources.network",
	  "classes of traffic are for sockets of the host; there is none",
	  false },
	{ "linux.resources.rdma",
	  "there is no such device in the library kernel", false },
	{ "linux.resources.hugepageLimits",
	  "the library kernel has no huge pages", false },
	{ "linux.resources.unified",
	  "is not written; give memory, cpu, pids and cpuset by their own names",
	  true },
	{ "solaris", "this is Linux", true },
	{ "windows", "this is Linux", true },
	{ "vm", "the library kernel is runu's own", true },
	{ "zos", "this is Linux", true },
	{ NULL, NULL, false },
};

static bool empty(const cJSON *value)
{
	return !value || cJSON_IsFalse(value) ||
	       (cJSON_IsString(value) && !*value->valuestring) ||
	       ((cJSON_IsArray(value) || cJSON_IsObject(value)) &&
		!value->child);
}

void treatments_apply(const cJSON *config)
{
	for (const struct treatment *t = treatments; t->path; t++) {
		if (empty(json_get(config, t->path)))
			continue;
		if (t->refused)
			die("config.json: %s: not with a library kernel: %s",
			    t->path, t->why);
		note("config.json: %s: ignored: %s", t->path, t->why);
	}
}
