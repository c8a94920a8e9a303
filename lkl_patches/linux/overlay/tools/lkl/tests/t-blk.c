// SPDX-License-Identifier: GPL-2.0-only
/*
 * Disks: an ext4 image made by the host's mkfs.ext4, used through virtio-blk,
 * and checked by the host's e2fsck after the kernel has gone.
 */
#define _GNU_SOURCE
#include "test.h"
#include "transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <lkl.h>

#define IMAGE_SIZE (64UL << 20)
#define FILE_SIZE (5UL << 20)
#define EXT4_MAGIC 0xef53

/* Host files without names: nothing to clean up. */
static int image = -1; /* /dev/vda */
static int dirty_image = -1; /* /dev/vdc: still mounted at the halt */
static bool dirty_written;

/* An image's name for host programs, which inherit the descriptor. */
static const char *image_path(int fd)
{
	static char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

static int make_image(int *fd, unsigned long size)
{
	const char *dir = getenv("TMPDIR");
	char path[256];
	int code;

	snprintf(path, sizeof(path), "%s/lkl-test-XXXXXX", dir ? dir : "/tmp");
	*fd = mkstemp(path);
	if (*fd < 0 || unlink(path) || ftruncate(*fd, size))
		FAIL("no room for a disk image: %s", strerror(errno));
	code = run_tool((const char *const[]){ "mkfs.ext4", "-q", "-F",
					       image_path(*fd), NULL });
	if (code == 127)
		SKIP("mkfs.ext4 is not installed (package e2fsprogs)");
	CHECK_EQ(code, 0);
	return TEST_OK;
}

/* Makes the device node from what sysfs says. */
static long make_node(const char *name)
{
	char text[32];
	unsigned int major, minor;
	long ret = read_file(at("sys/block/%s/dev", name), text, sizeof(text));

	if (ret < 0)
		return ret;
	if (sscanf(text, "%u:%u", &major, &minor) != 2)
		return -EINVAL;
	return K(mknodat, AT_FDCWD, at("%s", name), S_IFBLK | 0600,
		 makedev(major, minor));
}

static int mount_disk(const char *disk, const char *dir)
{
	CHECK_EQ(make_node(disk), 0);
	CHECK_EQ(K(mkdirat, AT_FDCWD, at("%s", dir), 0755), 0);
	CHECK_EQ(K(mount, at("%s", disk), at("%s", dir), "ext4", 0, NULL), 0);
	return TEST_OK;
}

/* vda, vdc: ext4 images; vdb: read-only, with a few bytes in it. */
static int setup(void)
{
	int empty = memfd_create("empty", MFD_CLOEXEC);

	/* Host programs live in sbin; an ordinary PATH may not have it. */
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	TRY(make_image(&image, IMAGE_SIZE));
	TRY(make_image(&dirty_image, IMAGE_SIZE / 4));
	CHECK_EQ(ftruncate(empty, 1 << 20), 0);
	CHECK_EQ(pwrite(empty, "read-only disk", 14, 4096), 14);
	CHECK_EQ(lkl_add_disk(image, 0), 0);
	CHECK_EQ(lkl_add_disk(empty, LKL_DISK_RO), 1);
	CHECK_EQ(lkl_add_disk(dirty_image, 0), 2);
	TRY(start_kernel(NULL));
	CHECK_EQ(make_node("vdb"), 0);
	TRY(mount_disk("vda", "disk"));
	return mount_disk("vdc", "dirty");
}

static int sizes(void)
{
	char text[64];

	CHECK_OK(read_file(at("sys/block/vda/size"), text, sizeof(text)));
	CHECK_EQ(atol(text), IMAGE_SIZE / 512);
	CHECK_OK(read_file(at("sys/block/vda/ro"), text, sizeof(text)));
	CHECK_STR(text, "0\n");
	CHECK_OK(read_file(at("sys/block/vdb/ro"), text, sizeof(text)));
	CHECK_STR(text, "1\n");
	return TEST_OK;
}

static int is_ext4(void)
{
	struct statfs st;

	CHECK_EQ(K(statfs, at("disk"), &st), 0);
	CHECK_EQ(st.f_type, EXT4_MAGIC);
	return TEST_OK;
}

static int remount_and_compare(void)
{
	long fd = K(openat, AT_FDCWD, at("disk/data"),
		    O_RDWR | O_CREAT | O_EXCL, 0644);

	CHECK_OK(fd);
	CHECK_EQ(send_pattern(kernel, fd, FILE_SIZE), 0);
	CHECK_EQ(K(fsync, fd), 0);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(mkdirat, AT_FDCWD, at("disk/dir"), 0755), 0);
	CHECK_EQ(K(symlinkat, "../data", AT_FDCWD, at("disk/dir/link")), 0);
	CHECK_EQ(K(umount2, at("disk"), 0), 0);
	CHECK_EQ(K(openat, AT_FDCWD, at("disk/data"), O_RDONLY, 0), -ENOENT);
	CHECK_EQ(K(mount, at("vda"), at("disk"), "ext4", 0, NULL), 0);
	fd = K(openat, AT_FDCWD, at("disk/dir/link"), O_RDONLY, 0);
	CHECK_OK(fd);
	CHECK_EQ(receive_pattern(kernel, fd, FILE_SIZE), 0);
	CHECK_EQ(K(close, fd), 0);
	return TEST_OK;
}

static int many_files(void)
{
	int i;

	CHECK_EQ(K(mkdirat, AT_FDCWD, at("disk/many"), 0755), 0);
	for (i = 0; i < 500; i++) {
		long fd = K(openat, AT_FDCWD, at("disk/many/f%d", i),
			    O_RDWR | O_CREAT, 0600);

		CHECK_OK(fd);
		CHECK_EQ(K(write, fd, &i, sizeof(i)), sizeof(i));
		CHECK_EQ(K(close, fd), 0);
		if (i % 3 == 0)
			CHECK_EQ(K(unlinkat, AT_FDCWD, at("disk/many/f%d", i),
				   0),
				 0);
	}
	K(sync);
	return TEST_OK;
}

static int disk_full(void)
{
	static char block[65536];
	long n, fd = K(openat, AT_FDCWD, at("disk/big"), O_RDWR | O_CREAT,
		       0600);

	CHECK_OK(fd);
	do
		n = K(write, fd, block, sizeof(block));
	while (n == sizeof(block));
	/* The last write may be short; the one after it is refused. */
	if (n >= 0)
		n = K(write, fd, block, sizeof(block));
	CHECK_EQ(n, -ENOSPC);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("disk/big"), 0), 0);
	return TEST_OK;
}

static int raw_device(void)
{
	static char block[4096];
	long fd = K(openat, AT_FDCWD, at("vdb"), O_RDONLY, 0);
	uint64_t size = 0;

	CHECK_OK(fd);
	CHECK_EQ(K(ioctl, fd, BLKGETSIZE64, &size), 0);
	CHECK_EQ(size, 1 << 20);
	CHECK_EQ(K(pread64, fd, block, sizeof(block), 4096), sizeof(block));
	CHECK_STR(block, "read-only disk");
	CHECK_EQ(K(pread64, fd, block, sizeof(block), 1 << 20), 0);
	CHECK_EQ(K(close, fd), 0);
	return TEST_OK;
}

/* Direct I/O works, or is refused when the file is opened; not halfway. */
static int direct_io(void)
{
	static char block[4096] __attribute__((aligned(4096)));
	long fd = K(openat, AT_FDCWD, at("vdb"), O_RDONLY | O_DIRECT, 0);

	if (fd == -EINVAL)
		SKIP("the kernel has no direct I/O into the host's memory");
	CHECK_OK(fd);
	CHECK_EQ(K(pread64, fd, block, sizeof(block), 4096), sizeof(block));
	CHECK_STR(block, "read-only disk");
	CHECK_EQ(K(close, fd), 0);
	return TEST_OK;
}

static int read_only_disk(void)
{
	long fd = K(openat, AT_FDCWD, at("vdb"), O_RDWR, 0);
	long n;

	if (fd >= 0) {
		n = K(write, fd, "x", 1);
		K(close, fd);
		CHECK_EQ(n, -EPERM);
	} else {
		CHECK(fd == -EROFS || fd == -EACCES || fd == -EPERM);
	}
	return TEST_OK;
}

/* Left mounted on purpose: the halt has to write everything back. */
static int leave_dirty(void)
{
	long fd = K(openat, AT_FDCWD, at("dirty/unsynced"), O_RDWR | O_CREAT,
		    0600);

	CHECK_OK(fd);
	CHECK_EQ(send_pattern(kernel, fd, 100000), 0);
	CHECK_EQ(K(close, fd), 0);
	dirty_written = true;
	return TEST_OK;
}

static int unmount(void)
{
	CHECK_EQ(K(umount2, at("disk"), 0), 0);
	return TEST_OK;
}

static int host_checks_image(void)
{
	CHECK_EQ(run_tool((const char *const[]){ "e2fsck", "-fn",
						 image_path(image), NULL }),
		 0);
	return TEST_OK;
}

/*
 * The journal may need a replay (e2fsck answers 1 then, "errors corrected");
 * after it the file that was never synced has to be there.
 */
static int host_reads_dirty(void)
{
	static unsigned char data[100001];
	int out = memfd_create("dumped", 0);
	char command[96];
	int code;

	if (!dirty_written)
		SKIP("needs blk.leave_dirty before it");
	code = run_tool((const char *const[]){ "e2fsck", "-fp",
					       image_path(dirty_image), NULL });
	CHECK(code == 0 || code == 1);
	CHECK_EQ(run_tool((const char *const[]){
			 "e2fsck", "-fn", image_path(dirty_image), NULL }),
		 0);
	snprintf(command, sizeof(command), "dump unsynced /proc/self/fd/%d",
		 out);
	CHECK_EQ(run_tool((const char *const[]){ "debugfs", "-R", command,
						 image_path(dirty_image),
						 NULL }),
		 0);
	CHECK_EQ(pread(out, data, sizeof(data), 0), 100000);
	CHECK_EQ(pattern_check(data, 0, 100000), -1);
	return TEST_OK;
}

static const struct test tests[] = {
	{ "sizes", sizes, 0 },
	{ "is_ext4", is_ext4, 0 },
	{ "remount_and_compare", remount_and_compare, 0 },
	{ "many_files", many_files, 0 },
	{ "disk_full", disk_full, 0 },
	{ "raw_device", raw_device, 0 },
	{ "direct_io", direct_io, 0 },
	{ "read_only_disk", read_only_disk, 0 },
	{ "leave_dirty", leave_dirty, 0 },
	{ "unmount", unmount, 0 },
	{ "host_checks_image", host_checks_image, TEST_AFTER_HALT },
	{ "host_reads_dirty", host_reads_dirty, TEST_AFTER_HALT },
	{},
};

const struct test_group group_blk = { "blk", tests, setup };
