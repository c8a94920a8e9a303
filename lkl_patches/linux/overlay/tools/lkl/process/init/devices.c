// SPDX-License-Identifier: GPL-2.0-only
/* Device files: those that every program expects, and those that it asked for. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "init.h"

#define MAX_DEVICES 64

static const char *wanted[MAX_DEVICES];
static int count;

/* runtime-spec, config-linux, "Default Devices"; what is there already stays. */
void devices_make(void)
{
	static const struct {
		const char *name;
		unsigned int major, minor;
	} nodes[] = {
		{ "/dev/null", 1, 3 },	  { "/dev/zero", 1, 5 },
		{ "/dev/full", 1, 7 },	  { "/dev/random", 1, 8 },
		{ "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
	};
	static const char *const links[][2] = {
		{ "pts/ptmx", "/dev/ptmx" },
		{ "/proc/self/fd", "/dev/fd" },
		{ "/proc/self/fd/0", "/dev/stdin" },
		{ "/proc/self/fd/1", "/dev/stdout" },
		{ "/proc/self/fd/2", "/dev/stderr" },
	};

	for (size_t i = 0; i < sizeof(nodes) / sizeof(*nodes); i++)
		mknod(nodes[i].name, S_IFCHR | 0666,
		      makedev(nodes[i].major, nodes[i].minor));
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (symlink(links[i][0], links[i][1]) && errno != EEXIST)
			fail("%s: %s", links[i][1], strerror(errno));
}

void device_add(const char *text)
{
	if (count == MAX_DEVICES)
		fail("more than %d devices", MAX_DEVICES);
	wanted[count++] = text;
}

/* TYPE:MAJOR:MINOR:MODE:UID:GID:PATH, the mode in octal. */
static void make(const char *text)
{
	unsigned int major, minor, mode, uid, gid;
	mode_t type;
	char letter;
	int n = 0;

	if (sscanf(text, "%c:%u:%u:%o:%u:%u:%n", &letter, &major, &minor, &mode,
		   &uid, &gid, &n) != 6 ||
	    !n)
		fail("/setup: device=%s", text);
	type = letter == 'b' ? S_IFBLK : letter == 'p' ? S_IFIFO : S_IFCHR;
	text += n;
	if (mknod(text, type | mode, makedev(major, minor)) &&
	    (errno != EEXIST || chmod(text, mode)))
		fail("device %s: %s", text, strerror(errno));
	if (chown(text, uid, gid))
		fail("device %s: %s", text, strerror(errno));
}

void devices_finish(void)
{
	for (int i = 0; i < count; i++)
		make(wanted[i]);
}
