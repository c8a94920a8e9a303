// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host operations of process mode.
 */
#include <cpuid.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "process.h"

#define HWCAP2_FSGSBASE 2
#define POPULATE_WRITE 23 /* madvise(2), since Linux 5.14 */

struct lkl_host_ops host_ops;

static bool verbose;
static char cmdline[4096];
static int (*vdso_clock)(clockid_t id, struct timespec *ts);

static void say(const char *text, unsigned int len)
{
	while (len) {
		long n = host_call3(SYS_write, STDERR_FILENO, text, len);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			break;
		text += n;
		len -= n;
	}
}

static void console(const char *text, unsigned int len)
{
	if (verbose)
		say(text, len);
}

static void __attribute__((noreturn)) panicked(const char *message)
{
	static const char head[] = "ukrun: kernel panic: ";

	say(head, sizeof(head) - 1);
	say(message, strlen(message));
	say("\n", 1);
	process_exit(LKL_EXIT_PANIC);
}

void process_exit(int status)
{
	terminal_restore();
	for (;;)
		host_call1(SYS_exit_group, status);
}

static unsigned long long read_clock(clockid_t id)
{
	struct timespec ts;

	if (!vdso_clock || vdso_clock(id, &ts))
		host_call2(SYS_clock_gettime, id, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static unsigned long long clock_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

static unsigned long long wallclock(void)
{
	return read_clock(CLOCK_REALTIME);
}

static void fill_random(void *buf, unsigned long len)
{
	char *p = buf;

	while (len) {
		long n = host_call3(SYS_getrandom, p, len, 0);

		if (n < 0 && n != -EINTR)
			panicked("no random numbers from the host");
		if (n > 0) {
			p += n;
			len -= n;
		}
	}
}

static long call(long nr, long a, long b, long c, long d, long e, long f)
{
	return host_call(nr, a, b, c, d, e, f);
}

static void wake(struct lkl_thread *thread)
{
	(void)thread; /* there is one thread, and it is awake */
}

/* Look a function of the vDSO up by its name (vdso(7)). */
static void *vdso_function(const char *base, const char *name)
{
	const Elf64_Ehdr *e = (const void *)base;
	const Elf64_Phdr *p = (const void *)(base + e->e_phoff);
	const Elf64_Dyn *dyn = NULL;
	const Elf64_Sym *sym = NULL;
	const char *strings = NULL;
	const Elf32_Word *hash = NULL;
	unsigned long load = 0;

	for (int i = 0; i < e->e_phnum; i++) {
		if (p[i].p_type == PT_LOAD)
			load = (unsigned long)base + p[i].p_offset -
			       p[i].p_vaddr;
		if (p[i].p_type == PT_DYNAMIC)
			dyn = (const void *)(base + p[i].p_offset);
	}
	for (; dyn && dyn->d_tag; dyn++) {
		if (dyn->d_tag == DT_STRTAB)
			strings = (const char *)(load + dyn->d_un.d_ptr);
		if (dyn->d_tag == DT_SYMTAB)
			sym = (const void *)(load + dyn->d_un.d_ptr);
		if (dyn->d_tag == DT_HASH)
			hash = (const void *)(load + dyn->d_un.d_ptr);
	}
	for (Elf32_Word i = 0; strings && sym && hash && i < hash[1]; i++)
		if (sym[i].st_shndx && !strcmp(strings + sym[i].st_name, name))
			return (void *)(load + sym[i].st_value);
	return NULL;
}

/* AMD64 manual 3, CPUID 8000_0007h, EDX bit 8: the rate never changes. */
static bool counter_is_constant(void)
{
	unsigned int a, b, c, d;

	return __get_cpuid(0x80000007, &a, &b, &c, &d) && d & 1 << 8;
}

/*
 * The pages that every boot touches: descriptors of all pages at the end of the
 * memory, what else is taken there, and the first of the page allocator's blocks
 * that it takes from. A huge page, which they fill at the end, costs a fifth of
 * what single pages do, and those a third of what faults do. A wrong guess costs
 * time or memory, nothing else; measured with the default configuration.
 */
#define HUGE_PAGE (2UL << 20)
#define FIRST_BLOCK_USED (1UL << 20)

static void populate(char *memory, unsigned long size)
{
	unsigned long descriptors = size / 4096 * 64 + (12UL << 10);
	unsigned long end = (size - descriptors) & ~(HUGE_PAGE - 1);

	if (end < HUGE_PAGE)
		return;
	madvise(memory + end, size - end, MADV_HUGEPAGE);
	madvise(memory + end, size - end, POPULATE_WRITE);
	madvise(memory, FIRST_BLOCK_USED, POPULATE_WRITE);
}

/*
 * Memory that programs shall map as well has to be a file's. That costs a start
 * one millisecond more, and few programs need it.
 */
static int memory_file(unsigned long size)
{
	int fd = memfd_create("lkl", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, size))
		die("memfd_create: %s", strerror(errno));
	return fd;
}

static void map_memory(unsigned long size, bool shared)
{
	int fd = shared ? memory_file(size) : -1;
	void *at = mmap((void *)MEMORY_START, size, PROT_READ | PROT_WRITE,
			(shared ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS) |
				MAP_NORESERVE | MAP_FIXED_NOREPLACE,
			fd, 0);

	if (at != (void *)MEMORY_START)
		die("no %lu MiB of addresses for the kernel's memory: %s",
		    size >> 20, strerror(errno));
	populate(at, size);
	host_ops.memory = at;
	host_ops.memory_size = size;
	host_ops.memory_fd = fd;
}

void process_ops_init(const struct options *o)
{
	unsigned long vdso = getauxval(AT_SYSINFO_EHDR);

	verbose = o->verbose;
	host_ops.hwcap = getauxval(AT_HWCAP);
	host_ops.hwcap2 = getauxval(AT_HWCAP2);
	if (!(host_ops.hwcap2 & HWCAP2_FSGSBASE))
		die("this machine or its kernel lacks FSGSBASE (Linux 5.9 and an x86-64 processor from 2013 on have it)");
	if (vdso)
		vdso_clock = vdso_function((const char *)vdso,
					   "__vdso_clock_gettime");
	map_memory(o->memory, o->map_shared);
	host_ops.process = 1;
	host_ops.user_end = IMAGE_START;
	host_ops.vdso = vdso;
	/* A frame is sent when the driver says so: nobody waits for it. */
	snprintf(cmdline, sizeof(cmdline),
		 "virtio_net.napi_tx=0 dummy.numdummies=0 %s",
		 o->cmdline ?: "");
	host_ops.cmdline = cmdline;
	host_ops.constant_counter = counter_is_constant();
	host_ops.console = console;
	host_ops.panic = panicked;
	host_ops.clock = clock_now;
	host_ops.wallclock = wallclock;
	host_ops.random = fill_random;
	host_ops.wake = wake;
	host_ops.call = call;
	host_ops.idle = idle_sleep;
	host_ops.arm = timer_arm;
	host_ops.exit = process_exit;
}
