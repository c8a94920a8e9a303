/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small test kit. Each group of tests runs in a forked child, because a
 * process can hold one library kernel only; the parent never starts one, it
 * prints TAP 13 and keeps a time limit.
 */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <stddef.h>

#include "calls.h"

enum test_status { TEST_MISSING, TEST_OK, TEST_FAIL, TEST_SKIP };

enum test_flags {
	TEST_HOST = 1, /* means something on the host kernel too */
	TEST_AFTER_HALT = 2, /* runs when the group's kernel has been halted */
};

struct test {
	const char *name;
	int (*fn)(void);
	unsigned int flags;
};

struct test_group {
	const char *name;
	const struct test *tests; /* ends with an empty entry */
	/*
	 * Runs in the child before the tests; normally ends in start_kernel().
	 * NULL: the tests look after their kernels themselves, in children.
	 */
	int (*setup)(void);
};

/* Record why; the value is what the test returns. First report wins. */
int test_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int test_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define FAIL(...) return test_fail(__FILE__, __LINE__, __VA_ARGS__)
#define SKIP(...) return test_skip(__VA_ARGS__)

#define CHECK(cond)                                 \
	do {                                        \
		if (!(cond))                        \
			FAIL("expected %s", #cond); \
	} while (0)

#define CHECK_EQ(expr, want)                                                 \
	do {                                                                 \
		long got_ = (long)(expr);                                    \
		long want_ = (long)(want);                                   \
		if (got_ != want_)                                           \
			FAIL("%s is %ld, expected %ld", #expr, got_, want_); \
	} while (0)

/* The expression is a count, a descriptor, ...: not an error. */
#define CHECK_OK(expr)                                                        \
	do {                                                                  \
		long got_ = (long)(expr);                                     \
		if (got_ < 0)                                                 \
			FAIL("%s is %ld (%s)", #expr, got_, strerror(-got_)); \
	} while (0)

#define CHECK_STR(text, want)                                              \
	do {                                                               \
		const char *got_ = (text);                                 \
		if (strcmp(got_, (want)))                                  \
			FAIL("%s is \"%s\", expected \"%s\"", #text, got_, \
			     (want));                                      \
	} while (0)

/* Run a function that returns a test_status; pass its failure on. */
#define TRY(expr)                       \
	do {                            \
		int status_ = (expr);   \
		if (status_ != TEST_OK) \
			return status_; \
	} while (0)

struct lkl_options;

/*
 * Starts the kernel under test (library: lkl_start with these options, or the
 * defaults if NULL; host: new mount, network and UTS namespaces) and prepares
 * the scratch directory.
 */
int start_kernel(const struct lkl_options *options);
/* The options start_kernel() uses for NULL; console text is kept for reports. */
struct lkl_options default_options(void);

/*
 * Runs fn in a child process and waits, at most 30 s. *status is as from
 * waitpid(2). A failure reported in the child is the test's own.
 */
int run_child(int (*fn)(void), int *status);
/* The same, for the usual case: the child must exit with this code. */
int child_exits(int (*fn)(void), int code);

/* The kernel's console text so far (everything since the group began). */
size_t console_text(char *buf, size_t size);

/* A host program, its output dropped: exit code, or 127 if it is not there. */
int run_tool(const char *const argv[]);

extern const struct test_group group_boot, group_life, group_panic, group_time,
	group_vtime, group_kernel, group_tasks, group_ipc, group_sock, group_fs,
	group_hostdir, group_hostdir_write, group_hostdir_mount, group_blk,
	group_dgram, group_tap, group_packet, group_console, group_threads,
	group_fault, group_program, group_signal, group_kunit;

#endif
