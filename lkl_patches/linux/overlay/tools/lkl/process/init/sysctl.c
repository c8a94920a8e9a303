// SPDX-License-Identifier: GPL-2.0-only
/* sysctl(8)'s settings, of the library kernel. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

#define MAX_SETTINGS 64
#define DIRECTORY "/proc/sys/"

static const char *settings[MAX_SETTINGS];
static int count;

void sysctl_add(const char *text)
{
	if (count == MAX_SETTINGS)
		fail("more than %d sysctl settings", MAX_SETTINGS);
	settings[count++] = text;
}

/* "net.ipv4.ip_forward=1"; a name may be a path, for interfaces with dots. */
static void apply(const char *text)
{
	char path[PATH_MAX];
	const char *value = strchr(text, '=');
	int fd;

	if (!value)
		fail("sysctl %s: not NAME=VALUE", text);
	snprintf(path, sizeof(path), DIRECTORY "%.*s", (int)(value - text),
		 text);
	if (!memchr(text, '/', value - text))
		for (char *c = path + strlen(DIRECTORY); *c; c++)
			*c = *c == '.' ? '/' : *c;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	value++;
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		fail("sysctl %s: %s (in the library kernel)", text,
		     strerror(errno));
	close(fd);
}

/* While the first root is still the root, so nothing of the image is in the way. */
void sysctl_apply(void)
{
	if (!count)
		return;
	mkdir("/proc", 0555);
	if (mount("none", "/proc", "proc", 0, NULL))
		fail("sysctl: %s", strerror(errno));
	for (int i = 0; i < count; i++)
		apply(settings[i]);
	umount2("/proc", MNT_DETACH);
}
