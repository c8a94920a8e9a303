// SPDX-License-Identifier: GPL-2.0-only
/*
 * t-mmap: the calls on a program's memory, case by case, on files of the working
 * directory. What t-mmap-model does at random is not repeated here.
 */
#define _GNU_SOURCE
#include "tap.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096UL
#define MIB (1UL << 20)
#define TIB (1UL << 40)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static sigjmp_buf back;
static siginfo_t fault;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	fault = *info;
	siglongjmp(back, 1);
}

/* The signal that a read there gives, 0: none. */
static int reading(const volatile char *at)
{
	if (sigsetjmp(back, 1))
		return fault.si_signo;
	(void)*at;
	return 0;
}

static int writing(volatile char *at)
{
	if (sigsetjmp(back, 1))
		return fault.si_signo;
	*at = 1;
	return 0;
}

static void catch_faults(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault,
				.sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
}

static void reservations(void)
{
	char *p = mmap(NULL, TIB, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);

	OK(p != MAP_FAILED);
	EQ(reading(p), SIGSEGV);
	EQ(fault.si_code, SEGV_ACCERR);
	EQ((char *)fault.si_addr - p, 0);
	OK(!mprotect(p + TIB / 2, 2 * PAGE, PROT_READ | PROT_WRITE));
	EQ(writing(p + TIB / 2 + PAGE), 0);
	EQ(writing(p + TIB / 2 + 2 * PAGE), SIGSEGV);
	OK(!munmap(p, TIB));
	EQ(reading(p), SIGSEGV);
	EQ(fault.si_code, SEGV_MAPERR);
	p = mmap(NULL, TIB, PROT_READ | PROT_WRITE, ANON | MAP_NORESERVE, -1,
		 0);
	OK(p != MAP_FAILED);
	EQ(writing(p + TIB - 1), 0);
	OK(!munmap(p, TIB));
}

static void arguments(void)
{
	FAILS(mmap(NULL, 0, PROT_READ, ANON, -1, 0) == MAP_FAILED ? -1 : 0,
	      EINVAL);
	FAILS((long)mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL);
	FAILS((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
	FAILS((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 999, 0), EBADF);
	FAILS((long)mmap((void *)1, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0),
	      EINVAL);
	FAILS((long)mmap(NULL, 1UL << 48, PROT_READ, ANON, -1, 0), ENOMEM);
	FAILS((long)syscall(SYS_mmap, 0, ~0UL, PROT_READ, ANON, -1, 0), ENOMEM);
	FAILS((long)syscall(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, 0, 1),
	      EINVAL);
	FAILS((long)mmap((void *)-PAGE, PAGE, PROT_READ, ANON | MAP_FIXED, -1,
			 0),
	      ENOMEM);
	FAILS(munmap((void *)1, PAGE), EINVAL);
	FAILS(munmap((void *)PAGE, 0), EINVAL);
	FAILS(syscall(SYS_mprotect, 1, PAGE, PROT_READ), EINVAL);
	FAILS(mprotect((void *)(1UL << 44), PAGE, PROT_READ), ENOMEM);
	FAILS(mprotect((void *)(1UL << 44), PAGE, 0x100), EINVAL);
	FAILS(madvise((void *)1, PAGE, MADV_NORMAL), EINVAL);
	FAILS(madvise((void *)(1UL << 44), PAGE, MADV_NORMAL), ENOMEM);
	FAILS(madvise((void *)(1UL << 44), PAGE, 12345), EINVAL);
	FAILS((long)mremap((void *)(1UL << 44), PAGE, 2 * PAGE, 0), EFAULT);
	FAILS((long)mremap((void *)(1UL << 44), PAGE, 0, 0), EINVAL);
	FAILS((long)mremap((void *)1, PAGE, PAGE, 0), EINVAL);
	FAILS(msync((void *)(1UL << 44), PAGE, MS_SYNC), ENOMEM);
	FAILS(msync((void *)1, PAGE, MS_SYNC), EINVAL);
	/* A hint is only a hint. */
	OK(mmap((void *)(1UL << 60), PAGE, PROT_READ, ANON, -1, 0) !=
	   MAP_FAILED);
	OK(mmap((void *)1, PAGE, PROT_READ, ANON, -1, 0) != MAP_FAILED);
}

static char *three_pages(int prot)
{
	char *p = mmap(NULL, 3 * PAGE, prot, ANON, -1, 0);

	if (p == MAP_FAILED)
		tap_ok(false, "three pages");
	return p;
}

static void moving(void)
{
	char *p = three_pages(PROT_READ | PROT_WRITE), *q, *room;

	strcpy(p, "first");
	strcpy(p + 2 * PAGE, "third");
	q = mremap(p, 3 * PAGE, 1000 * PAGE, MREMAP_MAYMOVE);
	OK(q != MAP_FAILED);
	OK(!strcmp(q, "first") && !strcmp(q + 2 * PAGE, "third"));
	EQ(q[999 * PAGE], 0);
	EQ(writing(q + 999 * PAGE), 0);
	if (q != p)
		EQ(reading(p), SIGSEGV);
	OK(mremap(q, 1000 * PAGE, PAGE, 0) == q);
	EQ(reading(q + PAGE), SIGSEGV);
	room = mmap(NULL, 8 * PAGE, PROT_READ, ANON, -1, 0);
	OK(mremap(q, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		  room + PAGE) == room + PAGE);
	OK(!strcmp(room + PAGE, "first"));
	EQ(writing(room + 2 * PAGE), 0);
	EQ(writing(room + 3 * PAGE), SIGSEGV);
	EQ(reading(room + 3 * PAGE), 0);
	EQ(reading(q), SIGSEGV);
	FAILS((long)mremap(room, PAGE, PAGE, MREMAP_FIXED, room), EINVAL);
	FAILS((long)mremap(room + PAGE, PAGE, PAGE,
			   MREMAP_MAYMOVE | MREMAP_FIXED, room + PAGE),
	      EINVAL);
	FAILS((long)mremap(room + PAGE, PAGE, PAGE,
			   MREMAP_MAYMOVE | MREMAP_FIXED, (char *)1),
	      EINVAL);
	/* No room in place, and not allowed to move. */
	p = three_pages(PROT_READ);
	munmap(p + PAGE, PAGE);
	FAILS((long)mremap(p, PAGE, 3 * PAGE, 0), ENOMEM);
	OK(mremap(p, PAGE, 2 * PAGE, 0) == p);
	munmap(p, 3 * PAGE);
	munmap(room, 8 * PAGE);
}

/* Growing by small steps, as realloc() does. */
static void growing(void)
{
	size_t size = 64 << 10;
	char *p = malloc(size);
	unsigned long bad = 0;

	memset(p, 7, size);
	while (size < 64 * MIB) {
		size += size / 3;
		p = realloc(p, size);
		if (!p || p[0] != 7 || p[(64 << 10) - 1] != 7)
			bad++;
		p[size - 1] = 7;
	}
	EQ(bad, 0);
	free(p);
}

static int new_file(const char *name, const char *text, size_t size)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

	unlink(name);
	if (fd < 0 || ftruncate(fd, size) ||
	    pwrite(fd, text, strlen(text), 0) < 0)
		tap_ok(false, "file %s", name);
	return fd;
}

static void private_file(void)
{
	int fd = new_file("m", "hello, file", 3 * PAGE), ro;
	char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd,
		       0);
	char text[16] = "";

	OK(p != MAP_FAILED);
	OK(!strcmp(p, "hello, file"));
	p[0] = 'j';
	EQ(pread(fd, text, 11, 0), 11);
	OK(!strcmp(text, "hello, file"));
	OK(!munmap(p, 3 * PAGE));
	/* Another part of it. */
	EQ(pwrite(fd, "second", 6, PAGE), 6);
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE);
	OK(p != MAP_FAILED && !strcmp(p, "second"));
	EQ(writing(p), SIGSEGV);
	close(fd);
	EQ(reading(p), 0); /* the mapping holds the file */
	munmap(p, PAGE);

	fd = open("w", O_WRONLY | O_CREAT, 0644);
	FAILS((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), EACCES);
	ro = open("w", O_RDONLY);
	FAILS((long)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0),
	      EACCES);
	unlink("w");
	close(fd);
	close(ro);
	fd = open(".", O_RDONLY);
	FAILS((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), ENODEV);
	close(fd);
}

/* Returns whether this file system has it. */
static bool shared_file(void)
{
	int fd = new_file("s", "shared", 2 * PAGE);
	char *p =
		mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *q, text[16] = "";

	if (p == MAP_FAILED && errno == ENODEV) {
		tap_skip("MAP_SHARED", "not on this file system");
		close(fd);
		return false;
	}
	OK(p != MAP_FAILED);
	OK(!strcmp(p, "shared"));
	strcpy(p, "SHARED");
	EQ(pread(fd, text, 6, 0), 6);
	OK(!strcmp(text, "SHARED"));
	EQ(pwrite(fd, "file", 5, 0), 5);
	OK(!strcmp(p, "file"));
	q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	OK(q != MAP_FAILED);
	strcpy(p, "both");
	OK(!strcmp(q, "both"));
	OK(!msync(p, PAGE, MS_SYNC));
	OK(!msync(p, PAGE, MS_ASYNC));
	EQ(reading(p + 2 * PAGE), SIGBUS);
	EQ(fault.si_code, BUS_ADRERR);
	EQ(reading(p + PAGE), 0);
	FAILS(write(fd, p + 2 * PAGE, 1), EFAULT);
	munmap(p, 4 * PAGE);
	munmap(q, PAGE);
	close(fd);
	return true;
}

static void shared_anonymous(void)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	OK(p != MAP_FAILED);
	if (p == MAP_FAILED)
		return;
	EQ(writing(p + PAGE), 0);
	OK(!munmap(p, 2 * PAGE));
}

static void devices(void)
{
	int fd = open("/dev/zero", O_RDWR);
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	OK(p != MAP_FAILED);
	if (p != MAP_FAILED)
		EQ(writing(p), 0);
	close(fd);
	fd = open("/dev/null", O_RDWR);
	FAILS((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), ENODEV);
	close(fd);
}

static void advice(void)
{
	char *p = three_pages(PROT_READ | PROT_WRITE);
	unsigned char vec[3] = { 0 };
	int fd = new_file("a", "advice", PAGE);
	char *q = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	memset(p, 1, 3 * PAGE);
	OK(!madvise(p + PAGE, PAGE, MADV_DONTNEED));
	EQ(p[PAGE], 0);
	EQ(p[0], 1);
	OK(!mincore(p, 3 * PAGE, vec));
	EQ(vec[0] & 1, 1);
	FAILS(mincore(p, 3 * PAGE, (void *)1), EFAULT);
	OK(!madvise(p, 3 * PAGE, MADV_FREE));
	OK(!madvise(p, 3 * PAGE, MADV_WILLNEED));
	OK(!madvise(p, 3 * PAGE, MADV_HUGEPAGE) || errno == EINVAL);
	q[0] = 'A';
	OK(!madvise(q, PAGE, MADV_DONTNEED) || errno == EINVAL);
	OK(q[0] == 'a' || q[0] == 'A');
	OK(!mlock(p, PAGE));
	OK(!munlock(p, PAGE));
	munmap(p, 3 * PAGE);
	munmap(q, PAGE);
	close(fd);
}

static void heap(void)
{
	char *start = sbrk(0), *p;

	OK((long)start != -1);
	p = (char *)syscall(SYS_brk, start + 5 * PAGE);
	OK(p == start + 5 * PAGE);
	EQ(writing(start + 5 * PAGE - 1), 0);
	p = (char *)syscall(SYS_brk, start + PAGE);
	OK(p == start + PAGE);
	p = (char *)syscall(SYS_brk, start + 5 * PAGE);
	EQ(start[4 * PAGE], 0); /* given back and new */
	p = (char *)syscall(SYS_brk, 0);
	OK(p == start + 5 * PAGE);
	p = (char *)syscall(SYS_brk, ~0UL);
	OK(p == start + 5 * PAGE);
	p = (char *)syscall(SYS_brk, start);
	OK(p == start);
}

/* Code that is written, then executed. */
static void code(void)
{
	static const unsigned char text[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
	char *p = three_pages(PROT_READ | PROT_WRITE);

	memcpy(p, text, sizeof(text));
	OK(!mprotect(p, PAGE, PROT_READ | PROT_EXEC));
	EQ(((int (*)(void))p)(), 42);
	EQ(writing(p), SIGSEGV);
	munmap(p, 3 * PAGE);
}

/* As many mappings as there may be, then an error; and all are gone again. */
static void many(void)
{
	unsigned long n = 0, kept;
	char *p = mmap(NULL, 200000 * PAGE, PROT_NONE, ANON | MAP_NORESERVE, -1,
		       0);

	OK(p != MAP_FAILED);
	while (n < 100000 &&
	       !mprotect(p + 2 * n * PAGE, PAGE, PROT_READ | PROT_WRITE))
		n++;
	OK(n > 10000 && n < 100000);
	EQ(errno, ENOMEM);
	kept = n;
	OK(!munmap(p, 200000 * PAGE));
	p = mmap(NULL, 200000 * PAGE, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
	for (n = 0; n < 1000 && n < kept; n++)
		if (mprotect(p + 2 * n * PAGE, PAGE, PROT_READ))
			break;
	EQ(n, 1000);
	OK(!munmap(p, 200000 * PAGE));
}

int main(void)
{
	catch_faults();
	reservations();
	arguments();
	moving();
	growing();
	private_file();
	shared_file();
	shared_anonymous();
	devices();
	advice();
	heap();
	code();
	many();
	return tap_done();
}
