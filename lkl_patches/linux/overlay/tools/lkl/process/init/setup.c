// SPDX-License-Identifier: GPL-2.0-only
/*
 * /setup: "key=value" after "key=value", each ended by NUL, done in this order.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

bool pid1;
const char *oom_score;
int requests = -1;

static char *read_all(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	char *text;

	if (fd < 0 || fstat(fd, &st))
		fail("no %s: %s", path, strerror(errno));
	text = malloc(st.st_size + 1);
	if (!text || read(fd, text, st.st_size) != st.st_size)
		fail("%s: %s", path, strerror(errno));
	text[st.st_size] = 0;
	*size = st.st_size;
	close(fd);
	unlink(path);
	return text;
}

static void set_hostname(const char *name)
{
	if (sethostname(name, strlen(name)))
		fail("--hostname %s: %s", name, strerror(errno));
}

static void set_domainname(const char *name)
{
	if (setdomainname(name, strlen(name)))
		fail("domainname %s: %s", name, strerror(errno));
}

static void bind_required(const char *text)
{
	mount_bind(text, false);
}

static void bind_optional(const char *text)
{
	mount_bind(text, true);
}

static void set_pid1(const char *text)
{
	pid1 = *text == '1';
}

static void set_plain(const char *text)
{
	if (*text == '1')
		mounts_plain();
}

static void set_requests(const char *text)
{
	requests = atoi(text);
}

static void set_started(const char *text)
{
	started = aside(host_descriptor(atoi(text)));
}

static void set_cover(const char *text)
{
	if (*text == '1')
		mount_cover();
}

static void set_oom_score(const char *text)
{
	oom_score = text;
}

static void set_phases(const char *text)
{
	phase_open(atoi(text));
}

static void set_name(const char *text)
{
	host_name = text;
}

static const struct {
	const char *key;
	void (*act)(const char *value);
} table[] = {
	{ "name", set_name },
	{ "started", set_started },
	{ "requests", set_requests },
	{ "root", mount_root },
	{ "cover", set_cover },
	{ "propagation", mount_propagation },
	{ "oom", set_oom_score },
	{ "phases", set_phases },
	{ "plain", set_plain },
	{ "mount", mount_add },
	{ "bind", bind_required },
	{ "libc", bind_optional },
	{ "view", bind_optional },
	{ "scratch", mount_scratch },
	{ "mask", mount_mask },
	{ "fixed", mount_read_only },
	{ "device", device_add },
	{ "sysctl", sysctl_add },
	{ "net", network_device },
	{ "up", network_up },
	{ "mtu", network_mtu },
	{ "address", network_address },
	{ "gateway", network_gateway },
	{ "route", network_route },
	{ "address6", network_address6 },
	{ "gateway6", network_gateway6 },
	{ "resolver", resolver_open },
	{ "resolver-other", resolver_other },
	{ "hostname", set_hostname },
	{ "domainname", set_domainname },
	{ "pid1", set_pid1 },
};

static void item(struct plan *plan, const char *key, char *value)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (strcmp(key, table[i].key))
			continue;
		table[i].act(value);
		return;
	}
	if (!strncmp(key, "hook", 4))
		hook_item(key, value);
	else if (!plan_item(plan, key, value))
		fail("/setup: unknown key %s", key);
}

void setup_read(struct plan *plan)
{
	size_t size;
	char *at = read_all("/setup", &size), *last = at + size;

	if (!plan_init(plan, at, size))
		fail("no memory for arguments");
	network_up("lo");
	while (at < last) {
		char *next = at + strlen(at) + 1;
		char *value = strchr(at, '=');

		*value++ = 0;
		item(plan, at, value);
		at = next;
	}
	sysctl_apply();
	mounts_switch();
}
