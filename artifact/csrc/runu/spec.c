// SPDX-License-Identifier: GPL-2.0-only
/* spec: a config.json that works for a rootfs with a shell, to be edited. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runu.h"

static const char head[] =
	"{\n"
	"	\"ociVersion\": \"" SPEC_VERSION "\",\n"
	"	\"process\": {\n"
	"		\"terminal\": false,\n"
	"		\"user\": {\"uid\": 0, \"gid\": 0},\n"
	"		\"args\": [\"sh\"],\n"
	"		\"env\": [\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"],\n"
	"		\"cwd\": \"/\",\n"
	"		\"capabilities\": {\n"
	"			\"bounding\": [\"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\"],\n"
	"			\"effective\": [\"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\"],\n"
	"			\"permitted\": [\"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\"]\n"
	"		},\n"
	"		\"rlimits\": [{\"type\": \"RLIMIT_NOFILE\", \"hard\": 1024, \"soft\": 1024}],\n"
	"		\"noNewPrivileges\": true\n"
	"	},\n"
	"	\"root\": {\"path\": \"rootfs\", \"readonly\": true},\n"
	"	\"hostname\": \"runu\",\n"
	"	\"mounts\": [\n"
	"		{\"destination\": \"/proc\", \"type\": \"proc\", \"source\": \"proc\"},\n"
	"		{\"destination\": \"/dev\", \"type\": \"tmpfs\", \"source\": \"tmpfs\", \"options\": [\"nosuid\", \"strictatime\", \"mode=755\"]},\n"
	"		{\"destination\": \"/dev/pts\", \"type\": \"devpts\", \"source\": \"devpts\", \"options\": [\"nosuid\", \"noexec\", \"newinstance\", \"ptmxmode=0666\", \"mode=0620\"]},\n"
	"		{\"destination\": \"/dev/shm\", \"type\": \"tmpfs\", \"source\": \"shm\", \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"mode=1777\"]},\n"
	"		{\"destination\": \"/dev/mqueue\", \"type\": \"mqueue\", \"source\": \"mqueue\", \"options\": [\"nosuid\", \"noexec\", \"nodev\"]},\n"
	"		{\"destination\": \"/sys\", \"type\": \"sysfs\", \"source\": \"sysfs\", \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"ro\"]}\n"
	"	],\n"
	"	\"linux\": {\n";

static const char tail[] =
	"		\"namespaces\": [{\"type\": \"pid\"}, {\"type\": \"network\"}, {\"type\": \"ipc\"}, {\"type\": \"uts\"}, {\"type\": \"mount\"}%s],\n"
	"		\"maskedPaths\": [\"/proc/kcore\", \"/proc/timer_list\", \"/sys/firmware\"],\n"
	"		\"readonlyPaths\": [\"/proc/bus\", \"/proc/fs\", \"/proc/irq\", \"/proc/sys\", \"/proc/sysrq-trigger\"]\n"
	"	}\n"
	"}\n";

int verb_spec(int argc, char **argv)
{
	const char *bundle = ".";
	bool rootless = false;
	char *file;
	FILE *f;

	for (int i = 1; i < argc; i++) {
		if (option_flag("rootless", NULL, i, argv))
			rootless = true;
		else if (!option_value("bundle", "b", &bundle, &i, argc, argv))
			option_unknown("spec", argv[i]);
	}
	file = text("%s/config.json", bundle);
	if (!access(file, F_OK))
		die("%s exists already; remove it first", file);
	f = fopen(file, "wxe");
	if (!f)
		die("%s: %s", file, strerror(errno));
	fputs(head, f);
	if (rootless)
		fprintf(f,
			"		\"uidMappings\": [{\"containerID\": 0, \"hostID\": %u, \"size\": 1}],\n"
			"		\"gidMappings\": [{\"containerID\": 0, \"hostID\": %u, \"size\": 1}],\n",
			geteuid(), getegid());
	fprintf(f, tail, rootless ? ", {\"type\": \"user\"}" : "");
	if (fclose(f))
		die("%s: %s", file, strerror(errno));
	return 0;
}
