// SPDX-License-Identifier: GPL-2.0-only
/*
 * The system calls a program may make: config.json's linux.seccomp, which runu has
 * compiled for the library kernel's own seccomp(2). Eight octets an instruction,
 * as hexadecimal digits.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool octets(const char *text, unsigned char *to, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		to[i] = high << 4 | low;
	}
	return true;
}

bool filter_take(const char *text)
{
	static struct sock_filter program[BPF_MAXINSNS];
	struct sock_fprog all = { .filter = program };
	size_t size = strlen(text) / 2;

	if (size > sizeof(program) || size % sizeof(*program) ||
	    !octets(text, (unsigned char *)program, size))
		return false;
	all.len = size / sizeof(*program);
	return !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &all);
}
