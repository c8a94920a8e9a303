// SPDX-License-Identifier: GPL-2.0-only
/* Host directories: mount options, attributes by name, other file systems on it. */
#define _GNU_SOURCE
#include "hostdir.h"
#include "transfer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SOMEBODY 1234

static int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	if (!dir)
		return -1;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static int use_everything(const char *dir)
{
	char list[256];
	struct stat st;
	long fd;

	CHECK_EQ(K(mkdirat, AT_FDCWD, at("%s/d", dir), 0700), 0);
	fd = K(openat, AT_FDCWD, at("%s/f", dir), O_CREAT | O_RDWR, 0600);
	CHECK_OK(fd);
	CHECK_EQ(K(write, fd, "x", 1), 1);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(openat, AT_FDCWD, at("%s/f", dir), O_CREAT | O_EXCL, 0600),
		 -EEXIST);
	CHECK_EQ(K(openat, AT_FDCWD, at("%s/d", dir), O_RDWR, 0600), -EISDIR);
	CHECK_EQ(K(truncate, at("%s/f", dir), 0), 0);
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("%s/f", dir), &st, 0), 0);
	CHECK_OK(K(listxattr, at("%s/f", dir), list, sizeof(list)));
	fd = K(openat, AT_FDCWD, at("%s/d", dir), O_RDONLY, 0);
	CHECK_OK(K(getdents64, fd, list, sizeof(list)));
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("%s/f", dir), 0), 0);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("%s/d", dir), AT_REMOVEDIR), 0);
	return TEST_OK;
}

static int no_descriptor_leaks(void)
{
	int before = open_descriptors(), fd;

	CHECK_OK(before);
	fd = open(host("%s", ""), O_PATH | O_DIRECTORY);
	CHECK_EQ(hostdir_mount(at("leak"), fd, "timeout=0"), 0);
	/* The mount has its own. */
	close(fd);
	CHECK_EQ(open_descriptors(), before + 1);
	TRY(use_everything("leak"));
	CHECK_EQ(open_descriptors(), before + 1);
	CHECK_EQ(K(umount2, at("leak"), 0), 0);
	CHECK_EQ(open_descriptors(), before);
	return TEST_OK;
}

static long mount_with(const char *options)
{
	K(mkdirat, AT_FDCWD, at("bad"), 0755);
	return K(mount, "none", at("bad"), "hostdir", 0, options);
}

static int bad_options(void)
{
	static char text[65536];
	char options[32];
	int before = open_descriptors();
	int file = open(host("plain"), O_CREAT | O_RDWR, 0600);

	CHECK_EQ(mount_with(NULL), -EINVAL);
	CHECK_EQ(mount_with("timeout=5"), -EINVAL);
	CHECK_EQ(mount_with("fd=abc"), -EINVAL);
	CHECK_EQ(mount_with("fd=-1"), -EINVAL);
	CHECK_EQ(mount_with("fd=3000000000"), -EINVAL);
	CHECK_EQ(mount_with("fd=99999"), -EBADF);
	CHECK_EQ(mount_with("fd=3,odd=1"), -EINVAL);
	snprintf(options, sizeof(options), "fd=%d", file);
	CHECK_EQ(mount_with(options), -ENOTDIR);
	close(file);
	CHECK_EQ(open_descriptors(), before);
	console_text(text, sizeof(text));
	CHECK(strstr(text, "hostdir: fd= is missing"));
	CHECK(strstr(text, "hostdir: fd=99999 is not open on the host"));
	CHECK(strstr(text, "is not a directory of the host"));
	CHECK(strstr(text, "Unknown parameter 'odd'"));
	return TEST_OK;
}

static int shown_options(void)
{
	static char text[8192];

	CHECK_EQ(hostdir_mount(at("shown"), hostdir_fd, "timeout=1234,acl"), 0);
	CHECK_OK(read_file(at("proc/mounts"), text, sizeof(text)));
	CHECK(strstr(text, "/shown hostdir rw,relatime,timeout=1234,acl 0 0"));
	CHECK_EQ(K(mount, "none", at("shown"), "hostdir", MS_REMOUNT,
		   "timeout=77"),
		 0);
	CHECK_EQ(K(mount, "none", at("shown"), "hostdir", MS_REMOUNT, "fd=3"),
		 -EINVAL);
	CHECK_EQ(K(mount, "none", at("shown"), "hostdir", MS_REMOUNT,
		   "exclusive"),
		 -EINVAL);
	CHECK_OK(read_file(at("proc/mounts"), text, sizeof(text)));
	CHECK(strstr(text, "timeout=77"));
	CHECK_EQ(K(umount2, at("shown"), 0), 0);
	CHECK_EQ(hostdir_mount(at("shown"), hostdir_fd, "exclusive"), 0);
	CHECK_OK(read_file(at("proc/mounts"), text, sizeof(text)));
	CHECK(strstr(text, "/shown hostdir rw,relatime,exclusive 0 0"));
	CHECK_EQ(K(umount2, at("shown"), 0), 0);
	return TEST_OK;
}

static int file_system(void)
{
	struct statfs in, out;

	CHECK_EQ(K(statfs, at("h"), &in), 0);
	CHECK_EQ(statfs(host("%s", ""), &out), 0);
	CHECK_EQ(in.f_type, 0x686f7364);
	CHECK_EQ(in.f_blocks, out.f_blocks);
	CHECK_EQ(in.f_bsize, out.f_bsize);
	CHECK_EQ(in.f_files, out.f_files);
	CHECK_EQ(in.f_namelen, 255);
	return TEST_OK;
}

static int refuses_changes(const char *dir)
{
	char text[8];
	long fd;

	CHECK_EQ(K(openat, AT_FDCWD, at("%s/ro", dir), O_RDWR, 0), -EROFS);
	CHECK_EQ(K(openat, AT_FDCWD, at("%s/new", dir), O_RDWR | O_CREAT, 0600),
		 -EROFS);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("%s/ro", dir), 0), -EROFS);
	CHECK_EQ(K(mkdirat, AT_FDCWD, at("%s/new", dir), 0700), -EROFS);
	CHECK_EQ(K(fchmodat, AT_FDCWD, at("%s/ro", dir), 0700), -EROFS);
	CHECK_EQ(K(truncate, at("%s/ro", dir), 0), -EROFS);
	CHECK_EQ(K(setxattr, at("%s/ro", dir), "user.a", "b", 1, 0), -EROFS);
	fd = K(openat, AT_FDCWD, at("%s/ro", dir), O_RDONLY, 0);
	CHECK_EQ(K(read, fd, text, 8), 4);
	CHECK_EQ(K(close, fd), 0);
	return TEST_OK;
}

static int read_only(void)
{
	char options[32];

	CHECK_EQ(host_write(host("ro"), "read"), 0);
	CHECK_EQ(hostdir_mount(at("ro"), hostdir_fd, "ro"), 0);
	TRY(refuses_changes("ro"));
	CHECK_EQ(K(umount2, at("ro"), 0), 0);
	snprintf(options, sizeof(options), "fd=%d", hostdir_fd);
	CHECK_EQ(K(mount, "none", at("ro"), "hostdir", MS_RDONLY, options), 0);
	TRY(refuses_changes("ro"));
	CHECK_EQ(K(mount, NULL, at("ro"), NULL, MS_REMOUNT, NULL), 0);
	CHECK_EQ(K(truncate, at("ro/ro"), 1), 0);
	CHECK_EQ(host_write(host("ro"), "read"), 0);
	CHECK_EQ(K(mount, NULL, at("ro"), NULL, MS_REMOUNT | MS_RDONLY, NULL),
		 0);
	TRY(refuses_changes("ro"));
	CHECK_EQ(K(umount2, at("ro"), 0), 0);
	return TEST_OK;
}

/* Nobody else changes it, says the mount: then nobody is asked. */
static int exclusive(void)
{
	struct stat st;
	long fd;

	CHECK_EQ(mkdir(host("x"), 0755), 0);
	fd = open(host("x"), O_PATH);
	CHECK_EQ(hostdir_mount(at("x"), fd, "exclusive"), 0);
	close(fd);
	TRY(use_everything("x"));
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("x/late"), &st, 0), -ENOENT);
	CHECK_EQ(host_write(host("x/late"), ""), 0);
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("x/late"), &st, 0), -ENOENT);
	/* If it is not true, nothing is overwritten. */
	CHECK_EQ(K(openat, AT_FDCWD, at("x/late"), O_CREAT | O_EXCL, 0600),
		 -EEXIST);
	fd = K(openat, AT_FDCWD, at("x/late"), O_CREAT | O_RDONLY, 0600);
	CHECK_OK(fd);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(umount2, at("x"), 0), 0);
	return TEST_OK;
}

static int bound_directory(void)
{
	char text[8];

	CHECK_EQ(mkdir(host("deep"), 0755), 0);
	CHECK_EQ(mkdir(host("deep/er"), 0755), 0);
	CHECK_EQ(host_write(host("deep/er/f"), "bound"), 0);
	CHECK_EQ(K(mkdirat, AT_FDCWD, at("b"), 0755), 0);
	CHECK_EQ(K(mount, at("h/deep/er"), at("b"), NULL, MS_BIND, NULL), 0);
	CHECK_OK(read_file(at("b/f"), text, sizeof(text)));
	CHECK_STR(text, "bound");
	CHECK_EQ(K(mkdirat, AT_FDCWD, at("b/new"), 0755), 0);
	CHECK_EQ(access(host("deep/er/new"), F_OK), 0);
	CHECK_EQ(K(umount2, at("b"), 0), 0);
	return TEST_OK;
}

/* Something mounted on it stays, though the host touches the directory. */
static int mounted_on(void)
{
	struct statfs st;

	CHECK_EQ(mkdir(host("on"), 0755), 0);
	CHECK_EQ(K(mount, "none", at("h/on"), "ramfs", 0, NULL), 0);
	CHECK_EQ(K(mkdirat, AT_FDCWD, at("h/on/inside"), 0755), 0);
	CHECK_EQ(access(host("on/inside"), F_OK), -1);
	CHECK_EQ(host_write(host("on/under"), ""), 0);
	CHECK_EQ(chmod(host("on"), 0700), 0);
	usleep((HOSTDIR_TIMEOUT_MS + 50) * 1000);
	CHECK_EQ(K(statfs, at("h/on/inside"), &st), 0);
	CHECK_EQ(K(umount2, at("h/on"), 0), 0);
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("h/on/under"), &(struct stat){ 0 },
		   0),
		 0);
	return TEST_OK;
}

static int attributes_by_name(void)
{
	char value[64] = "", list[256] = "";

	CHECK_EQ(host_write(host("xa"), ""), 0);
	if (setxattr(host("xa"), "user.host", "out", 3, 0))
		SKIP("the host's file system has no user attributes");
	CHECK_EQ(K(getxattr, at("h/xa"), "user.host", value, 64), 3);
	CHECK_STR(value, "out");
	CHECK_EQ(K(getxattr, at("h/xa"), "user.host", NULL, 0), 3);
	CHECK_EQ(K(getxattr, at("h/xa"), "user.host", value, 2), -ERANGE);
	CHECK_EQ(K(getxattr, at("h/xa"), "user.none", value, 64), -ENODATA);
	CHECK_EQ(K(setxattr, at("h/xa"), "user.in", "side", 4, XATTR_CREATE),
		 0);
	CHECK_EQ(K(setxattr, at("h/xa"), "user.in", "x", 1, XATTR_CREATE),
		 -EEXIST);
	CHECK_EQ(getxattr(host("xa"), "user.in", value, 64), 4);
	CHECK_EQ(K(listxattr, at("h/xa"), list, sizeof(list)), 18);
	CHECK(memmem(list, 18, "user.in", 8) &&
	      memmem(list, 18, "user.host", 10));
	CHECK_EQ(K(removexattr, at("h/xa"), "user.host"), 0);
	CHECK_EQ(getxattr(host("xa"), "user.host", value, 64), -1);
	CHECK_EQ(mkdir(host("xd"), 0755), 0);
	CHECK_EQ(K(setxattr, at("h/xd"), "user.d", "dir", 3, 0), 0);
	CHECK_EQ(getxattr(host("xd"), "user.d", value, 64), 3);
	CHECK_EQ(K(setxattr, at("h/xa"), "odd.name", "x", 1, 0), -EOPNOTSUPP);
	CHECK_EQ(mkfifo(host("xf"), 0600), 0);
	CHECK_EQ(K(getxattr, at("h/xf"), "security.a", value, 64), -EOPNOTSUPP);
	CHECK_EQ(K(listxattr, at("h/xf"), list, sizeof(list)), 0);
	CHECK_EQ(K(getxattr, at("h/xa"), "system.posix_acl_access", value, 64),
		 -EOPNOTSUPP);
	if (geteuid())
		SKIP("trusted attributes need root on the host");
	CHECK_EQ(K(setxattr, at("h/xa"), "trusted.t", "ok", 2, 0), 0);
	CHECK_EQ(getxattr(host("xa"), "trusted.t", value, 64), 2);
	return TEST_OK;
}

/* acl(5): user::rw-, user:1234:r--, group::---, mask::r--, other::--- */
struct acl {
	uint32_t version;
	struct {
		uint16_t tag, perm;
		uint32_t id;
	} entry[5];
};

static const struct acl somebody_reads = {
	2,
	{ { 0x01, 6, -1 },
	  { 0x02, 4, SOMEBODY },
	  { 0x04, 0, -1 },
	  { 0x10, 4, -1 },
	  { 0x20, 0, -1 } },
};

static long open_as_somebody(const char *path)
{
	long fd;

	K(setfsgid, SOMEBODY);
	K(setfsuid, SOMEBODY);
	fd = K(openat, AT_FDCWD, path, O_RDONLY, 0);
	K(setfsuid, 0);
	K(setfsgid, 0);
	return fd;
}

static int access_lists(void)
{
	const char *name = "system.posix_acl_access";
	struct acl value;
	struct stat st;
	long fd;

	CHECK_EQ(hostdir_mount(at("acl"), hostdir_fd, "acl,timeout=0"), 0);
	CHECK_EQ(host_write(host("listed"), "for some"), 0);
	CHECK_EQ(chmod(host("listed"), 0600), 0);
	fd = open_as_somebody(at("acl/listed"));
	CHECK_EQ(fd, -EACCES);
	fd = K(setxattr, at("acl/listed"), name, &somebody_reads,
	       sizeof(somebody_reads), 0);
	if (fd == -EOPNOTSUPP)
		SKIP("the host's file system has no access control lists");
	CHECK_EQ(fd, 0);
	CHECK_EQ(getxattr(host("listed"), name, &value, sizeof(value)),
		 sizeof(value));
	CHECK_EQ(memcmp(&value, &somebody_reads, sizeof(value)), 0);
	fd = open_as_somebody(at("acl/listed"));
	CHECK_OK(fd);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(removexattr(host("listed"), name), 0);
	fd = open_as_somebody(at("acl/listed"));
	CHECK_EQ(fd, -EACCES);
	/* A default list makes the mode of new files, not the umask. */
	K(umask, 077);
	fd = K(openat, AT_FDCWD, at("acl/masked"), O_CREAT, 0666);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(mkdir(host("default"), 0755), 0);
	CHECK_EQ(K(setxattr, at("acl/default"), "system.posix_acl_default",
		   &somebody_reads, sizeof(somebody_reads), 0),
		 0);
	fd = K(openat, AT_FDCWD, at("acl/default/new"), O_CREAT, 0666);
	CHECK_EQ(K(close, fd), 0);
	K(umask, 022);
	CHECK_EQ(stat(host("masked"), &st), 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0600);
	CHECK_EQ(stat(host("default/new"), &st), 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0640);
	CHECK_EQ(getxattr(host("default/new"), name, &value, sizeof(value)),
		 sizeof(value));
	CHECK_EQ(K(umount2, at("acl"), 0), 0);
	return TEST_OK;
}

static int tree_for_overlay(void)
{
	CHECK_EQ(mkdir(host("low"), 0755), 0);
	CHECK_EQ(mkdir(host("low/dir"), 0755), 0);
	CHECK_EQ(host_write(host("low/read"), "lower"), 0);
	CHECK_EQ(host_write(host("low/change"), "lower"), 0);
	CHECK_EQ(host_write(host("low/remove"), "lower"), 0);
	CHECK_EQ(host_write(host("low/dir/a"), "a"), 0);
	CHECK_EQ(symlink("read", host("low/link")), 0);
	return TEST_OK;
}

static int count(const char *dir)
{
	char buf[4096] __attribute__((aligned(8)));
	long fd = K(openat, AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
	long n, pos;
	int entries = 0;

	if (fd < 0)
		return fd;
	while ((n = K(getdents64, fd, buf, sizeof(buf))) > 0)
		for (pos = 0; pos < n;
		     pos += ((struct dirent64 *)(buf + pos))->d_reclen)
			entries++;
	K(close, fd);
	return n < 0 ? (int)n : entries;
}

static int use_overlay(void)
{
	char text[16];
	long fd;

	CHECK_OK(read_file(at("o/read"), text, sizeof(text)));
	CHECK_STR(text, "lower");
	CHECK_OK(read_file(at("o/link"), text, sizeof(text)));
	CHECK_STR(text, "lower");
	CHECK_EQ(count(at("o")), 7);
	fd = K(openat, AT_FDCWD, at("o/change"), O_WRONLY | O_APPEND, 0);
	CHECK_OK(fd);
	CHECK_EQ(K(write, fd, "+upper", 6), 6);
	CHECK_EQ(K(close, fd), 0);
	CHECK_OK(read_file(at("o/change"), text, sizeof(text)));
	CHECK_STR(text, "lower+upper");
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("o/remove"), 0), 0);
	CHECK_EQ(K(openat, AT_FDCWD, at("o/remove"), O_RDONLY, 0), -ENOENT);
	fd = K(openat, AT_FDCWD, at("o/dir/new"), O_CREAT | O_WRONLY, 0600);
	CHECK_OK(fd);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(count(at("o/dir")), 4);
	CHECK_EQ(count(at("o")), 6);
	return TEST_OK;
}

/* What was removed does not come back with a new directory of that name. */
static int use_opaque_directory(void)
{
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("o/dir/a"), 0), 0);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("o/dir/new"), 0), 0);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("o/dir"), AT_REMOVEDIR), 0);
	CHECK_EQ(K(mkdirat, AT_FDCWD, at("o/dir"), 0755), 0);
	CHECK_EQ(count(at("o/dir")), 2);
	CHECK_EQ(count(at("o")), 6);
	return TEST_OK;
}

static int lower_untouched(void)
{
	char text[16];

	CHECK_EQ(host_read(host("low/change"), text, sizeof(text)), 0);
	CHECK_STR(text, "lower");
	CHECK_EQ(access(host("low/remove"), F_OK), 0);
	CHECK_EQ(access(host("low/dir/a"), F_OK), 0);
	CHECK_EQ(access(host("low/dir/new"), F_OK), -1);
	return TEST_OK;
}

static long mount_overlay(const char *lower, const char *upper)
{
	char options[600];

	snprintf(options, sizeof(options),
		 "lowerdir=%s,upperdir=%s/upper,workdir=%s/work",
		 at("%s", lower), at("%s", upper), at("%s", upper));
	K(mkdirat, AT_FDCWD, at("%s/upper", upper), 0755);
	K(mkdirat, AT_FDCWD, at("%s/work", upper), 0755);
	K(mkdirat, AT_FDCWD, at("o"), 0755);
	return K(mount, "none", at("o"), "overlay", 0, options);
}

static int lower_of_overlay(void)
{
	TRY(tree_for_overlay());
	/* Without an MMU a tmpfs is a ramfs, which has no extended attributes. */
	CHECK_EQ(K(mkdirat, AT_FDCWD, at("up"), 0755), 0);
	CHECK_EQ(K(mount, "none", at("up"), "tmpfs", 0, NULL), 0);
	CHECK_EQ(mount_overlay("h/low", "up"), 0);
	TRY(use_overlay());
	TRY(lower_untouched());
	CHECK_EQ(K(umount2, at("o"), 0), 0);
	CHECK_EQ(K(umount2, at("up"), 0), 0);
	return TEST_OK;
}

static int upper_of_overlay(void)
{
	struct stat st;
	char value[4], text[16];

	CHECK_EQ(mkdir(host("up"), 0755), 0);
	if (setxattr(host("up"), "trusted.t", "x", 1, 0))
		SKIP("trusted attributes on the host: %s", strerror(errno));
	if (mknod(host("whiteout"), S_IFCHR, makedev(0, 0)))
		SKIP("whiteouts on the host: %s", strerror(errno));
	CHECK_EQ(mount_overlay("h/low", "h/up"), 0);
	TRY(use_overlay());
	TRY(use_opaque_directory());
	TRY(lower_untouched());
	CHECK_EQ(K(umount2, at("o"), 0), 0);
	CHECK_EQ(host_read(host("up/upper/change"), text, sizeof(text)), 0);
	CHECK_STR(text, "lower+upper");
	CHECK_EQ(lstat(host("up/upper/remove"), &st), 0);
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(st.st_rdev, makedev(0, 0));
	CHECK_EQ(getxattr(host("up/upper/dir"), "trusted.overlay.opaque", value,
			  sizeof(value)),
		 1);
	CHECK_EQ(value[0], 'y');
	return TEST_OK;
}

/* An overlay file system of the host, mounted nowhere: its descriptor. */
static int host_overlay(void)
{
	static const char *const keys[] = { "lowerdir", "upperdir", "workdir" };
	static const char *const dirs[] = { "ov_l", "ov_u", "ov_w" };
	int i, mount_fd, fs = fsopen("overlay", FSOPEN_CLOEXEC);

	if (fs < 0)
		return -1;
	for (i = 0; i < 3; i++) {
		mkdir(host("%s", dirs[i]), 0755);
		fsconfig(fs, FSCONFIG_SET_STRING, keys[i], host("%s", dirs[i]),
			 0);
	}
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0)) {
		i = errno;
		close(fs);
		errno = i;
		return -1;
	}
	mount_fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	close(fs);
	return mount_fd;
}

static int copy_up(void)
{
	struct stat st;
	char text[8];
	long fd;

	/* A directory changes its inode on the host, and what is on it stays. */
	CHECK_EQ(K(mount, "none", at("ov/dir/sub"), "ramfs", 0, NULL), 0);
	CHECK_EQ(K(mkdirat, AT_FDCWD, at("ov/dir/sub/in_it"), 0700), 0);
	CHECK_EQ(K(mkdirat, AT_FDCWD, at("ov/dir/beside"), 0700), 0);
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("ov/dir/beside"), &st, 0), 0);
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("ov/dir/sub/in_it"), &st, 0), 0);
	CHECK_EQ(K(umount2, at("ov/dir/sub"), 0), 0);
	/* A file, by its name and by a descriptor. */
	fd = K(openat, AT_FDCWD, at("ov/f"), O_RDONLY, 0);
	CHECK_OK(fd);
	CHECK_EQ(K(fchmodat, AT_FDCWD, at("ov/f"), 0711), 0);
	CHECK_EQ(K(fstat, fd, &st), 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0711);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("ov/f"), &st, 0), 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0711);
	fd = K(openat, AT_FDCWD, at("ov/g"), O_WRONLY | O_APPEND, 0);
	CHECK_OK(fd);
	CHECK_EQ(K(write, fd, "!", 1), 1);
	CHECK_EQ(K(fstat, fd, &st), 0);
	CHECK_EQ(st.st_size, 6);
	CHECK_EQ(K(close, fd), 0);
	CHECK_OK(read_file(at("ov/g"), text, sizeof(text)));
	CHECK_STR(text, "lower!");
	return TEST_OK;
}

/* Container images are often overlay file systems of the host. */
static int on_an_overlay(void)
{
	static const char *const options[] = { "timeout=0", "timeout=60000",
					       "exclusive" };
	size_t i;
	int fd;

	for (i = 0; i < 3; i++) {
		mkdir(host("ov_l"), 0755);
		CHECK_EQ(mkdir(host("ov_l/dir"), 0755), 0);
		CHECK_EQ(mkdir(host("ov_l/dir/sub"), 0755), 0);
		CHECK_EQ(host_write(host("ov_l/f"), "lower"), 0);
		CHECK_EQ(host_write(host("ov_l/g"), "lower"), 0);
		fd = host_overlay();
		if (fd < 0)
			SKIP("overlay on the host: %s", strerror(errno));
		CHECK_EQ(hostdir_mount(at("ov"), fd, options[i]), 0);
		close(fd);
		TRY(copy_up());
		CHECK_EQ(K(umount2, at("ov"), 0), 0);
		CHECK_EQ(rename(host("ov_l"), host("ov_l%zu", i)), 0);
		CHECK_EQ(rename(host("ov_u"), host("ov_u%zu", i)), 0);
		CHECK_EQ(rename(host("ov_w"), host("ov_w%zu", i)), 0);
	}
	return TEST_OK;
}

/* Opens a loop device on a file of the host directory. */
static long open_loop(const char *image, int minor)
{
	struct loop_config config = { 0 };
	const char *node = at("loop%d", minor);
	long backing = K(openat, AT_FDCWD, image, O_RDWR, 0), loop, ret;

	if (backing < 0)
		return backing;
	config.fd = backing;
	K(mknodat, AT_FDCWD, node, S_IFBLK | 0600, makedev(7, minor));
	loop = K(openat, AT_FDCWD, node, O_RDWR, 0);
	ret = loop < 0 ? loop : K(ioctl, loop, LOOP_CONFIGURE, &config);
	K(close, backing);
	return ret < 0 ? ret : loop;
}

/* A loop device reads and writes by pages of the kernel. */
static int loop_device(void)
{
	static unsigned char data[4096], back[4096];
	long loop;
	int fd;

	CHECK_EQ(host_write(host("image"), ""), 0);
	CHECK_EQ(truncate(host("image"), 1 << 20), 0);
	loop = open_loop(at("h/image"), 0);
	CHECK_OK(loop);
	pattern_fill(data, 0, sizeof(data));
	CHECK_EQ(K(pwrite64, loop, data, 4096, 40960), 4096);
	CHECK_EQ(K(fsync, loop), 0);
	fd = open(host("image"), O_RDWR);
	CHECK_EQ(pread(fd, back, 4096, 40960), 4096);
	CHECK_EQ(pattern_check(back, 0, 4096), -1);
	CHECK_EQ(pwrite(fd, data, 4096, 8192), 4096);
	close(fd);
	memset(back, 0, sizeof(back));
	CHECK_EQ(K(pread64, loop, back, 4096, 8192), 4096);
	CHECK_EQ(pattern_check(back, 0, 4096), -1);
	CHECK_EQ(K(ioctl, loop, LOOP_CLR_FD, 0), 0);
	CHECK_EQ(K(close, loop), 0);
	return TEST_OK;
}

/* Large requests of a file system, split within a run of pages. */
static int file_system_on_loop(void)
{
	const char *image = host("ext4");
	long loop, fd;
	int code;

	CHECK_EQ(host_write(image, ""), 0);
	CHECK_EQ(truncate(image, 64 << 20), 0);
	code = run_tool(
		(const char *const[]){ "mkfs.ext4", "-q", "-F", image, NULL });
	if (code == 127)
		SKIP("mkfs.ext4 is not installed (package e2fsprogs)");
	CHECK_EQ(code, 0);
	loop = open_loop(at("h/ext4"), 1);
	CHECK_OK(loop);
	CHECK_EQ(K(mkdirat, AT_FDCWD, at("ext4"), 0755), 0);
	CHECK_EQ(K(mount, at("loop1"), at("ext4"), "ext4", 0, NULL), 0);
	fd = K(openat, AT_FDCWD, at("ext4/data"), O_RDWR | O_CREAT, 0600);
	CHECK_EQ(send_pattern(kernel, fd, 20 << 20), 0);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(umount2, at("ext4"), 0), 0);
	CHECK_EQ(
		run_tool((const char *const[]){ "e2fsck", "-fn", image, NULL }),
		0);
	CHECK_EQ(K(mount, at("loop1"), at("ext4"), "ext4", 0, NULL), 0);
	fd = K(openat, AT_FDCWD, at("ext4/data"), O_RDONLY, 0);
	CHECK_EQ(receive_pattern(kernel, fd, 20 << 20), 0);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(umount2, at("ext4"), 0), 0);
	CHECK_EQ(K(ioctl, loop, LOOP_CLR_FD, 0), 0);
	CHECK_EQ(K(close, loop), 0);
	return TEST_OK;
}

static const struct test tests[] = {
	{ "no_descriptor_leaks", no_descriptor_leaks, TEST_HOST },
	{ "bad_options", bad_options, TEST_HOST },
	{ "shown_options", shown_options, TEST_HOST },
	{ "file_system", file_system, TEST_HOST },
	{ "read_only", read_only, TEST_HOST },
	{ "exclusive", exclusive, TEST_HOST },
	{ "bound_directory", bound_directory, TEST_HOST },
	{ "mounted_on", mounted_on, TEST_HOST },
	{ "attributes_by_name", attributes_by_name, TEST_HOST },
	{ "access_lists", access_lists, TEST_HOST },
	{ "lower_of_overlay", lower_of_overlay, TEST_HOST },
	{ "upper_of_overlay", upper_of_overlay, TEST_HOST },
	{ "on_an_overlay", on_an_overlay, TEST_HOST },
	{ "loop_device", loop_device, TEST_HOST },
	{ "file_system_on_loop", file_system_on_loop, TEST_HOST },
	{},
};

const struct test_group group_hostdir_mount = { "hostdir_mount", tests,
						hostdir_setup };
