// SPDX-License-Identifier: GPL-2.0-only
/*
 * die HOW: ends by a fault or a signal that nobody handles, or with an exit
 * status. The number in the table is the signal.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile int sink;

static __attribute__((noinline)) int overflow(int depth)
{
	volatile char frame[4096];

	frame[0] = depth;
	return (depth < 0 ? 0 : overflow(depth + 1)) + frame[0];
}

static void stack_overflow(void)
{
	sink = overflow(0);
}

static void null_write(void)
{
	*(volatile int *)0 = 1;
}

static void null_call(void)
{
	((void (*)(void))0)();
}

static void noncanonical_jump(void)
{
	((void (*)(void))0x8000000000000000UL)();
}

static void noncanonical_read(void)
{
	sink = *(volatile int *)0x8000000000000000UL;
}

/* A jump to a page that may not be executed. */
static void no_exec(void)
{
	((void (*)(void))mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))();
}

static void divide(void)
{
	__asm__ volatile("xorl %%ecx, %%ecx; xorl %%edx, %%edx; divl %%ecx" ::
				 : "eax", "ecx", "edx");
}

static void illegal(void)
{
	__asm__ volatile("ud2");
}

static void breakpoint(void)
{
	__asm__ volatile("int3");
}

static void privileged(void)
{
	__asm__ volatile("hlt");
}

/* The stack pointer is bad when a system call is made. */
static void bad_stack(unsigned long sp)
{
	long (*volatile call)(long, ...) = syscall;

	__asm__ volatile("movq %0, %%rsp; movl $39, %%edi; jmp *%1" ::"r"(sp),
			 "r"(call));
}

static void stack_null(void)
{
	bad_stack(0);
}

static void stack_noncanonical(void)
{
	bad_stack(0x8000000000000000UL);
}

static void behind_the_file(void)
{
	FILE *f = tmpfile();
	char *p = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fileno(f), 0);

	if (p != MAP_FAILED)
		sink = p[4096];
	raise(SIGBUS); /* where such a file cannot be mapped */
}

/* Addresses of the library kernel: its code, its data, its memory. */
static void kernel_jump(void)
{
	((void (*)(void))0x7e0000000007UL)();
}

static void kernel_data_jump(void)
{
	((void (*)(void))0x7e1000000000UL)();
}

static void kernel_stack(void)
{
	__asm__ volatile("movq $0x7e1000800000, %rax; movq %rax, %rsp; ud2");
}

static void kernel_write(void)
{
	*(volatile int *)0x7e0000001000UL = 1; /* its text */
}

static void do_abort(void)
{
	abort();
}

static void single_step(void)
{
	__asm__ volatile("pushfq; orq $0x100, (%rsp); popfq; nop; nop");
}

static const struct {
	const char *name;
	int signal;
	void (*act)(void);
} ways[] = {
	{ "stack-overflow", SIGSEGV, stack_overflow },
	{ "null-write", SIGSEGV, null_write },
	{ "null-call", SIGSEGV, null_call },
	{ "noncanonical-jump", SIGSEGV, noncanonical_jump },
	{ "noncanonical-read", SIGSEGV, noncanonical_read },
	{ "no-exec", SIGSEGV, no_exec },
	{ "privileged", SIGSEGV, privileged },
	{ "stack-null", SIGSEGV, stack_null },
	{ "stack-noncanonical", SIGBUS, stack_noncanonical },
	{ "divide", SIGFPE, divide },
	{ "illegal", SIGILL, illegal },
	{ "breakpoint", SIGTRAP, breakpoint },
	{ "single-step", SIGTRAP, single_step },
	{ "behind-the-file", SIGBUS, behind_the_file },
	{ "kernel-jump", SIGSEGV, kernel_jump },
	{ "kernel-data-jump", SIGSEGV, kernel_data_jump },
	{ "kernel-stack", SIGILL, kernel_stack },
	{ "kernel-write", SIGSEGV, kernel_write },
	{ "abort", SIGABRT, do_abort },
};

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "signal"))
		return kill(getpid(), atoi(argv[2]));
	if (argc == 3 && !strcmp(argv[1], "signal-all"))
		return kill(-1, atoi(argv[2]));
	if (argc == 4 && !strcmp(argv[1], "signal-pid"))
		return kill(atoi(argv[3]), atoi(argv[2])) + 3;
	if (argc == 3 && !strcmp(argv[1], "exit"))
		_exit(atoi(argv[2]));
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		if (argc == 2 && !strcmp(argv[1], "list"))
			printf("%s %d\n", ways[i].name, ways[i].signal);
		else if (argc == 2 && !strcmp(argv[1], ways[i].name))
			ways[i].act();
	}
	return argc == 2 && !strcmp(argv[1], "list") ? 0 : 2;
}
