// SPDX-License-Identifier: GPL-2.0-only
/* A directory of the host as a file system: mounting, looking, reading. */
#define _GNU_SOURCE
#include "hostdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

static int attributes(void)
{
	struct stat in, out;
	struct statx sx;
	char text[64];

	CHECK_EQ(host_write(host("file"), "hello"), 0);
	CHECK_EQ(chmod(host("file"), 04751), 0);
	CHECK_EQ(stat(host("file"), &out), 0);
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("h/file"), &in, 0), 0);
	CHECK_EQ(in.st_ino, out.st_ino);
	CHECK_EQ(in.st_mode, S_IFREG | 04751);
	CHECK_EQ(in.st_nlink, 1);
	CHECK_EQ(in.st_size, 5);
	CHECK_EQ(in.st_uid, out.st_uid);
	CHECK_EQ(in.st_blocks, out.st_blocks);
	CHECK_EQ(memcmp(&in.st_mtim, &out.st_mtim, sizeof(in.st_mtim)), 0);
	CHECK_EQ(memcmp(&in.st_ctim, &out.st_ctim, sizeof(in.st_ctim)), 0);
	CHECK_EQ(K(statx, AT_FDCWD, at("h/file"), 0, STATX_BTIME, &sx), 0);
	CHECK(sx.stx_mask & STATX_BTIME);
	CHECK_OK(read_file(at("h/file"), text, sizeof(text)));
	CHECK_STR(text, "hello");
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("h/none"), &in, 0), -ENOENT);
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("h/file/x"), &in, 0), -ENOTDIR);
	return TEST_OK;
}

static int host_changes_are_seen(void)
{
	char text[64];
	struct stat st, out;
	long fd;

	CHECK_EQ(K(newfstatat, AT_FDCWD, at("h/late"), &st, 0), -ENOENT);
	CHECK_EQ(host_write(host("late"), "one"), 0);
	CHECK_OK(read_file(at("h/late"), text, sizeof(text)));
	CHECK_STR(text, "one");
	CHECK_EQ(host_write(host("late"), "twelve"), 0);
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("h/late"), &st, 0), 0);
	CHECK_EQ(st.st_size, 6);
	/* Another file at that name: by open at once, by stat at once too. */
	CHECK_EQ(host_write(host("other"), "replaced"), 0);
	CHECK_EQ(rename(host("other"), host("late")), 0);
	CHECK_OK(read_file(at("h/late"), text, sizeof(text)));
	CHECK_STR(text, "replaced");
	CHECK_EQ(host_write(host("other"), "again"), 0);
	CHECK_EQ(rename(host("other"), host("late")), 0);
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("h/late"), &st, 0), 0);
	CHECK_EQ(st.st_size, 5);
	/* What is open is what is described, not what had the name before. */
	CHECK_EQ(host_write(host("other"), "and again"), 0);
	CHECK_EQ(rename(host("other"), host("late")), 0);
	fd = K(openat, AT_FDCWD, at("h/late"), O_RDONLY, 0);
	CHECK_OK(fd);
	CHECK_EQ(K(fstat, fd, &st), 0);
	CHECK_EQ(stat(host("late"), &out), 0);
	CHECK_EQ(st.st_ino, out.st_ino);
	CHECK_EQ(st.st_size, 9);
	CHECK_EQ(K(close, fd), 0);
	CHECK_EQ(unlink(host("late")), 0);
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("h/late"), &st, 0), -ENOENT);
	CHECK_EQ(K(openat, AT_FDCWD, at("h/late"), O_RDONLY, 0), -ENOENT);
	return TEST_OK;
}

/* A name is trusted for the time of the mount option, and then no more. */
static int trust_ends(void)
{
	CHECK_EQ(mkdir(host("d1"), 0755), 0);
	CHECK_EQ(K(faccessat, AT_FDCWD, at("h/d1"), F_OK), 0);
	CHECK_EQ(rename(host("d1"), host("d2")), 0);
	usleep((HOSTDIR_TIMEOUT_MS + 50) * 1000);
	CHECK_EQ(K(faccessat, AT_FDCWD, at("h/d1"), F_OK), -ENOENT);
	CHECK_EQ(K(faccessat, AT_FDCWD, at("h/d2"), F_OK), 0);
	CHECK_EQ(rmdir(host("d2")), 0);
	return TEST_OK;
}

static int symlinks(void)
{
	char target[256] = "", text[64];
	struct stat st;

	CHECK_EQ(mkdir(host("sub"), 0755), 0);
	CHECK_EQ(host_write(host("sub/real"), "inside"), 0);
	CHECK_EQ(symlink("real", host("sub/rel")), 0);
	CHECK_EQ(symlink("../sub/rel", host("sub/up")), 0);
	CHECK_EQ(symlink("/proc/version", host("sub/abs")), 0);
	CHECK_EQ(symlink("loop", host("sub/loop")), 0);
	CHECK_OK(read_file(at("h/sub/up"), text, sizeof(text)));
	CHECK_STR(text, "inside");
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("h/sub/rel"), &st,
		   AT_SYMLINK_NOFOLLOW),
		 0);
	CHECK_EQ(st.st_mode, S_IFLNK | 0777);
	CHECK_EQ(K(readlinkat, AT_FDCWD, at("h/sub/up"), target,
		   sizeof(target)),
		 10);
	CHECK_STR(target, "../sub/rel");
	CHECK_EQ(K(openat, AT_FDCWD, at("h/sub/loop"), O_RDONLY, 0), -ELOOP);
	CHECK_EQ(K(openat, AT_FDCWD, at("h/sub/rel"), O_RDONLY | O_NOFOLLOW, 0),
		 -ELOOP);
	/* An absolute one is resolved in the library kernel. */
	CHECK_EQ(K(openat, AT_FDCWD, at("h/sub/abs"), O_RDONLY, 0), -ENOENT);
	return TEST_OK;
}

/* Another link of that name, perhaps with the number of the old one. */
static int symlink_replaced(void)
{
	char target[64];
	int i;

	for (i = 0; i < 3; i++) {
		unlink(host("again"));
		snprintf(target, sizeof(target), "target%d", i);
		CHECK_EQ(symlink(target, host("again")), 0);
		usleep((HOSTDIR_TIMEOUT_MS + 50) * 1000);
		memset(target, 0, sizeof(target));
		CHECK_EQ(K(readlinkat, AT_FDCWD, at("h/again"), target,
			   sizeof(target)),
			 7);
		CHECK_EQ(target[6], '0' + i);
	}
	return TEST_OK;
}

/*
 * Library mode executes no programs; how it refuses shows that the kernel has
 * read the file.
 */
static int execution(void)
{
	static const char *const argv[] = { "program", NULL };

	CHECK_EQ(host_write(host("program"), "no program\n"), 0);
	CHECK_EQ(K(execve, at("h/program"), argv, argv + 1), -EACCES);
	CHECK_EQ(chmod(host("program"), 0755), 0);
	usleep((HOSTDIR_TIMEOUT_MS + 50) * 1000);
	CHECK_EQ(K(execve, at("h/program"), argv, argv + 1), -ENOEXEC);
	CHECK_EQ(host_write(host("program"), "#!/no/interpreter\n"), 0);
	CHECK_EQ(K(execve, at("h/program"), argv, argv + 1), -ENOENT);
	return TEST_OK;
}

static int parent_of_the_root(void)
{
	struct stat a, b;

	CHECK_EQ(K(newfstatat, AT_FDCWD, at("h/.."), &a, 0), 0);
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("%s", ""), &b, 0), 0);
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_EQ(a.st_dev, b.st_dev);
	CHECK_EQ(K(newfstatat, AT_FDCWD, at("h/../proc/version"), &a, 0), 0);
	return TEST_OK;
}

#define MANY 5000

static int many_seen(const unsigned char *seen)
{
	int i;

	for (i = 0; i < MANY; i++)
		if (seen[i] != 1)
			FAIL("entry %d came %d times", i, seen[i]);
	return TEST_OK;
}

static int read_directory(void)
{
	static unsigned char seen[MANY];
	char buf[1500] __attribute__((aligned(8)));
	struct dirent64 *entry;
	char after[64] = "";
	long fd, n, pos, cookie = -1;
	int i;

	CHECK_EQ(mkdir(host("many"), 0755), 0);
	for (i = 0; i < MANY; i++)
		CHECK_EQ(host_write(host("many/entry%d", i), ""), 0);
	fd = K(openat, AT_FDCWD, at("h/many"), O_RDONLY | O_DIRECTORY, 0);
	CHECK_OK(fd);
	while ((n = K(getdents64, fd, buf, sizeof(buf))) > 0)
		for (pos = 0; pos < n; pos += entry->d_reclen) {
			entry = (struct dirent64 *)(buf + pos);
			if (cookie != -1 && !*after)
				strcpy(after, entry->d_name);
			if (*entry->d_name == '.')
				continue;
			CHECK_EQ(sscanf(entry->d_name, "entry%d", &i), 1);
			CHECK_EQ(entry->d_type, DT_REG);
			CHECK(++seen[i] == 1);
			if (i == MANY / 2)
				cookie = entry->d_off;
		}
	CHECK_EQ(n, 0);
	TRY(many_seen(seen));
	/* Back to a place in the middle, and to the start. */
	CHECK_EQ(K(lseek, fd, cookie, SEEK_SET), cookie);
	n = K(getdents64, fd, buf, sizeof(buf));
	CHECK_OK(n);
	if (*after)
		CHECK_STR(((struct dirent64 *)buf)->d_name, after);
	CHECK_EQ(K(lseek, fd, 0, SEEK_SET), 0);
	CHECK_EQ(host_write(host("many/new"), ""), 0);
	for (i = 0; (n = K(getdents64, fd, buf, sizeof(buf))) > 0;)
		for (pos = 0; pos < n; pos += entry->d_reclen) {
			entry = (struct dirent64 *)(buf + pos);
			i++;
		}
	CHECK_EQ(i, MANY + 3);
	CHECK_EQ(K(close, fd), 0);
	return TEST_OK;
}

static const struct test tests[] = {
	{ "attributes", attributes, TEST_HOST },
	{ "host_changes_are_seen", host_changes_are_seen, TEST_HOST },
	{ "trust_ends", trust_ends, TEST_HOST },
	{ "symlinks", symlinks, TEST_HOST },
	{ "symlink_replaced", symlink_replaced, TEST_HOST },
	{ "execution", execution, TEST_HOST },
	{ "parent_of_the_root", parent_of_the_root, TEST_HOST },
	{ "read_directory", read_directory, TEST_HOST },
	{},
};

const struct test_group group_hostdir = { "hostdir", tests, hostdir_setup };
