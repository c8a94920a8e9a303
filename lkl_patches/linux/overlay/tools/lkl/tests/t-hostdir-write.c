// SPDX-License-Identifier: GPL-2.0-only
/* A directory of the host as a file system: files written, names changed. */
#define _GNU_SOURCE
#include "hostdir.h"
#include "transfer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define GIB (1L << 30)
#define SOMEBODY 1234

static long create(const char *path, int flags)
{
	return K(openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL | flags,
		 0640);
}

static int write_and_read(void)
{
	long fd = create(at("h/file"), 0);
	struct stat in, out;
	char byte;
	int host_fd;

	CHECK_OK(fd);
	CHECK_EQ(send_pattern(kernel, fd, 300000), 0);
	host_fd = open(host("file"), O_RDONLY);
	CHECK_OK(host_fd);
	CHECK_EQ(receive_pattern(host_call, host_fd, 300000), 0);
	close(host_fd);
	CHECK_EQ(K(lseek, fd, 0, SEEK_SET), 0);
	CHECK_EQ(receive_pattern(kernel, fd, 300000), 0);
	CHECK_EQ(K(read, fd, &byte, 1), 0);
	CHECK_EQ(K(fstat, fd, &in), 0);
	CHECK_EQ(stat(host("file"), &out), 0);
	CHECK_EQ(in.st_size, 300000);
	CHECK_EQ(in.st_mode, S_IFREG | 0640);
	CHECK_EQ(in.st_ino, out.st_ino);
	CHECK_EQ(in.st_blocks, out.st_blocks);
	CHECK_EQ(K(ftruncate, fd, 100), 0);
	CHECK_EQ(K(lseek, fd, 0, SEEK_END), 100);
	CHECK_EQ(truncate(host("file"), 70), 0);
	CHECK_EQ(K(lseek, fd, -1, SEEK_END), 69);
	CHECK_EQ(K(truncate, at("h/file"), 60), 0);
	CHECK_EQ(K(fsync, fd), 0);
	CHECK_EQ(K(fdatasync, fd), 0);
	CHECK_EQ(K(syncfs, fd), 0);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(create(at("h/file"), 0), -EEXIST);
	fd = K(openat, AT_FDCWD, at("h/file"), O_WRONLY | O_CREAT | O_TRUNC,
	       0600);
	CHECK_OK(fd);
	CHECK_EQ(stat(host("file"), &out), 0);
	CHECK_EQ(out.st_size, 0);
	CHECK_EQ(K(read, fd, &byte, 1), -EBADF);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("h/file"), 0), 0);
	CHECK_EQ(access(host("file"), F_OK), -1);
	return TEST_OK;
}

static int append(void)
{
	char text[64];
	struct iovec more = { "R", 1 };
	long a = create(at("h/log"), O_APPEND);
	long b = K(openat, AT_FDCWD, at("h/log"), O_WRONLY | O_APPEND, 0);
	int other = open(host("log"), O_WRONLY | O_APPEND);

	CHECK_OK(a);
	CHECK_OK(b);
	CHECK_OK(other);
	CHECK_EQ(K(write, a, "aa", 2), 2);
	CHECK_EQ(write(other, "hh", 2), 2);
	CHECK_EQ(K(write, b, "b", 1), 1);
	CHECK_EQ(K(write, a, "a", 1), 1);
	CHECK_EQ(K(lseek, a, 0, SEEK_CUR), 6);
	CHECK_EQ(K(lseek, b, 0, SEEK_CUR), 5);
	CHECK_EQ(K(pwrite64, a, "P", 1, 0), 1);
	/* The flag goes and comes while the file is open. */
	CHECK_EQ(K(fcntl, a, F_SETFL, 0), 0);
	CHECK_EQ(K(pwrite64, a, "0", 1, 0), 1);
	CHECK_EQ(K(pwritev2, a, &more, 1, 0, 0, RWF_APPEND), 1);
	CHECK_EQ(K(fcntl, a, F_SETFL, O_APPEND), 0);
	CHECK_EQ(write(other, "h", 1), 1);
	CHECK_EQ(K(lseek, a, 0, SEEK_SET), 0);
	CHECK_EQ(K(write, a, "z", 1), 1);
	CHECK_EQ(K(lseek, a, 0, SEEK_CUR), 10);
	CHECK_EQ(host_read(host("log"), text, sizeof(text)), 0);
	CHECK_STR(text, "0ahhbaPRhz");
	close(other);
	CHECK_EQ(K(close, a), 0);
	CHECK_EQ(K(close, b), 0);
	return TEST_OK;
}

static int vectors(void)
{
	static char bytes[IOV_MAX];
	struct iovec many[IOV_MAX], out[] = { { "abc", 3 }, { "defgh", 5 } };
	long fd = create(at("h/vec"), 0);
	int i;

	CHECK_EQ(K(writev, fd, out, 2), 8);
	CHECK_EQ(K(pwritev, fd, out, 2, IOV_MAX - 10, 0), 8);
	for (i = 0; i < IOV_MAX; i++)
		many[i] = (struct iovec){ bytes + IOV_MAX - 1 - i, 1 };
	many[1].iov_len = 0;
	CHECK_EQ(K(preadv, fd, many, IOV_MAX, 0, 0), IOV_MAX - 2);
	CHECK_EQ(bytes[IOV_MAX - 1], 'a');
	CHECK_EQ(bytes[IOV_MAX - 3], 'b');
	CHECK_EQ(bytes[1], 'h'); /* the last octet, before the last segment */
	CHECK_EQ(bytes[0], 0);
	CHECK_EQ(K(preadv, fd, many, 3, IOV_MAX - 3, 0), 1);
	CHECK_EQ(bytes[IOV_MAX - 1], 'h');
	CHECK_EQ(K(preadv, fd, many, 3, IOV_MAX, 0), 0);
	CHECK_EQ(K(close, fd), 0);
	return TEST_OK;
}

static int bad_pointers(void)
{
	char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *bad = map + 4096;
	struct iovec half[] = { { map, 10 }, { bad, 10 } };
	long fd = create(at("h/bad"), 0), n;

	CHECK(map != MAP_FAILED);
	CHECK_EQ(mprotect(bad, 4096, PROT_NONE), 0);
	CHECK_OK(fd);
	memset(map, 'x', 4096);
	CHECK_EQ(K(write, fd, bad, 10), -EFAULT);
	CHECK_EQ(K(lseek, fd, 0, SEEK_END), 0);
	CHECK_EQ(K(writev, fd, half, 2), 10);
	CHECK_EQ(K(lseek, fd, 0, SEEK_CUR), 10);
	n = K(write, fd, bad - 100, 200);
	CHECK(n == 100 || n == -EFAULT); /* the host's file system decides */
	CHECK_EQ(K(lseek, fd, 0, SEEK_END), n == 100 ? 110 : 10);
	CHECK_EQ(K(ftruncate, fd, 50), 0);
	CHECK_EQ(K(pread64, fd, bad, 10, 0), -EFAULT);
	CHECK_EQ(K(lseek, fd, 0, SEEK_SET), 0);
	CHECK_EQ(K(readv, fd, half, 2), 10);
	CHECK_EQ(K(lseek, fd, 0, SEEK_CUR), 10);
	CHECK_EQ(K(read, fd, bad - 5, 20), 5);
	CHECK_EQ(K(lseek, fd, 0, SEEK_CUR), 15);
	CHECK_EQ(K(close, fd), 0);
	munmap(map, 8192);
	return TEST_OK;
}

static int big_offsets(void)
{
	long fd = create(at("h/big"), 0), data;
	struct stat st;
	char text[4] = "";

	CHECK_OK(fd);
	CHECK_EQ(K(pwrite64, fd, "far", 3, 5 * GIB), 3);
	CHECK_EQ(K(lseek, fd, 0, SEEK_END), 5 * GIB + 3);
	CHECK_EQ(stat(host("big"), &st), 0);
	CHECK_EQ(st.st_size, 5 * GIB + 3);
	CHECK_EQ(K(lseek, fd, 0, SEEK_HOLE), 0);
	data = K(lseek, fd, 0, SEEK_DATA);
	CHECK(data > 4 * GIB && data <= 5 * GIB);
	CHECK_EQ(K(lseek, fd, 6 * GIB, SEEK_DATA), -ENXIO);
	CHECK_EQ(K(pread64, fd, text, 3, 5 * GIB), 3);
	CHECK_STR(text, "far");
	CHECK_EQ(K(lseek, fd, -1, SEEK_SET), -EINVAL);
	CHECK_EQ(K(pread64, fd, text, 3, -1), -EINVAL);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("h/big"), 0), 0);
	return TEST_OK;
}

static int space(void)
{
	long fd = create(at("h/space"), 0);
	char text[8];
	struct stat st;

	CHECK_EQ(K(fallocate, fd, 0, 0, 65536), 0);
	CHECK_EQ(K(fstat, fd, &st), 0);
	CHECK_EQ(st.st_size, 65536);
	CHECK_EQ(st.st_blocks * 512, 65536);
	CHECK_EQ(K(pwrite64, fd, "data", 4, 8192), 4);
	CHECK_EQ(K(fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		   8192, 4096),
		 0);
	CHECK_EQ(K(pread64, fd, text, 4, 8192), 4);
	CHECK_EQ(memcmp(text, "\0\0\0\0", 4), 0);
	CHECK_EQ(K(fallocate, fd, 0, -1, 1), -EINVAL);
	CHECK_EQ(K(close, fd), 0);
	return TEST_OK;
}

static int names(void)
{
	char target[64] = "";
	struct stat a, b;

	CHECK_EQ(K(mkdirat, AT_FDCWD, at("h/names"), 0755), 0);
	CHECK_EQ(K(close, create(at("h/names/one"), 0)), 0);
	CHECK_EQ(K(linkat, AT_FDCWD, at("h/names/one"), AT_FDCWD,
		   at("h/names/two"), 0),
		 0);
	CHECK_EQ(stat(host("names/one"), &a), 0);
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("h/names/two"), &b, 0), 0);
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_EQ(b.st_nlink, 2);
	CHECK_EQ(K(renameat2, AT_FDCWD, at("h/names/one"), AT_FDCWD,
		   at("h/names/three"), 0),
		 0);
	CHECK_EQ(access(host("names/one"), F_OK), -1);
	CHECK_EQ(access(host("names/three"), F_OK), 0);
	CHECK_EQ(K(renameat2, AT_FDCWD, at("h/names/three"), AT_FDCWD,
		   at("h/names/two"), RENAME_NOREPLACE),
		 -EEXIST);
	CHECK_EQ(K(symlinkat, "three", AT_FDCWD, at("h/names/link")), 0);
	CHECK_EQ(readlink(host("names/link"), target, sizeof(target)), 5);
	CHECK_STR(target, "three");
	CHECK_EQ(K(renameat2, AT_FDCWD, at("h/names/three"), AT_FDCWD,
		   at("h/names/link"), RENAME_EXCHANGE),
		 0);
	CHECK_EQ(lstat(host("names/three"), &a), 0);
	CHECK(S_ISLNK(a.st_mode));
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("h/names/three"), &b,
		   AT_SYMLINK_NOFOLLOW),
		 0);
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_EQ(K(mkdirat, AT_FDCWD, at("h/names/dir"), 0700), 0);
	CHECK_EQ(K(mkdirat, AT_FDCWD, at("h/names/dir"), 0700), -EEXIST);
	CHECK_EQ(K(renameat2, AT_FDCWD, at("h/names/two"), AT_FDCWD,
		   at("h/names/dir/two"), 0),
		 0);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("h/names/dir"), AT_REMOVEDIR),
		 -ENOTEMPTY);
	/* A directory in use, and what is below it, have a new path then. */
	CHECK_EQ(K(renameat2, AT_FDCWD, at("h/names/dir"), AT_FDCWD,
		   at("h/names/moved"), 0),
		 0);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("h/names/moved/two"), 0), 0);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("h/names/moved"), AT_REMOVEDIR), 0);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("h/names/moved"), AT_REMOVEDIR),
		 -ENOENT);
	CHECK_EQ(access(host("names/moved"), F_OK), -1);
	CHECK_EQ(K(renameat2, AT_FDCWD, at("h/names"), AT_FDCWD, at("tmp"), 0),
		 -EXDEV);
	return TEST_OK;
}

/* An open file goes on without its name, whoever took it. */
static int use_nameless(long fd, nlink_t links)
{
	struct timespec times[2] = { { 1, 0 }, { 2, 0 } };
	struct stat st;
	char text[8] = "";

	CHECK_EQ(K(write, fd, "data", 4), 4);
	CHECK_EQ(K(fchmod, fd, 0604), 0);
	CHECK_EQ(K(utimensat, fd, NULL, times, 0), 0);
	CHECK_EQ(K(fstat, fd, &st), 0);
	CHECK_EQ(st.st_nlink, links);
	CHECK_EQ(st.st_mode, S_IFREG | 0604);
	CHECK_EQ(st.st_mtim.tv_sec, 2);
	CHECK_EQ(st.st_size, 4);
	CHECK_EQ(K(ftruncate, fd, 3), 0);
	CHECK_EQ(K(pread64, fd, text, 8, 0), 3);
	CHECK_STR(text, "dat");
	return TEST_OK;
}

static int removed_while_open(void)
{
	long fd = create(at("h/gone"), 0), again;
	struct stat st;

	CHECK_OK(fd);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("h/gone"), 0), 0);
	TRY(use_nameless(fd, 0));
	again = K(openat, AT_FDCWD, at("proc/self/fd/%ld", fd), O_RDONLY, 0);
	CHECK_OK(again);
	CHECK_EQ(K(lseek, again, 0, SEEK_END), 3);
	CHECK_EQ(K(close, again), 0);
	CHECK_EQ(K(close, create(at("h/gone"), 0)), 0);
	CHECK_EQ(K(fstat, fd, &st), 0);
	CHECK_EQ(st.st_size, 3);
	CHECK_EQ(K(close, fd), 0);
	fd = K(openat, AT_FDCWD, at("h/gone"), O_RDWR, 0);
	CHECK_EQ(unlink(host("gone")), 0);
	TRY(use_nameless(fd, 0));
	CHECK_EQ(K(close, fd), 0);
	return TEST_OK;
}

static int renamed_while_open(void)
{
	long fd = create(at("h/here"), 0);

	CHECK_OK(fd);
	CHECK_EQ(K(renameat2, AT_FDCWD, at("h/here"), AT_FDCWD, at("h/there"),
		   0),
		 0);
	TRY(use_nameless(fd, 1));
	CHECK_EQ(K(ftruncate, fd, 0), 0);
	CHECK_EQ(K(lseek, fd, 0, SEEK_SET), 0);
	CHECK_EQ(rename(host("there"), host("elsewhere")), 0);
	CHECK_EQ(host_write(host("there"), "not this one"), 0);
	usleep((HOSTDIR_TIMEOUT_MS + 50) * 1000);
	TRY(use_nameless(fd, 1));
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("h/elsewhere"), 0), 0);
	return TEST_OK;
}

static int set_attributes(void)
{
	struct timespec times[2] = { { 1000, 5 }, { 0, UTIME_OMIT } };
	struct stat st, before;

	CHECK_EQ(host_write(host("attr"), "x"), 0);
	CHECK_EQ(stat(host("attr"), &before), 0);
	CHECK_EQ(K(fchmodat, AT_FDCWD, at("h/attr"), 0711), 0);
	CHECK_EQ(K(utimensat, AT_FDCWD, at("h/attr"), times, 0), 0);
	CHECK_EQ(stat(host("attr"), &st), 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0711);
	CHECK_EQ(st.st_atim.tv_sec, 1000);
	CHECK_EQ(st.st_atim.tv_nsec, 5);
	CHECK_EQ(st.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
	CHECK_EQ(K(symlinkat, "nowhere", AT_FDCWD, at("h/dangling")), 0);
	CHECK_EQ(K(utimensat, AT_FDCWD, at("h/dangling"), times,
		   AT_SYMLINK_NOFOLLOW),
		 0);
	CHECK_EQ(lstat(host("dangling"), &st), 0);
	CHECK_EQ(st.st_atim.tv_sec, 1000);
	if (geteuid())
		SKIP("chown needs root on the host");
	CHECK_EQ(K(fchownat, AT_FDCWD, at("h/attr"), 12, -1, 0), 0);
	CHECK_EQ(stat(host("attr"), &st), 0);
	CHECK_EQ(st.st_uid, 12);
	CHECK_EQ(st.st_gid, before.st_gid);
	/* A write by another user takes the set-id bits away. */
	CHECK_EQ(K(fchmodat, AT_FDCWD, at("h/attr"), 06777), 0);
	CHECK_EQ(stat(host("attr"), &st), 0);
	CHECK_EQ(st.st_mode, S_IFREG | 06777);
	return TEST_OK;
}

/* The process's umask on the host is not that of the library kernel's task. */
static int modes_of_new_objects(void)
{
	mode_t old = umask(077);
	long fd;
	struct stat st;

	K(umask, 002);
	fd = K(openat, AT_FDCWD, at("h/m_file"), O_WRONLY | O_CREAT, 0666);
	CHECK_OK(fd);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(mkdirat, AT_FDCWD, at("h/m_dir"), 01777), 0);
	CHECK_EQ(K(mknodat, AT_FDCWD, at("h/m_fifo"), S_IFIFO | 0622, 0), 0);
	K(umask, 022);
	umask(old);
	CHECK_EQ(stat(host("m_file"), &st), 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0664);
	CHECK_EQ(stat(host("m_dir"), &st), 0);
	CHECK_EQ(st.st_mode, S_IFDIR | 01775);
	CHECK_EQ(stat(host("m_fifo"), &st), 0);
	CHECK_EQ(st.st_mode, S_IFIFO | 0620);
	/* Open for writing, though nobody may write it. */
	fd = K(openat, AT_FDCWD, at("h/m_none"), O_WRONLY | O_CREAT, 0);
	CHECK_OK(fd);
	CHECK_EQ(K(write, fd, "x", 1), 1);
	CHECK_EQ(K(close, fd), 0);
	return TEST_OK;
}

static int as_somebody(void)
{
	struct stat st;
	long fd;

	CHECK_EQ(K(openat, AT_FDCWD, at("h/secret"), O_RDONLY, 0), -EACCES);
	CHECK_EQ(K(openat, AT_FDCWD, at("h/new"), O_WRONLY | O_CREAT, 0600),
		 -EACCES);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("h/secret"), 0), -EACCES);
	CHECK_EQ(K(fchmodat, AT_FDCWD, at("h/secret"), 0777), -EPERM);
	fd = K(openat, AT_FDCWD, at("h/public/mine"), O_WRONLY | O_CREAT, 0600);
	CHECK_OK(fd);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(mkdirat, AT_FDCWD, at("h/public/dir"), 0755), 0);
	CHECK_EQ(K(symlinkat, "to", AT_FDCWD, at("h/public/link")), 0);
	if (geteuid())
		SKIP("giving files away needs root on the host");
	CHECK_EQ(stat(host("public/mine"), &st), 0);
	CHECK_EQ(st.st_uid, SOMEBODY);
	CHECK_EQ(st.st_gid, 77);
	CHECK_EQ(stat(host("public/dir"), &st), 0);
	CHECK_EQ(st.st_uid, SOMEBODY);
	CHECK_EQ(st.st_mode, S_IFDIR | S_ISGID | 0755);
	CHECK_EQ(lstat(host("public/link"), &st), 0);
	CHECK_EQ(st.st_uid, SOMEBODY);
	return TEST_OK;
}

static int owners(void)
{
	int status;

	CHECK_EQ(host_write(host("secret"), "s"), 0);
	CHECK_EQ(chmod(host("secret"), 0600), 0);
	CHECK_EQ(mkdir(host("public"), 0777), 0);
	CHECK_EQ(chown(host("public"), -1, geteuid() ? -1U : 77), 0);
	CHECK_EQ(chmod(host("public"), 02777), 0);
	K(setfsgid, SOMEBODY);
	K(setfsuid, SOMEBODY);
	status = as_somebody();
	K(setfsuid, 0);
	K(setfsgid, 0);
	return status;
}

static int set_id_bits_go(void)
{
	long fd = create(at("h/setid"), 0);
	struct stat st;

	CHECK_EQ(K(fchmod, fd, 04755), 0);
	K(setfsuid, SOMEBODY);
	CHECK_EQ(K(write, fd, "x", 1), 1);
	K(setfsuid, 0);
	CHECK_EQ(stat(host("setid"), &st), 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0755);
	CHECK_EQ(K(close, fd), 0);
	return TEST_OK;
}

static int special_files(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;
	char text[8] = "";
	long fd, peer;

	CHECK_EQ(K(mknodat, AT_FDCWD, at("h/fifo"), S_IFIFO | 0600, 0), 0);
	CHECK_EQ(stat(host("fifo"), &st), 0);
	CHECK(S_ISFIFO(st.st_mode));
	fd = K(openat, AT_FDCWD, at("h/fifo"), O_RDWR, 0);
	CHECK_EQ(K(write, fd, "pipe", 4), 4);
	CHECK_EQ(K(read, fd, text, 8), 4);
	CHECK_STR(text, "pipe");
	CHECK_EQ(K(close, fd), 0);
	strcpy(addr.sun_path, at("h/sock"));
	fd = K(socket, AF_UNIX, SOCK_STREAM, 0);
	peer = K(socket, AF_UNIX, SOCK_STREAM, 0);
	CHECK_EQ(K(bind, fd, &addr, sizeof(addr)), 0);
	CHECK_EQ(K(listen, fd, 1), 0);
	CHECK_EQ(stat(host("sock"), &st), 0);
	CHECK(S_ISSOCK(st.st_mode));
	usleep((HOSTDIR_TIMEOUT_MS + 50) * 1000);
	CHECK_EQ(K(connect, peer, &addr, sizeof(addr)), 0);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(K(close, peer), 0);
	if (geteuid())
		CHECK_EQ(K(mknodat, AT_FDCWD, at("h/null"), S_IFCHR | 0600,
			   makedev(1, 3)),
			 -EPERM);
	if (geteuid())
		SKIP("device nodes need root on the host");
	CHECK_EQ(K(mknodat, AT_FDCWD, at("h/null"), S_IFCHR | 0600,
		   makedev(1, 3)),
		 0);
	CHECK_EQ(stat(host("null"), &st), 0);
	CHECK_EQ(st.st_rdev, makedev(1, 3));
	fd = K(openat, AT_FDCWD, at("h/null"), O_RDWR, 0);
	CHECK_EQ(K(write, fd, "gone", 4), 4);
	CHECK_EQ(K(close, fd), 0);
	return TEST_OK;
}

static int copies(void)
{
	long in = create(at("h/from"), 0), out = create(at("h/to"), 0);
	int64_t from = 1000, to = 500;
	struct stat st;
	char text[64];
	long pipes[2];
	int fds[2];

	CHECK_EQ(send_pattern(kernel, in, 100000), 0);
	CHECK_EQ(K(copy_file_range, in, &from, out, &to, 50000, 0), 50000);
	CHECK_EQ(from, 51000);
	CHECK_EQ(to, 50500);
	CHECK_EQ(K(fstat, out, &st), 0);
	CHECK_EQ(st.st_size, 50500);
	CHECK_EQ(K(pread64, out, text, 64, 500), 64);
	CHECK_EQ(pattern_check((unsigned char *)text, 1000, 64), -1);
	CHECK_EQ(K(ftruncate, out, 0), 0);
	from = 0;
	CHECK_EQ(K(lseek, out, 0, SEEK_SET), 0);
	CHECK_EQ(K(sendfile, out, in, &from, 60000), 60000);
	CHECK_EQ(K(lseek, out, 0, SEEK_SET), 0);
	CHECK_EQ(receive_pattern(kernel, out, 60000), 0);
	CHECK_EQ(K(pipe2, fds, 0), 0);
	pipes[0] = fds[0], pipes[1] = fds[1];
	from = 100, to = 7;
	CHECK_EQ(K(splice, in, &from, pipes[1], NULL, 5000, 0), 5000);
	CHECK_EQ(K(splice, pipes[0], NULL, out, &to, 5000, 0), 5000);
	CHECK_EQ(K(pread64, out, text, 64, 7 + 4900), 64);
	CHECK_EQ(pattern_check((unsigned char *)text, 5000, 64), -1);
	CHECK_EQ(K(close, pipes[0]), 0);
	CHECK_EQ(K(close, pipes[1]), 0);
	CHECK_EQ(K(close, in), 0);
	CHECK_EQ(K(close, out), 0);
	return TEST_OK;
}

static int locks(void)
{
	struct flock lock = { .l_type = F_WRLCK,
			      .l_whence = SEEK_SET,
			      .l_len = 10 };
	long a = create(at("h/lock"), 0);
	long b = K(openat, AT_FDCWD, at("h/lock"), O_RDWR, 0);
	int other = open(host("lock"), O_RDWR);

	CHECK_EQ(K(fcntl, a, F_OFD_SETLK, &lock), 0);
	CHECK_EQ(K(fcntl, b, F_OFD_SETLK, &lock), -EAGAIN);
	CHECK_EQ(K(flock, a, LOCK_EX), 0);
	CHECK_EQ(K(flock, b, LOCK_EX | LOCK_NB), -EAGAIN);
	/* They are the library kernel's, and the host knows nothing of them. */
	CHECK_EQ(flock(other, LOCK_EX | LOCK_NB), 0);
	close(other);
	CHECK_EQ(K(close, a), 0);
	CHECK_EQ(K(flock, b, LOCK_EX | LOCK_NB), 0);
	CHECK_EQ(K(close, b), 0);
	return TEST_OK;
}

static int unnamed_file(void)
{
	long fd = K(openat, AT_FDCWD, at("h"), O_TMPFILE | O_RDWR, 0640);
	struct stat st;
	char text[8];

	if (fd == -EOPNOTSUPP)
		SKIP("the host's file system has no O_TMPFILE");
	CHECK_OK(fd);
	CHECK_EQ(K(write, fd, "temp", 4), 4);
	CHECK_EQ(K(fstat, fd, &st), 0);
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(K(linkat, AT_FDCWD, at("proc/self/fd/%ld", fd), AT_FDCWD,
		   at("h/named"), AT_SYMLINK_FOLLOW),
		 0);
	CHECK_EQ(host_read(host("named"), text, sizeof(text)), 0);
	CHECK_STR(text, "temp");
	CHECK_EQ(stat(host("named"), &st), 0);
	CHECK_EQ(st.st_nlink, 1);
	CHECK_EQ(st.st_mode, S_IFREG | 0640);
	CHECK_EQ(K(close, fd), 0);
	return TEST_OK;
}

static int long_names(void)
{
	char name[257];
	struct stat st;
	long dir, next = 0;
	int depth;

	memset(name, 'n', 256);
	name[256] = '\0';
	CHECK_EQ(K(mkdirat, AT_FDCWD, at("h/%s", name), 0700), -ENAMETOOLONG);
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("h/%s", name), &st, 0),
		 -ENAMETOOLONG);
	name[255] = '\0';
	CHECK_EQ(K(mkdirat, AT_FDCWD, at("h/%s", name), 0700), 0);
	CHECK_EQ(access(host("%s", name), F_OK), 0);
	/* 16 of them, a slash before each: PATH_MAX, without room for the end. */
	dir = K(openat, AT_FDCWD, at("h/%s", name), O_RDONLY, 0);
	for (depth = 1; depth < 20; depth++) {
		if (K(mkdirat, dir, name, 0700))
			break;
		next = K(openat, dir, name, O_RDONLY, 0);
		CHECK_OK(next);
		CHECK_EQ(K(close, dir), 0);
		dir = next;
	}
	CHECK_EQ(depth, 15);
	CHECK_EQ(K(mkdirat, dir, name, 0700), -ENAMETOOLONG);
	CHECK_EQ(K(close, dir), 0);
	return TEST_OK;
}

/* Entries that nobody touches come once, whatever happens to the others. */
static int rename_during_readdir(void)
{
	static unsigned char seen[1000];
	char buf[600] __attribute__((aligned(8)));
	long fd, n, pos, i, turn = 0;

	CHECK_EQ(K(mkdirat, AT_FDCWD, at("h/busy"), 0700), 0);
	for (i = 0; i < 1000; i++)
		CHECK_EQ(host_write(host("busy/e%ld", i), ""), 0);
	fd = K(openat, AT_FDCWD, at("h/busy"), O_RDONLY | O_DIRECTORY, 0);
	CHECK_OK(fd);
	while ((n = K(getdents64, fd, buf, sizeof(buf))) > 0) {
		for (pos = 0; pos < n;) {
			struct dirent64 *entry = (struct dirent64 *)(buf + pos);

			pos += entry->d_reclen;
			if (sscanf(entry->d_name, "e%ld", &i) == 1)
				seen[i]++;
		}
		if (turn < 500) {
			i = turn++ * 2;
			CHECK_EQ(K(renameat2, AT_FDCWD, at("h/busy/e%ld", i),
				   AT_FDCWD, at("h/busy/r%ld", i), 0),
				 0);
		}
	}
	CHECK_EQ(n, 0);
	CHECK(turn > 20);
	for (i = 1; i < 1000; i += 2)
		CHECK_EQ(seen[i], 1);
	CHECK_EQ(K(close, fd), 0);
	return TEST_OK;
}

static int working_directory(void)
{
	char path[256];
	struct stat st;
	int status = TEST_OK;

	CHECK_EQ(K(mkdirat, AT_FDCWD, at("h/cwd"), 0755), 0);
	CHECK_EQ(K(chdir, at("h/cwd")), 0);
	if (K(mkdirat, AT_FDCWD, "below", 0755) ||
	    stat(host("cwd/below"), &st) || rename(host("cwd"), host("cwd2")))
		status = TEST_FAIL;
	usleep((HOSTDIR_TIMEOUT_MS + 50) * 1000);
	if (!status && K(getcwd, path, sizeof(path)) < 0)
		status = TEST_FAIL;
	K(chdir, "/");
	CHECK_EQ(status, TEST_OK);
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("h/cwd2/below"), &st, 0), 0);
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("h/cwd/below"), &st, 0), -ENOENT);
	return TEST_OK;
}

static const struct test tests[] = {
	{ "write_and_read", write_and_read, TEST_HOST },
	{ "append", append, TEST_HOST },
	{ "vectors", vectors, TEST_HOST },
	{ "bad_pointers", bad_pointers, TEST_HOST },
	{ "big_offsets", big_offsets, TEST_HOST },
	{ "space", space, TEST_HOST },
	{ "names", names, TEST_HOST },
	{ "removed_while_open", removed_while_open, TEST_HOST },
	{ "renamed_while_open", renamed_while_open, TEST_HOST },
	{ "set_attributes", set_attributes, TEST_HOST },
	{ "modes_of_new_objects", modes_of_new_objects, TEST_HOST },
	{ "owners", owners, TEST_HOST },
	{ "set_id_bits_go", set_id_bits_go, TEST_HOST },
	{ "special_files", special_files, TEST_HOST },
	{ "copies", copies, TEST_HOST },
	{ "locks", locks, TEST_HOST },
	{ "unnamed_file", unnamed_file, TEST_HOST },
	{ "long_names", long_names, TEST_HOST },
	{ "rename_during_readdir", rename_during_readdir, TEST_HOST },
	{ "working_directory", working_directory, TEST_HOST },
	{},
};

const struct test_group group_hostdir_write = { "hostdir_write", tests,
						hostdir_setup };
