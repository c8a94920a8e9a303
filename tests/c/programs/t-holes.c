// SPDX-License-Identifier: GPL-2.0-only
/* t-holes: files longer than what is in them, in the working directory. */
#define _GNU_SOURCE
#include "tap.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB (1L << 20)
#define NAME "holes"

static int fd;

static struct stat now(void)
{
	struct stat st = { 0 };

	OK(!fstat(fd, &st));
	return st;
}

static int octet(off_t at)
{
	unsigned char c = 99;

	return pread(fd, &c, 1, at) == 1 ? c : -1;
}

static void longer(off_t size)
{
	EQ(ftruncate(fd, size), 0);
	EQ(now().st_size, size);
	EQ(octet(0), 0);
	EQ(octet(size - 1), 0);
	EQ(octet(size), -1);
	OK(now().st_blocks < 1024);
}

/* What was cut off does not come back. */
static void shorter(void)
{
	EQ(pwrite(fd, "x", 1, 6 * MIB), 1);
	OK(now().st_blocks >= 8);
	EQ(ftruncate(fd, 4096), 0);
	EQ(ftruncate(fd, 8 * MIB), 0);
	EQ(octet(6 * MIB), 0);
	EQ(ftruncate(fd, 0), 0);
	EQ(now().st_blocks, 0);
}

/* Memory that is a file from its birth: as large as one says, until it is written. */
static void nameless(void)
{
	int own = memfd_create("own", MFD_CLOEXEC);

	OK(own >= 0);
	EQ(ftruncate(own, 1024 * MIB), 0);
	EQ(pwrite(own, "end", 3, 1024 * MIB - 3), 3);
	EQ(lseek(own, 0, SEEK_END), 1024 * MIB);
	close(own);
}

/* "t-holes full": until nothing more fits, which is an error and nobody's end. */
static void full(void)
{
	static char block[MIB];
	long again, written = 0;
	ssize_t n;

	while ((n = write(fd, block, sizeof(block))) > 0)
		written += n;
	EQ(errno, ENOSPC);
	EQ(now().st_size, written);
	OK(written >= 8 * MIB);
	EQ(ftruncate(fd, MIB), 0);
	EQ(lseek(fd, 0, SEEK_SET), 0);
	for (again = 0; (n = write(fd, block, sizeof(block))) > 0; again += n)
		;
	EQ(again, written);
}

int main(int argc, char **argv)
{
	fd = open(NAME, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (!OK(fd >= 0))
		return tap_done();
	if (argc > 1 && !strcmp(argv[1], "full")) {
		full();
		return tap_done();
	}
	longer(40 * MIB);
	longer(400 * MIB);
	shorter();
	longer(5000 * MIB);
	nameless();
	unlink(NAME);
	return tap_done();
}
