// SPDX-License-Identifier: GPL-2.0-only
/* tmpfs, proc and sysfs: mounted and used. */
#define _GNU_SOURCE
#include "netlink.h"
#include "test.h"
#include "transfer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>

static int setup(void)
{
	TRY(start_kernel(NULL));
	CHECK_EQ(K(mkdirat, AT_FDCWD, at("tmp"), 0755), 0);
	CHECK_EQ(K(mount, "none", at("tmp"), "tmpfs", 0, "mode=0700"), 0);
	return TEST_OK;
}

static int tmpfs_type(void)
{
	struct statfs st;
	struct stat dir;

	CHECK_EQ(K(statfs, at("tmp"), &st), 0);
	/* Without an MMU tmpfs is ramfs (CONFIG_SHMEM needs one). */
	CHECK(st.f_type == TMPFS_MAGIC || st.f_type == RAMFS_MAGIC);
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("tmp"), &dir, 0), 0);
	CHECK_EQ(dir.st_mode, S_IFDIR | 0700);
	return TEST_OK;
}

static int write_and_read(void)
{
	long fd = K(openat, AT_FDCWD, at("tmp/file"), O_RDWR | O_CREAT | O_EXCL,
		    0640);
	struct stat st;

	CHECK_OK(fd);
	CHECK_EQ(send_pattern(kernel, fd, 300000), 0);
	CHECK_EQ(K(lseek, fd, 0, SEEK_SET), 0);
	CHECK_EQ(receive_pattern(kernel, fd, 300000), 0);
	CHECK_EQ(K(fstat, fd, &st), 0);
	CHECK_EQ(st.st_size, 300000);
	CHECK_EQ(st.st_mode, S_IFREG | 0640);
	CHECK_EQ(K(ftruncate, fd, 100), 0);
	CHECK_EQ(K(lseek, fd, 0, SEEK_END), 100);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(openat, AT_FDCWD, at("tmp/file"), O_RDWR | O_CREAT | O_EXCL,
		   0640),
		 -EEXIST);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("tmp/file"), 0), 0);
	CHECK_EQ(K(openat, AT_FDCWD, at("tmp/file"), O_RDONLY, 0), -ENOENT);
	return TEST_OK;
}

static int vectors(void)
{
	char a[3], b[5];
	struct iovec out[] = { { "abc", 3 }, { "defgh", 5 } };
	struct iovec in[] = { { b, 5 }, { a, 3 } };
	long fd = K(openat, AT_FDCWD, at("tmp/vec"), O_RDWR | O_CREAT, 0600);

	CHECK_EQ(K(writev, fd, out, 2), 8);
	CHECK_EQ(K(preadv, fd, in, 2, 0, 0), 8);
	CHECK_EQ(memcmp(b, "abcde", 5), 0);
	CHECK_EQ(memcmp(a, "fgh", 3), 0);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("tmp/vec"), 0), 0);
	return TEST_OK;
}

static int names(void)
{
	char target[64] = "";
	struct stat a, b;
	long fd = K(openat, AT_FDCWD, at("tmp/one"), O_RDWR | O_CREAT, 0600);

	CHECK_OK(fd);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(linkat, AT_FDCWD, at("tmp/one"), AT_FDCWD, at("tmp/two"), 0),
		 0);
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("tmp/one"), &a, 0), 0);
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("tmp/two"), &b, 0), 0);
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_EQ(b.st_nlink, 2);
	CHECK_EQ(K(renameat2, AT_FDCWD, at("tmp/one"), AT_FDCWD,
		   at("tmp/three"), 0),
		 0);
	CHECK_EQ(K(renameat2, AT_FDCWD, at("tmp/three"), AT_FDCWD,
		   at("tmp/two"), 1 /* RENAME_NOREPLACE */),
		 -EEXIST);
	CHECK_EQ(K(symlinkat, "three", AT_FDCWD, at("tmp/link")), 0);
	CHECK_EQ(K(readlinkat, AT_FDCWD, at("tmp/link"), target,
		   sizeof(target)),
		 5);
	CHECK_STR(target, "three");
	CHECK_EQ(K(mkdirat, AT_FDCWD, at("tmp/dir"), 0700), 0);
	CHECK_EQ(K(renameat2, AT_FDCWD, at("tmp/two"), AT_FDCWD,
		   at("tmp/dir/two"), 0),
		 0);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("tmp/dir"), AT_REMOVEDIR),
		 -ENOTEMPTY);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("tmp/dir/two"), 0), 0);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("tmp/dir"), AT_REMOVEDIR), 0);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("tmp/three"), 0), 0);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("tmp/link"), 0), 0);
	return TEST_OK;
}

static int count_entries(const char *dir)
{
	char buf[4096] __attribute__((aligned(8)));
	long fd = K(openat, AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
	long n, pos;
	int count = 0;

	if (fd < 0)
		return fd;
	while ((n = K(getdents64, fd, buf, sizeof(buf))) > 0)
		for (pos = 0; pos < n;
		     pos += ((struct dirent64 *)(buf + pos))->d_reclen)
			count++;
	K(close, fd);
	return n < 0 ? (int)n : count;
}

static int directories(void)
{
	int i;

	CHECK_EQ(K(mkdirat, AT_FDCWD, at("tmp/many"), 0700), 0);
	for (i = 0; i < 300; i++) {
		long fd = K(openat, AT_FDCWD, at("tmp/many/entry%d", i),
			    O_CREAT | O_RDWR, 0600);

		CHECK_OK(fd);
		CHECK_EQ(K(close, fd), 0);
	}
	CHECK_EQ(count_entries(at("tmp/many")), 302);
	for (i = 0; i < 300; i++)
		CHECK_EQ(K(unlinkat, AT_FDCWD, at("tmp/many/entry%d", i), 0),
			 0);
	CHECK_EQ(count_entries(at("tmp/many")), 2);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("tmp/many"), AT_REMOVEDIR), 0);
	return TEST_OK;
}

static int attributes(void)
{
	struct timespec times[2] = { { 1000, 5 }, { 2000, 6 } };
	struct stat st;
	long fd = K(openat, AT_FDCWD, at("tmp/attr"), O_RDWR | O_CREAT, 0600);

	CHECK_OK(fd);
	CHECK_EQ(K(fchmod, fd, 04711), 0);
	CHECK_EQ(K(fchown, fd, 12, 34), 0);
	CHECK_EQ(K(utimensat, fd, NULL, times, 0), 0);
	CHECK_EQ(K(fstat, fd, &st), 0);
	CHECK_EQ(st.st_uid, 12);
	CHECK_EQ(st.st_gid, 34);
	CHECK_EQ(st.st_mode & 0777, 0711);
	CHECK_EQ(st.st_mtim.tv_sec, 2000);
	CHECK_EQ(st.st_atim.tv_nsec, 5);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("tmp/attr"), 0), 0);
	return TEST_OK;
}

static int device_nodes(void)
{
	char zeros[64];
	long fd;
	size_t i;

	CHECK_EQ(K(mknodat, AT_FDCWD, at("tmp/null"), S_IFCHR | 0666,
		   makedev(1, 3)),
		 0);
	CHECK_EQ(K(mknodat, AT_FDCWD, at("tmp/zero"), S_IFCHR | 0666,
		   makedev(1, 5)),
		 0);
	fd = K(openat, AT_FDCWD, at("tmp/null"), O_RDWR, 0);
	CHECK_OK(fd);
	CHECK_EQ(K(write, fd, "gone", 4), 4);
	CHECK_EQ(K(read, fd, zeros, 4), 0);
	CHECK_EQ(K(close, fd), 0);
	fd = K(openat, AT_FDCWD, at("tmp/zero"), O_RDWR, 0);
	memset(zeros, 1, sizeof(zeros));
	CHECK_EQ(K(read, fd, zeros, sizeof(zeros)), sizeof(zeros));
	for (i = 0; i < sizeof(zeros); i++)
		CHECK_EQ(zeros[i], 0);
	CHECK_EQ(K(close, fd), 0);
	return TEST_OK;
}

static int locks(void)
{
	struct flock lock = { .l_type = F_WRLCK,
			      .l_whence = SEEK_SET,
			      .l_len = 10 };
	long a = K(openat, AT_FDCWD, at("tmp/lock"), O_RDWR | O_CREAT, 0600);
	long b = K(openat, AT_FDCWD, at("tmp/lock"), O_RDWR, 0);

	CHECK_EQ(K(fcntl, a, F_OFD_SETLK, &lock), 0);
	CHECK_EQ(K(fcntl, b, F_OFD_SETLK, &lock), -EAGAIN);
	CHECK_EQ(K(close, a), 0);
	CHECK_EQ(K(fcntl, b, F_OFD_SETLK, &lock), 0);
	CHECK_EQ(K(close, b), 0);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("tmp/lock"), 0), 0);
	return TEST_OK;
}

static int proc_files(void)
{
	char text[8192];

	CHECK_OK(read_file(at("proc/version"), text, sizeof(text)));
	CHECK_EQ(strncmp(text, "Linux version ", 14), 0);
	CHECK_OK(read_file(at("proc/self/status"), text, sizeof(text)));
	CHECK(strstr(text, "\nUid:\t0\t"));
	CHECK_OK(read_file(at("proc/meminfo"), text, sizeof(text)));
	CHECK_EQ(strncmp(text, "MemTotal:", 9), 0);
	CHECK_OK(read_file(at("proc/filesystems"), text, sizeof(text)));
	CHECK(strstr(text, "tmpfs\n"));
	CHECK_OK(read_file(at("proc/mounts"), text, sizeof(text)));
	CHECK(strstr(text, at("tmp")));
	CHECK(count_entries(at("proc")) > 20);
	return TEST_OK;
}

static int proc_descriptors(void)
{
	char target[256] = "";
	long fd = K(openat, AT_FDCWD, at("tmp"), O_RDONLY | O_DIRECTORY, 0);

	CHECK_OK(fd);
	CHECK_OK(K(readlinkat, AT_FDCWD, at("proc/self/fd/%ld", fd), target,
		   sizeof(target)));
	CHECK_STR(target, at("tmp"));
	CHECK_EQ(K(close, fd), 0);
	return TEST_OK;
}

static int sysctl_strings(void)
{
	char text[128];

	CHECK_OK(read_file(at("proc/sys/kernel/ostype"), text, sizeof(text)));
	CHECK_STR(text, "Linux\n");
	CHECK_EQ(write_file(at("proc/sys/kernel/hostname"), "written"), 0);
	CHECK_OK(read_file(at("proc/sys/kernel/hostname"), text, sizeof(text)));
	CHECK_STR(text, "written\n");
	return TEST_OK;
}

static int sys_files(void)
{
	char text[128];
	struct statfs st;

	CHECK_EQ(K(statfs, at("sys"), &st), 0);
	CHECK_EQ(st.f_type, SYSFS_MAGIC);
	CHECK_OK(read_file(at("sys/class/net/lo/address"), text, sizeof(text)));
	CHECK_STR(text, "00:00:00:00:00:00\n");
	CHECK_OK(read_file(at("sys/class/net/lo/type"), text, sizeof(text)));
	CHECK_EQ(atoi(text), 772); /* ARPHRD_LOOPBACK */
	CHECK(count_entries(at("sys/kernel")) > 2);
	return TEST_OK;
}

static int mount_errors(void)
{
	CHECK_EQ(K(mount, "none", at("tmp"), "nosuchfs", 0, NULL), -ENODEV);
	CHECK_EQ(K(mount, "none", at("nowhere"), "tmpfs", 0, NULL), -ENOENT);
	CHECK_EQ(K(umount2, at("tmp/none"), 0), -ENOENT);
	CHECK_EQ(K(umount2, at("%s", ""), 0), -EINVAL);
	return TEST_OK;
}

static int busy_and_read_only(void)
{
	long fd;

	CHECK_EQ(K(mkdirat, AT_FDCWD, at("tmp/m"), 0755), 0);
	CHECK_EQ(K(mount, "none", at("tmp/m"), "tmpfs", 0, NULL), 0);
	fd = K(openat, AT_FDCWD, at("tmp/m/held"), O_RDWR | O_CREAT, 0600);
	CHECK_OK(fd);
	CHECK_EQ(K(umount2, at("tmp/m"), 0), -EBUSY);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(mount, NULL, at("tmp/m"), NULL, MS_REMOUNT | MS_RDONLY,
		   NULL),
		 0);
	CHECK_EQ(K(openat, AT_FDCWD, at("tmp/m/new"), O_RDWR | O_CREAT, 0600),
		 -EROFS);
	CHECK_EQ(K(umount2, at("tmp/m"), 0), 0);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("tmp/m"), AT_REMOVEDIR), 0);
	return TEST_OK;
}

static const struct test tests[] = {
	{ "tmpfs_type", tmpfs_type, TEST_HOST },
	{ "write_and_read", write_and_read, TEST_HOST },
	{ "vectors", vectors, TEST_HOST },
	{ "names", names, TEST_HOST },
	{ "directories", directories, TEST_HOST },
	{ "attributes", attributes, TEST_HOST },
	{ "device_nodes", device_nodes, TEST_HOST },
	{ "locks", locks, TEST_HOST },
	{ "proc_files", proc_files, TEST_HOST },
	{ "proc_descriptors", proc_descriptors, TEST_HOST },
	{ "sysctl_strings", sysctl_strings, TEST_HOST },
	{ "sys_files", sys_files, TEST_HOST },
	{ "mount_errors", mount_errors, TEST_HOST },
	{ "busy_and_read_only", busy_and_read_only, TEST_HOST },
	{},
};

const struct test_group group_fs = { "fs", tests, setup };
