// SPDX-License-Identifier: GPL-2.0-only
/* System calls of every number of arguments, and what a call leaves unchanged. */
#define _GNU_SOURCE
#include "tap.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static void arguments(void)
{
	char buf[8] = "", *map;
	int ends[2], pair[2], one = 1;
	socklen_t size = sizeof(one);

	EQ(syscall(SYS_getppid), getppid()); /* 0 */
	FAILS(syscall(SYS_close, -1), EBADF); /* 1 */
	EQ(pipe2(ends, O_CLOEXEC), 0); /* 2 */
	EQ(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
	EQ(write(ends[1], "abcd", 4), 4); /* 3 */
	EQ(read(ends[0], buf, sizeof(buf)), 4);
	OK(!memcmp(buf, "abcd", 4));
	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0); /* 4 */
	EQ(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &one, size), 0);
	one = 0;
	EQ(getsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &one, &size),
	   0); /* 5 */
	EQ(one, 1);
	map = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); /* 6 */
	OK(map != MAP_FAILED);
	map[0] = map[8191] = 'x';
	EQ(munmap(map, 8192), 0);
	EQ(sendto(pair[0], "hello", 5, 0, NULL, 0), 5); /* 6 */
	EQ(recvfrom(pair[1], buf, sizeof(buf), 0, NULL, NULL), 5);
	close(ends[0]);
	close(ends[1]);
	close(pair[0]);
	close(pair[1]);
}

static void offsets(void)
{
	const off_t far = 5LL << 32;
	struct iovec iov;
	char name[] = "/tmp/t-syscall-XXXXXX", byte = 0;
	int fd = mkstemp(name);

	if (!OK(fd >= 0))
		return;
	EQ(pwrite(fd, "z", 1, far), 1);
	EQ(pread(fd, &byte, 1, far), 1);
	EQ(byte, 'z');
	EQ(lseek(fd, 0, SEEK_END), far + 1);
	iov = (struct iovec){ &byte, 1 };
	byte = 0;
	EQ(preadv(fd, &iov, 1, far), 1);
	EQ(byte, 'z');
	EQ(ftruncate(fd, 0), 0);
	close(fd);
	unlink(name);
}

static void errors(void)
{
	FAILS(open("/no/such/place", O_RDONLY), ENOENT);
	FAILS(dup2(-1, 5), EBADF);
	FAILS(syscall(100000), ENOSYS);
	OK(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
		   MAP_FAILED &&
	   errno == EINVAL);
}

struct state {
	uint64_t general[14]; /* rbx rbp rdi rsi rdx r8 r9 r10 r12-r15 rsp rax */
	uint8_t vector[16][16];
};

/*
 * getpid with every other register set to a value of its own; afterwards those
 * that a call keeps are stored. The entry is the kernel's if it has one.
 */
static void call_with(uint64_t entry, struct state *before, struct state *after)
{
	__asm__ volatile(
		"push %%rbp; push %%rbx; push %[after]; push %[entry]\n"
#define LOAD(n) "movdqu " #n "*16+112(%%r11), %%xmm" #n "\n"
		"mov %[before], %%r11\n" LOAD(0) LOAD(1) LOAD(2) LOAD(3) LOAD(
			4) LOAD(5) LOAD(6) LOAD(7) LOAD(8) LOAD(9) LOAD(10)
			LOAD(11) LOAD(12) LOAD(13) LOAD(14) LOAD(
				15) "mov (%%r11), %%rbx; mov 8(%%r11), %%rbp\n"
				    "mov 16(%%r11), %%rdi; mov 24(%%r11), %%rsi\n"
				    "mov 32(%%r11), %%rdx; mov 40(%%r11), %%r8\n"
				    "mov 48(%%r11), %%r9; mov 56(%%r11), %%r10\n"
				    "mov 64(%%r11), %%r12; mov 72(%%r11), %%r13\n"
				    "mov 80(%%r11), %%r14; mov 88(%%r11), %%r15\n"
				    "mov %%rsp, 96(%%r11)\n"
				    "mov $39, %%eax\n"
				    "pop %%rcx; push %%rcx\n"
				    "test %%rcx, %%rcx; jz 1f\n"
				    "call *%%rcx\n"
				    "jmp 2f\n"
				    "1: syscall\n"
				    "2: mov 8(%%rsp), %%r11\n"
				    "mov %%rbx, (%%r11); mov %%rbp, 8(%%r11)\n"
				    "mov %%rdi, 16(%%r11); mov %%rsi, 24(%%r11)\n"
				    "mov %%rdx, 32(%%r11); mov %%r8, 40(%%r11)\n"
				    "mov %%r9, 48(%%r11); mov %%r10, 56(%%r11)\n"
				    "mov %%r12, 64(%%r11); mov %%r13, 72(%%r11)\n"
				    "mov %%r14, 80(%%r11); mov %%r15, 88(%%r11)\n"
				    "mov %%rsp, 96(%%r11); mov %%rax, 104(%%r11)\n"
#define KEEP(n) "movdqu %%xmm" #n ", " #n "*16+112(%%r11)\n"
		KEEP(0) KEEP(1) KEEP(2) KEEP(3) KEEP(4) KEEP(5) KEEP(6) KEEP(
			7) KEEP(8) KEEP(9) KEEP(10) KEEP(11) KEEP(12) KEEP(13)
			KEEP(14) KEEP(
				15) "pop %%rcx; pop %%r11; pop %%rbx; pop %%rbp\n"
		:
		: [before] "a"(before), [after] "r"(after), [entry] "r"(entry)
		: "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12",
		  "r13", "r14", "r15", "memory", "cc", "xmm0", "xmm1", "xmm2",
		  "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
		  "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

/* Not inlined: its caller may have something in its red zone. */
static __attribute__((noinline)) void registers(void)
{
	static struct state before, after;
	uint8_t *fill = (uint8_t *)&before;

	for (size_t i = 0; i < sizeof(before); i++)
		fill[i] = (uint8_t)(i * 37 + 11);
	call_with(getauxval(AT_SYSINFO), &before, &after);
	EQ(after.general[13], getpid());
	before.general[13] = after.general[13];
	for (size_t i = 0; i < 13; i++)
		tap_ok(before.general[i] == after.general[i],
		       "general register %zu is kept", i);
	OK(!memcmp(before.vector, after.vector, sizeof(before.vector)));
}

int main(void)
{
	arguments();
	offsets();
	errors();
	registers();
	return tap_done();
}
