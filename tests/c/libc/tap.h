/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Test programs of the C library: one line of TAP per check, then the plan, exit
 * status 1 if a check failed. They know nothing of the kernel they run on.
 */
#ifndef TESTS_LIBC_TAP_H
#define TESTS_LIBC_TAP_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_checks, tap_failures;

/* Record a check; returns what it found. Call it from one thread at a time. */
__attribute__((format(printf, 2, 3))) static bool tap_ok(bool good,
							 const char *fmt, ...)
{
	int error = errno;
	va_list args;

	tap_checks++;
	tap_failures += !good;
	printf("%sok %d - ", good ? "" : "not ", tap_checks);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	if (!good)
		printf("# errno is %d (%s)\n", error, strerror(error));
	fflush(stdout);
	errno = error;
	return good;
}

/* A check named by its own text. */
#define OK(cond) tap_ok((cond), "%s:%d %s", __FILE_NAME__, __LINE__, #cond)

/* The two values are the same; prints both. */
#define EQ(expr, want)                                               \
	do {                                                         \
		long got_ = (long)(expr), want_ = (long)(want);      \
		tap_ok(got_ == want_, "%s:%d %s is %ld, want %ld",   \
		       __FILE_NAME__, __LINE__, #expr, got_, want_); \
	} while (0)

/* The expression is -1 and errno the given one. */
#define FAILS(expr, error)                                                     \
	do {                                                                   \
		errno = 0;                                                     \
		long got_ = (long)(expr);                                      \
		tap_ok(got_ == -1 && errno == (error),                         \
		       "%s:%d %s fails with " #error, __FILE_NAME__, __LINE__, \
		       #expr);                                                 \
	} while (0)

static inline void tap_skip(const char *what, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_checks, what, why);
}

/* The last line of main: return tap_done(); */
static int tap_done(void)
{
	printf("1..%d\n", tap_checks);
	return tap_failures != 0;
}

#endif
