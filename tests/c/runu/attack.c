// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attempts to get out of a container on the library kernel. Each prints what the
 * attempt gave: 0 or a number when it succeeded, or a negative errno.
 *
 *	attack KIND [ARGUMENT...]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/openat2.h>

#define IMAGE 0x7e0000000000UL /* tools/lkl/process/process.h */
#define MEMORY 0x7e1000000000UL
#define SEARCHED (32UL << 20)

static long result(long value)
{
	return value < 0 ? -errno : value;
}

static void say(const char *what, long value)
{
	printf("%s %ld\n", what, value);
	fflush(stdout);
}

/* The machine's own instruction, not the call that libc makes. */
static long raw(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
}

static long old(long nr)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(nr) : "memory");
	return ret;
}

/* host_syscall() of host_call.S, by its instructions. */
static long (*find_host_call(void))(long, ...)
{
	static const unsigned char code[] = {
		0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0x48, 0x89, 0xd6,
		0x48, 0x89, 0xca, 0x4d, 0x89, 0xc2, 0x4d, 0x89, 0xc8,
		0x4c, 0x8b, 0x4c, 0x24, 0x08, 0x0f, 0x05, 0xc3
	};
	void *at = memmem((void *)IMAGE, SEARCHED, code, sizeof(code));

	return (long (*)(long, ...))at;
}

/* Any other system call instruction in the runtime's text. */
static const unsigned char *find_other(const unsigned char *host_call)
{
	for (const unsigned char *at = (void *)IMAGE;
	     at < (unsigned char *)IMAGE + SEARCHED; at++)
		if (at[0] == 0x0f && at[1] == 0x05 && at[2] == 0xc3 &&
		    (at < host_call || at > host_call + 64))
			return at;
	return NULL;
}

static void paths(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		say(argv[i], result(open(argv[i], O_RDONLY)));
}

static void memory(void)
{
	say("mprotect", result(mprotect((void *)IMAGE, 4096,
					PROT_READ | PROT_WRITE | PROT_EXEC)));
	say("munmap", result(munmap((void *)IMAGE, 4096)));
	say("mmap",
	    result((long)mmap((void *)IMAGE, 4096, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)));
	say("mremap",
	    result((long)mremap((void *)IMAGE, 4096, 8192, MREMAP_MAYMOVE)));
	say("madvise", result(madvise((void *)MEMORY, 4096, MADV_DONTNEED)));
}

static void calls(void)
{
	static const struct {
		const char *name;
		long nr;
	} all[] = {
		{ "keyctl", SYS_keyctl },
		{ "add_key", SYS_add_key },
		{ "io_uring_setup", SYS_io_uring_setup },
		{ "bpf", SYS_bpf },
		{ "userfaultfd", SYS_userfaultfd },
		{ "init_module", SYS_init_module },
		{ "kexec_load", SYS_kexec_load },
		{ "perf_event_open", SYS_perf_event_open },
		{ "reboot", SYS_reboot },
		{ "swapon", SYS_swapon },
		{ "pivot_root", SYS_pivot_root },
		{ "iopl", SYS_iopl },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		say(all[i].name, result(syscall(all[i].nr, -1, 0, 0, 0, 0)));
	say("mount", result(mount("none", "/tmp", "tmpfs", 0, NULL)));
	say("remount",
	    result(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL)));
	say("ptrace", result(ptrace(PTRACE_ATTACH, 1, NULL, NULL)));
	say("setns", result(setns(open("/proc/self/ns/mnt", O_RDONLY), 0)));
	say("unshare", result(unshare(0x00020000)));
	say("mknod", result(mknod("/tmp/kmem", 020666, 1 << 8 | 2)));
	say("lkl", result(mknod("/tmp/lkl", 020666, 10 << 8 | 77)) ?:
			   result(open("/tmp/lkl", O_RDWR)));
}

/* As one who has taken the library kernel over: the host's calls, directly. */
static void taken_over(int argc, char **argv)
{
	long (*host)(long, ...) = find_host_call();
	struct open_how how = { .flags = O_RDONLY };
	struct open_how make = { .flags = O_CREAT | O_WRONLY, .mode = 0600 };
	int opened = 0, made = 0;

	if (!host) {
		say("host_call", -ENOENT);
		return;
	}
	for (int i = 0; i < argc; i++)
		for (int fd = -100; fd < 64; fd++) {
			long r = host(SYS_openat2, (long)fd, argv[i], &how,
				      sizeof(how), 0L, 0L);

			opened += r >= 0;
		}
	say("opened", opened);
	for (int fd = 0; fd < 64; fd++)
		made += host(SYS_openat2, (long)fd, "made-by-attack", &make,
			     sizeof(make), 0L, 0L) >= 0;
	say("made", made);
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	const unsigned char *other;

	if (!strcmp(kind, "paths")) {
		paths(argc - 2, argv + 2);
	} else if (!strcmp(kind, "memory")) {
		memory();
	} else if (!strcmp(kind, "calls")) {
		calls();
	} else if (!strcmp(kind, "raw")) {
		say("getpid", raw(SYS_getpid, 0, 0, 0, 0));
		say("open", raw(SYS_open, (long)argv[2], O_RDONLY, 0, 0));
		say("ptrace", raw(SYS_ptrace, PTRACE_ATTACH, 1, 0, 0));
		say("int80", old(20));
	} else if (!strcmp(kind, "takeover")) {
		taken_over(argc - 2, argv + 2);
	} else if (!strcmp(kind, "forbidden")) {
		say("host",
		    find_host_call()(atol(argv[2]), 0L, 0L, 0L, 0L, 0L, 0L));
	} else if (!strcmp(kind, "elsewhere")) {
		other = find_other((void *)find_host_call());
		if (!other)
			return 3;
		__asm__ volatile("call *%0"
				 :
				 : "r"(other), "a"(SYS_close), "D"(-1L)
				 : "rcx", "r11", "memory");
		say("elsewhere", 0);
	} else {
		return 2;
	}
	return 0;
}
