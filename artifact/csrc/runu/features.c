// SPDX-License-Identifier: GPL-2.0-only
/* features (runtime-spec, features): what this runtime does, as JSON. */
#include "runu.h"
#include "process.h"

static const char *const hooks[] = { "prestart",
				     "createRuntime",
				     "createContainer",
				     "startContainer",
				     "poststart",
				     "poststop",
				     NULL };
static const char *const mount_options[] = {
	"bind",	       "rbind", "ro",	  "rw",	  "nosuid",  "suid",
	"nodev",       "dev",	"noexec", "exec", "noatime", "relatime",
	"strictatime", "sync",	"async",  NULL
};
static const char *const namespaces[] = { "user", "pid", "network", "mount",
					  "ipc",  "uts", "cgroup",  NULL };
static const char *const architectures[] = { "SCMP_ARCH_X86_64", NULL };
static const char *const annotations[] = { "memory",	 "cmdline",   "sysctl",
					   "net",	 "dns",	      "libc",
					   "map-shared", "exclusive", "console",
					   NULL };

static void add_words(cJSON *to, const char *name, const char *const *words)
{
	cJSON *list = cJSON_AddArrayToObject(to, name);

	for (; *words; words++)
		cJSON_AddItemToArray(list, cJSON_CreateString(*words));
}

static void add_capabilities(cJSON *to)
{
	cJSON *list = cJSON_AddArrayToObject(to, "capabilities");

	for (int i = 0; capability_name(i); i++)
		cJSON_AddItemToArray(list,
				     cJSON_CreateString(capability_name(i)));
}

static void add_sandbox(cJSON *to)
{
	cJSON *list = cJSON_AddArrayToObject(to, "hostSystemCalls");

	for (size_t i = 0; i < host_allowed_count; i++)
		cJSON_AddItemToArray(list,
				     cJSON_CreateString(host_allowed[i].name));
}

static void add_treatments(cJSON *to)
{
	cJSON *all = cJSON_AddObjectToObject(to, "notDone");

	for (const struct treatment *t = treatments; t->path; t++) {
		cJSON *one = cJSON_AddObjectToObject(all, t->path);

		cJSON_AddStringToObject(one, "treatment",
					t->refused ? "refused" : "ignored");
		cJSON_AddStringToObject(one, "why", t->why);
	}
}

static void add_linux(cJSON *to)
{
	cJSON *l = cJSON_AddObjectToObject(to, "linux"), *group, *seccomp;

	add_words(l, "namespaces", namespaces);
	add_capabilities(l);
	group = cJSON_AddObjectToObject(l, "cgroup");
	cJSON_AddBoolToObject(group, "v1", true);
	cJSON_AddBoolToObject(group, "v2", true);
	cJSON_AddBoolToObject(group, "systemd", false);
	cJSON_AddBoolToObject(group, "rdma", false);
	seccomp = cJSON_AddObjectToObject(l, "seccomp");
	cJSON_AddBoolToObject(seccomp, "enabled", true);
	add_words(seccomp, "actions", seccomp_actions);
	add_words(seccomp, "operators", seccomp_operators);
	add_words(seccomp, "archs", architectures);
}

int verb_features(int argc, char **argv)
{
	cJSON *all = cJSON_CreateObject(), *own;

	if (argc > 1)
		option_unknown("features", argv[1]);
	cJSON_AddStringToObject(all, "ociVersionMin", "1.0.0");
	cJSON_AddStringToObject(all, "ociVersionMax", SPEC_VERSION);
	add_words(all, "hooks", hooks);
	add_words(all, "mountOptions", mount_options);
	add_linux(all);
	own = cJSON_AddObjectToObject(all, "annotations");
	cJSON_AddStringToObject(own, ANNOTATION "version", VERSION);
	cJSON_AddStringToObject(own, ANNOTATION "kernel", lkl_kernel_release());
	own = cJSON_AddObjectToObject(all, "ukontainer");
	add_words(own, "annotations", annotations);
	add_sandbox(own);
	add_treatments(own);
	json_print(all);
	return 0;
}
