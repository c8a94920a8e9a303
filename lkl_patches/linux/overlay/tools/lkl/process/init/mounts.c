// SPDX-License-Identifier: GPL-2.0-only
/*
 * The root and what is mounted on it. The first root of the kernel is an empty
 * ramfs; the real one is prepared below it and then takes its place.
 */
#include <errno.h>
#include <fcntl.h>
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
#define MAX_BINDS 64
#define VIRTIO_MAJOR 254

static struct {
	int tree;
	bool optional;
	const char *target;
} binds[MAX_BINDS];
static int bind_count;
static bool disk;

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

/* FD:ro|rw:NAME:TARGET, NAME in the directory FD; empty: the directory. */
void mount_bind(const char *text, bool optional)
{
	char at[16], path[300], data[32], mode[4], name[256] = "";
	int fd, n = 0;

	if (bind_count == MAX_BINDS)
		fail("more than %d binds", MAX_BINDS);
	if (sscanf(text, "%d:%3[^:]:%n", &fd, mode, &n) != 2 || !n)
		fail("/setup: bind=%s", text);
	text += n;
	n = strcspn(text, ":");
	if (n >= (int)sizeof(name))
		fail("/setup: bind=%s", text);
	memcpy(name, text, n);
	snprintf(at, sizeof(at), "/bind%d", bind_count);
	snprintf(data, sizeof(data), "fd=%d", fd);
	snprintf(path, sizeof(path), "%s/%s", at, name);
	mkdir(at, 0755);
	if (mount("none", at, "hostdir", mode[1] == 'o' ? MS_RDONLY : 0, data))
		fail("cannot mount for %s: %s", text + n + 1, strerror(errno));
	binds[bind_count].tree = syscall(SYS_open_tree, AT_FDCWD, path,
					 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (binds[bind_count].tree < 0)
		fail("cannot bind %s: %s", path, strerror(errno));
	binds[bind_count].optional = optional;
	binds[bind_count++].target = text + n + 1;
}

/* A directory of a read-only root that programs may write to. */
static const char *scratch;

void mount_scratch(const char *target)
{
	scratch = target;
}

static void attach_binds(void)
{
	for (int i = 0; i < bind_count; i++) {
		const char *target = binds[i].target;

		if (syscall(SYS_move_mount, binds[i].tree, "", AT_FDCWD, target,
			    MOVE_MOUNT_F_EMPTY_PATH) &&
		    !binds[i].optional)
			fail("cannot bind to %s: %s", target, strerror(errno));
		close(binds[i].tree);
	}
}

/* Where the root has no such directory, the image does without. */
static bool mount_there(const char *type, const char *target,
			unsigned long flags, const char *data)
{
	return !mount(type, target, type, flags, data);
}

static void make_devices(void)
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
		if (symlink(links[i][0], links[i][1]))
			fail("%s: %s", links[i][1], strerror(errno));
	mkdir("/dev/pts", 0755);
	mkdir("/dev/shm", 01777);
	mount_there("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC,
		    "newinstance,ptmxmode=0666,mode=620,gid=5");
	mount_there("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777");
}

void mounts_finish(void)
{
	umask(0);
	if (chdir(ROOT) || mount(".", "/", NULL, MS_MOVE, NULL) ||
	    chroot(".") || chdir("/"))
		fail("cannot make the root the root: %s", strerror(errno));
	attach_binds();
	if (scratch)
		mount_there("tmpfs", scratch, MS_NOSUID | MS_NODEV,
			    "mode=1777");
	mount_there("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_there("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	if (mount_there("tmpfs", "/dev", MS_NOSUID, "mode=755"))
		make_devices();
	umask(022);
}
