// SPDX-License-Identifier: GPL-2.0-only
/* capabilities(7): names, and what the host's process keeps of them. */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/capability.h>

#include "runu.h"

static const char *const names[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

#define CAPABILITIES (int)(sizeof(names) / sizeof(*names))

/*
 * What the host's process can do for the library kernel: files of other users,
 * in the container's own directories. All else is the library kernel's to allow.
 */
static const int kept[] = { CAP_CHOWN,	CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH,
			    CAP_FOWNER, CAP_FSETID,	  CAP_MKNOD };

const char *capability_name(int cap)
{
	return cap < CAPABILITIES ? names[cap] : NULL;
}

unsigned long long capabilities_set(const cJSON *process, const char *name)
{
	char path[64];
	unsigned long long set = 0;
	const cJSON *item;

	snprintf(path, sizeof(path), "capabilities.%s", name);
	cJSON_ArrayForEach(item, json_list(process, path))
	{
		int i = 0;

		while (i < CAPABILITIES &&
		       (!cJSON_IsString(item) ||
			strcmp(names[i], item->valuestring)))
			i++;
		if (i < CAPABILITIES)
			set |= 1ULL << i;
		else
			warn("config.json: process.capabilities: %s: unknown, ignored",
			     cJSON_IsString(item) ? item->valuestring : "?");
	}
	return set;
}

/* Of the container's bounding set, what is in kept[]; nothing of the rest. */
void capabilities_drop(const cJSON *config)
{
	const cJSON *process = json_get(config, "process");
	unsigned long long allowed = capabilities_set(process, "bounding");
	unsigned long long keep = 0;
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2] = { 0 };

	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		keep |= allowed & 1ULL << kept[i];
	for (int cap = 0; cap < 64; cap++)
		if (!(keep >> cap & 1))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capget, &head, data))
		die("capget: %s", strerror(errno));
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= keep >> 32 * i;
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, data))
		die("capset: %s", strerror(errno));
}
