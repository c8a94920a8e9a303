// SPDX-License-Identifier: GPL-2.0-only
/*
 * An initramfs: a cpio archive in the "newc" format, as the kernel's
 * Documentation/driver-api/early-userspace/buffer-format.rst has it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <asm/lkl_hostfd.h>

#include "init.h"

#define FIELDS 13

/* The header's fields, each of eight hexadecimal digits. */
enum {
	INO,
	MODE,
	UID,
	GID,
	NLINK,
	MTIME,
	FILESIZE,
	MAJOR,
	MINOR,
	RMAJOR,
	RMINOR,
	NAMESIZE,
	CHECK
};

struct entry {
	unsigned int field[FIELDS];
	char name[PATH_MAX];
};

/* Files with several names: their first one. */
struct link {
	struct link *next;
	unsigned int ino, major, minor;
	char name[];
};

static FILE *archive;
static struct link *links;

static void take(void *to, size_t len)
{
	if (fread(to, 1, len, archive) != len)
		fail("initramfs: it ends within an entry, after %ld octets",
		     ftell(archive));
}

/* What stands between an entry's parts, up to a multiple of four. */
static void skip_padding(void)
{
	char zero[4];

	take(zero, -ftell(archive) & 3);
}

/* Returns false at the last entry. */
static bool next_entry(struct entry *e)
{
	char text[6 + 8 * FIELDS + 1] = "";

	take(text, sizeof(text) - 1);
	if (memcmp(text, "070701", 6) && memcmp(text, "070702", 6))
		fail("initramfs: no newc header before octet %ld",
		     ftell(archive));
	for (int i = 0; i < FIELDS; i++) {
		char digits[9] = "", *end;

		memcpy(digits, text + 6 + 8 * i, 8);
		e->field[i] = strtoul(digits, &end, 16);
		if (*end)
			fail("initramfs: a bad header before octet %ld",
			     ftell(archive));
	}
	if (!e->field[NAMESIZE] || e->field[NAMESIZE] > sizeof(e->name))
		fail("initramfs: a name of %u octets", e->field[NAMESIZE]);
	take(e->name, e->field[NAMESIZE]);
	e->name[e->field[NAMESIZE] - 1] = 0;
	skip_padding();
	return strcmp(e->name, "TRAILER!!!");
}

static struct link *find_link(const struct entry *e)
{
	for (struct link *l = links; l; l = l->next)
		if (l->ino == e->field[INO] && l->major == e->field[MAJOR] &&
		    l->minor == e->field[MINOR])
			return l;
	return NULL;
}

static void remember_link(const struct entry *e)
{
	struct link *l = malloc(sizeof(*l) + strlen(e->name) + 1);

	if (!l)
		fail("initramfs: no memory");
	*l = (struct link){ links, e->field[INO], e->field[MAJOR],
			    e->field[MINOR] };
	strcpy(l->name, e->name);
	links = l;
}

static int copy_data(const char *name, size_t left)
{
	static char data[64 << 10];
	FILE *f = fopen(name, left ? "w" : "a");

	if (!f)
		return -1;
	while (left) {
		size_t n = left < sizeof(data) ? left : sizeof(data);

		take(data, n);
		if (fwrite(data, 1, n, f) != n)
			return -1;
		left -= n;
	}
	skip_padding();
	return fclose(f);
}

/* A file's data come with one of its names. */
static int make_file(const struct entry *e)
{
	struct link *l = e->field[NLINK] > 1 ? find_link(e) : NULL;

	if (l && link(l->name, e->name))
		return -1;
	if (!l && e->field[NLINK] > 1)
		remember_link(e);
	return copy_data(e->name, e->field[FILESIZE]);
}

static int make_symlink(const struct entry *e)
{
	char target[PATH_MAX] = "";

	if (e->field[FILESIZE] >= sizeof(target))
		fail("initramfs: %s: too long a link", e->name);
	take(target, e->field[FILESIZE]);
	skip_padding();
	return symlink(target, e->name);
}

static int make(const struct entry *e)
{
	mode_t mode = e->field[MODE];

	if (S_ISREG(mode))
		return make_file(e);
	if (S_ISLNK(mode))
		return make_symlink(e);
	if (S_ISDIR(mode))
		return mkdir(e->name, 0700) && errno != EEXIST ? -1 : 0;
	return mknod(e->name, mode,
		     makedev(e->field[RMAJOR], e->field[RMINOR]));
}

static int set_attributes(const struct entry *e)
{
	struct timespec times[2] = { { .tv_sec = e->field[MTIME] },
				     { .tv_sec = e->field[MTIME] } };

	if (lchown(e->name, e->field[UID], e->field[GID]) ||
	    (!S_ISLNK(e->field[MODE]) &&
	     chmod(e->name, e->field[MODE] & 07777)))
		return -1;
	return utimensat(AT_FDCWD, e->name, times, AT_SYMLINK_NOFOLLOW);
}

void cpio_unpack(int host_fd)
{
	int fd = ioctl(control, LKL_HOSTFD_OPEN, host_fd);
	struct entry e;

	archive = fd < 0 ? NULL : fdopen(fd, "r");
	if (!archive)
		fail("initramfs: %s", strerror(errno));
	while (next_entry(&e))
		if (make(&e) || set_attributes(&e))
			fail("initramfs: %s: %s", e.name, strerror(errno));
	fclose(archive);
	while (links) {
		struct link *next = links->next;

		free(links);
		links = next;
	}
}
