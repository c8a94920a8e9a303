// SPDX-License-Identifier: GPL-2.0-only
/*
 * The root and what is mounted on it. The first root of the kernel is an empty
 * ramfs; the real one is prepared below it and then takes its place.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/mount.h>

#include "init.h"

#define ROOT "/root"
#define MAX_MOUNTS 96
#define VIRTIO_MAJOR 254

/**
 * struct entry - something to be mounted, in the order of the list
 * @tree: a detached mount, or -1; else @type with @flags and @data
 * @optional: where the target is missing, do without
 */
struct entry {
	int tree;
	bool optional;
	const char *target, *type, *data;
	unsigned long flags;
};

static struct entry entries[MAX_MOUNTS];
static int entry_count, bind_count;
static bool disk, plain;

static struct entry *new_entry(void)
{
	if (entry_count == MAX_MOUNTS)
		fail("more than %d mounts", MAX_MOUNTS);
	entries[entry_count].tree = -1;
	return &entries[entry_count++];
}

/* A disk is left clean: nobody writes any more, and nothing is in memory only. */
void mounts_end(void)
{
	if (!disk)
		return;
	kill(-1, SIGKILL);
	while (wait(NULL) > 0)
		;
	sync();
	mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
}

/* The block device of a disk: its number is in sysfs. */
static void disk_node(int index, const char *path)
{
	char name[64];
	unsigned int major, minor;
	FILE *f;

	mkdir("/sys", 0755);
	mount("none", "/sys", "sysfs", 0, NULL);
	snprintf(name, sizeof(name), "/sys/block/vd%c/dev", 'a' + index);
	f = fopen(name, "r");
	if (!f || fscanf(f, "%u:%u", &major, &minor) != 2)
		fail("no disk %d in the library kernel", index);
	fclose(f);
	umount2("/sys", MNT_DETACH);
	mknod(path, S_IFBLK | 0600, makedev(major, minor));
}

/* Links in the archive are to its own root. */
static void mount_archive(int host_fd, bool read_only)
{
	int old = open("/", O_PATH | O_CLOEXEC);

	mkdir(ROOT, 0755);
	if (mount("none", ROOT, "tmpfs", 0, NULL) || chroot(ROOT) || chdir("/"))
		fail("cannot mount the root (tmpfs): %s", strerror(errno));
	cpio_unpack(host_fd);
	if (fchdir(old) || chroot("."))
		fail("cannot leave the root: %s", strerror(errno));
	close(old);
	if (read_only && mount(NULL, ROOT, NULL, MS_REMOUNT | MS_RDONLY, NULL))
		fail("cannot mount the root read-only: %s", strerror(errno));
}

/* TYPE:NUMBER:ro|rw[,OPTION], the number of a host descriptor or of a disk. */
void mount_root(const char *text)
{
	char type[16], mode[4], option[16] = "", data[48] = "";
	const char *source = "none";
	int number;

	if (sscanf(text, "%15[^:]:%d:%2[row]%15s", type, &number, mode,
		   option) < 3)
		fail("/setup: root=%s", text);
	if (!strcmp(type, "initramfs")) {
		mount_archive(number, mode[1] == 'o');
		return;
	}
	if (!strcmp(type, "hostdir")) {
		snprintf(data, sizeof(data), "fd=%d%s", number, option);
	} else {
		disk = true;
		source = "/disk";
		disk_node(number, source);
	}
	mkdir(ROOT, 0755);
	if (mount(source, ROOT, type, *mode && mode[1] == 'o' ? MS_RDONLY : 0,
		  data))
		fail("cannot mount the root (%s): %s", type, strerror(errno));
}

/* The root so far stays as it is; what programs write is kept in memory. */
void mount_cover(void)
{
	mkdir("/lower", 0755);
	mkdir("/upper", 0755);
	if (mount(ROOT, "/lower", NULL, MS_MOVE, NULL) ||
	    mount("none", "/upper", "tmpfs", 0, NULL))
		fail("cannot make the root writable: %s", strerror(errno));
	mkdir("/upper/root", 0755);
	mkdir("/upper/work", 0755);
	if (mount("none", ROOT, "overlay", 0,
		  "lowerdir=/lower,upperdir=/upper/root,workdir=/upper/work"))
		fail("cannot make the root writable: %s", strerror(errno));
}

static const struct {
	const char *name;
	unsigned long flag, attr;
} modes[] = {
	{ "ro", MS_RDONLY, MOUNT_ATTR_RDONLY },
	{ "nosuid", MS_NOSUID, MOUNT_ATTR_NOSUID },
	{ "nodev", MS_NODEV, MOUNT_ATTR_NODEV },
	{ "noexec", MS_NOEXEC, MOUNT_ATTR_NOEXEC },
};

/* Words with commas between them; "rw" and others say nothing. */
static unsigned long attributes(const char *mode)
{
	unsigned long attr = 0;

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		size_t len = strlen(modes[i].name);

		for (const char *at = mode; *at;
		     at += strcspn(at, ","), at += *at == ',')
			if (!strncmp(at, modes[i].name, len) &&
			    strchr(",", at[len]))
				attr |= modes[i].attr;
	}
	return attr;
}

static void set_attributes(int tree, unsigned long set, const char *what)
{
	struct mount_attr attr = { .attr_set = set };

	if (set && syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr,
			   sizeof(attr)))
		fail("cannot bind %s as asked for: %s", what, strerror(errno));
}

/* Mount a host directory aside; its root, or @name in it, as a detached tree. */
static int host_tree(int fd, const char *name, unsigned long attr,
		     const char *target)
{
	char at[16], path[300], data[32];
	int tree;

	snprintf(at, sizeof(at), "/bind%d", bind_count++);
	snprintf(data, sizeof(data), "fd=%d", fd);
	snprintf(path, sizeof(path), "%s/%s", at, name);
	mkdir(at, 0755);
	if (mount("none", at, "hostdir",
		  attr & MOUNT_ATTR_RDONLY ? MS_RDONLY : 0, data))
		fail("cannot mount for %s: %s", target, strerror(errno));
	tree = syscall(SYS_open_tree, AT_FDCWD, path,
		       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		fail("cannot bind %s: %s", path, strerror(errno));
	set_attributes(tree, attr & ~MOUNT_ATTR_RDONLY, target);
	return tree;
}

/* FD:MODE:NAME:TARGET, NAME in the directory FD; empty: the directory. */
void mount_bind(const char *text, bool optional)
{
	char mode[64], name[256] = "";
	struct entry *e = new_entry();
	int fd, n = 0;

	if (sscanf(text, "%d:%63[^:]:%n", &fd, mode, &n) != 2 || !n)
		fail("/setup: bind=%s", text);
	text += n;
	n = strcspn(text, ":");
	if (n >= (int)sizeof(name))
		fail("/setup: bind=%s", text);
	memcpy(name, text, n);
	e->target = text + n + 1;
	e->optional = optional;
	e->tree = host_tree(fd, name, attributes(mode), e->target);
}

/* A directory of a read-only root that programs may write to. */
static const char *scratch;

void mount_scratch(const char *target)
{
	scratch = target;
}

/* TYPE, flags in hexadecimal, target and data, with tabs between them. */
void mount_add(const char *text)
{
	char *copy = strdup(text), *flags, *target, *data;
	struct entry *e = new_entry();

	flags = copy ? strchr(copy, '\t') : NULL;
	target = flags ? strchr(flags + 1, '\t') : NULL;
	data = target ? strchr(target + 1, '\t') : NULL;
	if (!data)
		fail("/setup: mount=%s", text);
	*flags = *target = *data = 0;
	e->type = copy;
	e->flags = strtoul(flags + 1, NULL, 16);
	e->target = target + 1;
	e->data = data + 1;
}

static const char *masked[MAX_MOUNTS], *fixed[MAX_MOUNTS];
static int masked_count, fixed_count;

void mount_mask(const char *path)
{
	if (masked_count < MAX_MOUNTS)
		masked[masked_count++] = path;
}

void mount_read_only(const char *path)
{
	if (fixed_count < MAX_MOUNTS)
		fixed[fixed_count++] = path;
}

/* Nothing but what is asked for: no /proc, /sys and /dev by themselves. */
void mounts_plain(void)
{
	plain = true;
}

/* Of runu: what a mount is to cover is made, unless the root is read-only. */
static void make_target(const char *target, bool directory)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s", target);
	for (char *c = path + 1; (c = strchr(c, '/')); c++) {
		*c = 0;
		mkdir(path, 0755);
		*c = '/';
	}
	if (directory) {
		mkdir(path, 0755);
		return;
	}
	fd = open(path, O_CREAT | O_RDONLY | O_CLOEXEC, 0644);
	if (fd >= 0)
		close(fd);
}

static bool is_directory(int tree)
{
	struct stat st;

	return tree < 0 || (!fstat(tree, &st) && S_ISDIR(st.st_mode));
}

static int attach(const struct entry *e)
{
	int err;

	if (e->tree < 0)
		return mount(e->type, e->target, e->type, e->flags, e->data);
	err = syscall(SYS_move_mount, e->tree, "", AT_FDCWD, e->target,
		      MOVE_MOUNT_F_EMPTY_PATH);
	return err;
}

static void attach_entry(const struct entry *e)
{
	int err = attach(e);

	if (err && errno == ENOENT && plain && !e->optional) {
		make_target(e->target, is_directory(e->tree));
		err = attach(e);
	}
	if (err && !e->optional)
		fail("cannot mount %s on %s: %s", e->type ?: "a bind",
		     e->target, strerror(errno));
	if (e->tree >= 0)
		close(e->tree);
}

static int clone_tree(const char *path)
{
	return syscall(SYS_open_tree, AT_FDCWD, path,
		       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
}

static void move_tree(int tree, const char *target)
{
	if (syscall(SYS_move_mount, tree, "", AT_FDCWD, target,
		    MOVE_MOUNT_F_EMPTY_PATH))
		fail("cannot cover %s: %s", target, strerror(errno));
	close(tree);
}

/* runtime-spec, config-linux: what is not there need not be masked. */
static void mask(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return;
	if (!S_ISDIR(st.st_mode))
		move_tree(clone_tree("/dev/null"), path);
	else if (mount("tmpfs", path, "tmpfs", MS_RDONLY, "size=0k"))
		fail("cannot cover %s: %s", path, strerror(errno));
}

static void make_read_only(const char *path)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	int tree = clone_tree(path);

	if (tree < 0)
		return;
	if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE,
		    &attr, sizeof(attr)))
		fail("%s: not read-only: %s", path, strerror(errno));
	move_tree(tree, path);
}

/* Where the root has no such directory, the image does without. */
static bool mount_there(const char *type, const char *target,
			unsigned long flags, const char *data)
{
	return !mount(type, target, type, flags, data);
}

/* Of ukrun: what every program expects. */
static void attach_usual(void)
{
	if (scratch)
		mount_there("tmpfs", scratch, MS_NOSUID | MS_NODEV,
			    "mode=1777");
	mount_there("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_there("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	if (!mount_there("tmpfs", "/dev", MS_NOSUID, "mode=755"))
		return;
	devices_make();
	mkdir("/dev/pts", 0755);
	mkdir("/dev/shm", 01777);
	mount_there("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC,
		    "newinstance,ptmxmode=0666,mode=620,gid=5");
	mount_there("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777");
}

/* Of runu: device files once /dev is there, but a bind of somebody's /dev. */
static void attach_entries(void)
{
	bool made = false;

	for (int i = 0; i < entry_count; i++) {
		attach_entry(&entries[i]);
		if (plain && entries[i].tree < 0 &&
		    !strcmp(entries[i].target, "/dev")) {
			devices_make();
			made = true;
		}
	}
	if (plain && !made && !access("/dev", W_OK))
		devices_make();
}

void mounts_switch(void)
{
	if (chdir(ROOT) || mount(".", "/", NULL, MS_MOVE, NULL) ||
	    chroot(".") || chdir("/"))
		fail("cannot make the root the root: %s", strerror(errno));
}

static unsigned long propagation;

/* runtime-spec, config-linux, "Rootfs Mount Propagation" */
void mount_propagation(const char *how)
{
	unsigned long recursive = *how == 'r' ? MS_REC : 0;

	propagation = strstr(how, "shared")	? MS_SHARED | recursive :
		      strstr(how, "slave")	? MS_SLAVE | recursive :
		      strstr(how, "unbindable") ? MS_UNBINDABLE | recursive :
						  0;
}

/* By the program's process: /proc is that of its process id namespace. */
void mounts_attach(void)
{
	umask(0);
	attach_entries();
	if (!plain)
		attach_usual();
	devices_finish();
	for (int i = 0; i < fixed_count; i++)
		make_read_only(fixed[i]);
	for (int i = 0; i < masked_count; i++)
		mask(masked[i]);
	if (propagation)
		mount(NULL, "/", NULL, propagation, NULL);
	umask(022);
}
