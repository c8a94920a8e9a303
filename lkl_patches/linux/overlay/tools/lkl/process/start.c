// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first instructions. The usual start files reach for symbols within 2 GiB
 * of address 0, and this executable is far above.
 */
#include "process.h"

int main(int argc, char **argv);
int __libc_start_main(int (*main)(int, char **), int argc, char **argv,
		      void (*init)(void), void (*fini)(void),
		      void (*ldso)(void));

void start(long *stack) __attribute__((used, noreturn));

/* The stack holds the number of arguments and pointers to them. */
void start(long *stack)
{
	__libc_start_main(main, stack[0], (char **)(stack + 1), NULL, NULL,
			  NULL);
	__builtin_unreachable();
}

__asm__(".text\n"
	".globl _start\n"
	"_start:\n"
	"	xorl %ebp, %ebp\n"
	"	movq %rsp, %rdi\n"
	"	andq $-16, %rsp\n"
	"	call start\n");
