// SPDX-License-Identifier: GPL-2.0-only
/* lkl-test: the driver. See test.h for the model and usage() for the options. */
#define _GNU_SOURCE
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <getopt.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lkl.h>

#define MAX_TESTS 64 /* of one group */
#define TEST_LIMIT_MS 60000
#define CHILD_LIMIT_MS 30000
#define CONSOLE_TAIL 2000
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct test_group *const groups[] = {
	&group_boot,	      &group_life,
	&group_panic,	      &group_time,
	&group_vtime,	      &group_kernel,
	&group_tasks,	      &group_ipc,
	&group_sock,	      &group_fs,
	&group_hostdir,	      &group_hostdir_write,
	&group_hostdir_mount, &group_blk,
	&group_dgram,	      &group_tap,
	&group_packet,	      &group_console,
	&group_threads,	      &group_fault,
	&group_program,	      &group_signal,
	&group_kunit,
};

struct result {
	enum test_status status;
	off_t console; /* where its console text begins */
	char text[1024];
};

/*
 * Shared by driver, group child and the children of tests. results[] has one
 * more entry than the group has tests: the halt of its kernel.
 */
struct shared {
	int current; /* index of the running test, -1 during the set-up */
	struct result setup;
	struct result results[MAX_TESTS + 1];
};

static struct shared *shared;
static int console_fd = -1; /* unlinked file with the kernel's console text */
static int progress_fd = -1; /* a byte after each test: the driver's watch */
static bool kernel_started;
static const char *only = "*";
static struct {
	int number, passed, failed, skipped;
} totals;

static void err_exit(const char *what)
{
	fprintf(stderr, "lkl-test: %s: %s\n", what, strerror(errno));
	exit(3);
}

static struct result *current_result(void)
{
	return shared->current < 0 ? &shared->setup :
				     &shared->results[shared->current];
}

static int report(enum test_status status, const char *place, const char *fmt,
		  va_list ap)
{
	struct result *result = current_result();
	int len;

	if (result->status != TEST_MISSING)
		return status;
	len = snprintf(result->text, sizeof(result->text), "%s", place);
	vsnprintf(result->text + len, sizeof(result->text) - len, fmt, ap);
	result->status = status;
	return status;
}

int test_fail(const char *file, int line, const char *fmt, ...)
{
	const char *base = strrchr(file, '/');
	char place[64];
	va_list ap;

	snprintf(place, sizeof(place), "%s:%d: ", base ? base + 1 : file, line);
	va_start(ap, fmt);
	report(TEST_FAIL, place, fmt, ap);
	va_end(ap);
	return TEST_FAIL;
}

int test_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(TEST_SKIP, "", fmt, ap);
	va_end(ap);
	return TEST_SKIP;
}

size_t console_text(char *buf, size_t size)
{
	ssize_t n = pread(console_fd, buf, size - 1, 0);

	buf[n > 0 ? n : 0] = '\0';
	return n > 0 ? n : 0;
}

static off_t console_size(void)
{
	struct stat st;

	return fstat(console_fd, &st) ? 0 : st.st_size;
}

struct lkl_options default_options(void)
{
	return (struct lkl_options){
		.size = sizeof(struct lkl_options),
		.mem = 64UL << 20,
		.cmdline = "lkl_test=1",
		.console_fd = console_fd,
	};
}

/* --host: nothing a test does must be seen outside its own process. */
static int start_host(void)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS))
		SKIP("new namespaces: %s", strerror(errno));
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", "/mnt", "tmpfs", 0, NULL))
		FAIL("private /mnt: %s", strerror(errno));
	return TEST_OK;
}

int start_kernel(const struct lkl_options *options)
{
	struct lkl_options defaults = default_options();

	if (host_mode)
		TRY(start_host());
	else
		CHECK_OK(lkl_start(options ? options : &defaults));
	kernel_started = true;
	CHECK_OK(scratch_setup());
	return TEST_OK;
}

static void die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* Waits for a child at most limit_ms; kills it then. */
static int wait_child(pid_t pid, int limit_ms, int *status)
{
	int waited;

	for (waited = 0; waited < limit_ms; waited += 5) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return 0;
		usleep(5000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, status, 0);
	return -ETIMEDOUT;
}

int run_child(int (*fn)(void), int *status)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		FAIL("fork: %s", strerror(errno));
	if (!pid) {
		die_with_parent();
		close(progress_fd);
		exit(fn() == TEST_OK ? 0 : 1);
	}
	if (wait_child(pid, CHILD_LIMIT_MS, status))
		FAIL("child process hung");
	return current_result()->status == TEST_MISSING ?
		       TEST_OK :
		       current_result()->status;
}

int child_exits(int (*fn)(void), int code)
{
	int status;

	TRY(run_child(fn, &status));
	if (WIFSIGNALED(status))
		FAIL("child process died of signal %d", WTERMSIG(status));
	CHECK_EQ(WEXITSTATUS(status), code);
	return TEST_OK;
}

int run_tool(const char *const argv[])
{
	int status;
	pid_t pid = vfork();

	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool selected(const struct test_group *group, const struct test *test)
{
	char name[128];

	if (host_mode && !(test->flags & TEST_HOST))
		return false;
	snprintf(name, sizeof(name), "%s.%s", group->name, test->name);
	return !fnmatch(only, name, 0);
}

static int group_size(const struct test_group *group)
{
	int n = 0;

	while (group->tests[n].name)
		n++;
	return n;
}

static int group_selected(const struct test_group *group)
{
	int i, n = 0;

	for (i = 0; group->tests[i].name; i++)
		n += selected(group, &group->tests[i]);
	return n;
}

/* Does the group's own line "halt" appear? */
static bool has_halt(const struct test_group *group)
{
	return group->setup && !host_mode;
}

static void run_tests(const struct test_group *group, unsigned int when)
{
	int i;

	for (i = 0; group->tests[i].name; i++) {
		const struct test *test = &group->tests[i];
		struct result *result = &shared->results[i];
		int status;

		if (!selected(group, test) ||
		    (test->flags & TEST_AFTER_HALT) != when)
			continue;
		shared->current = i;
		result->console = console_size();
		status = test->fn();
		if (result->status == TEST_MISSING)
			result->status = status;
		if (write(progress_fd, "", 1) != 1)
			exit(3); /* the driver has gone */
	}
}

static void run_halt(int index)
{
	struct result *result = &shared->results[index];
	int ret;

	shared->current = index;
	result->console = console_size();
	ret = lkl_halt();
	if (ret)
		test_fail(__FILE__, __LINE__, "lkl_halt() is %d (%s)", ret,
			  strerror(-ret));
	else
		result->status = TEST_OK;
}

static void run_group(const struct test_group *group)
{
	shared->current = -1;
	if (group->setup) {
		int status = group->setup();

		if (shared->setup.status == TEST_MISSING)
			shared->setup.status = status;
		if (status != TEST_OK)
			exit(2);
	}
	run_tests(group, 0);
	if (has_halt(group) && kernel_started)
		run_halt(group_size(group));
	run_tests(group, TEST_AFTER_HALT);
	exit(0);
}

static void print_block(const char *key, char *text)
{
	char *line, *rest = text;

	printf("  %s: |\n", key);
	while ((line = strsep(&rest, "\n")))
		if (*line)
			printf("    %s\n", line);
}

/* What the kernel has printed since the test began, or the end of it. */
static void print_console(off_t from)
{
	char tail[CONSOLE_TAIL + 1];
	off_t size = console_size();
	ssize_t n;

	if (size - from > CONSOLE_TAIL)
		from = size - CONSOLE_TAIL;
	n = pread(console_fd, tail, CONSOLE_TAIL, from);
	tail[n > 0 ? n : 0] = '\0';
	if (n > 0)
		print_block("console", tail);
}

static void print_result(const char *group, const char *test,
			 struct result *result)
{
	bool ok = result->status == TEST_OK || result->status == TEST_SKIP;

	printf("%sok %d - %s.%s", ok ? "" : "not ", ++totals.number, group,
	       test);
	if (result->status == TEST_SKIP)
		printf(" # SKIP %s", result->text);
	putchar('\n');
	totals.passed += result->status == TEST_OK;
	totals.skipped += result->status == TEST_SKIP;
	totals.failed += !ok;
	if (!ok) {
		puts("  ---");
		print_block("message", result->text);
		print_console(result->console);
		puts("  ...");
	}
	fflush(stdout);
}

/* What became of tests that gave no result themselves. */
static void blame(struct result *result, bool running, const char *ending)
{
	const char *fmt = "not run: the process %s before";

	if (result->status != TEST_MISSING)
		return;
	if (shared->setup.status == TEST_SKIP ||
	    shared->setup.status == TEST_FAIL) {
		*result = shared->setup;
		return;
	}
	if (running)
		fmt = "the process %s in this test";
	else if (shared->current < 0)
		fmt = "the process %s in the set-up of the group";
	else
		result->console = console_size(); /* that text is not its own */
	result->status = TEST_FAIL;
	snprintf(result->text, sizeof(result->text), fmt, ending);
}

static void print_group(const struct test_group *group, const char *ending)
{
	int i, n = group_size(group);

	for (i = 0; i < n; i++) {
		if (!selected(group, &group->tests[i]))
			continue;
		blame(&shared->results[i], shared->current == i, ending);
		print_result(group->name, group->tests[i].name,
			     &shared->results[i]);
	}
	if (!has_halt(group))
		return;
	blame(&shared->results[n], shared->current == n, ending);
	/* Halted well, and then the process ended badly: that counts here. */
	if (shared->results[n].status == TEST_OK && *ending) {
		shared->results[n].status = TEST_FAIL;
		snprintf(shared->results[n].text,
			 sizeof(shared->results[n].text),
			 "the process %s after the halt", ending);
	}
	print_result(group->name, "halt", &shared->results[n]);
}

/* How a group's process ended, as text; "" if well. */
static void describe(char *buf, size_t size, int status, bool hung)
{
	*buf = '\0';
	if (hung)
		snprintf(buf, size, "hung for %d s", TEST_LIMIT_MS / 1000);
	else if (WIFSIGNALED(status))
		snprintf(buf, size, "died of signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) && WEXITSTATUS(status) != 2)
		snprintf(buf, size, "exited with %d", WEXITSTATUS(status));
}

/* True when the group's process made no progress for the time limit. */
static bool watch(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char byte;

	for (;;) {
		int n = poll(&pfd, 1, TEST_LIMIT_MS);

		if (n == 0)
			return true;
		if (n > 0 && read(fd, &byte, 1) <= 0)
			return false;
	}
}

static void drive_group(const struct test_group *group)
{
	int fds[2], status;
	bool hung;
	char ending[64];
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	if (ftruncate(console_fd, 0) || pipe2(fds, O_CLOEXEC))
		err_exit("cannot prepare a group");
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err_exit("fork");
	if (!pid) {
		die_with_parent();
		close(fds[0]);
		progress_fd = fds[1];
		run_group(group);
	}
	close(fds[1]);
	hung = watch(fds[0]);
	if (hung)
		kill(pid, SIGKILL);
	/* The pipe closes as the process ends; it may not have ended yet. */
	if (wait_child(pid, TEST_LIMIT_MS, &status))
		hung = true;
	close(fds[0]);
	describe(ending, sizeof(ending), status, hung);
	print_group(group, ending);
}

static void list_tests(void)
{
	size_t g;
	int i;

	for (g = 0; g < ARRAY_SIZE(groups); g++)
		for (i = 0; groups[g]->tests[i].name; i++)
			if (selected(groups[g], &groups[g]->tests[i]))
				printf("%s.%s\n", groups[g]->name,
				       groups[g]->tests[i].name);
}

static void usage(FILE *out)
{
	fputs("usage: lkl-test [--list] [--only GLOB] [--host]\n"
	      "Tests of Linux as a library; prints TAP 13, exits 1 if a test failed.\n"
	      "  --list       print the names of the tests and stop\n"
	      "  --only GLOB  only tests whose name matches, e.g. 'net.*'\n"
	      "  --host       run what makes sense on the host kernel instead (root)\n",
	      out);
}

static void parse_options(int argc, char **argv, bool *list)
{
	static const struct option options[] = {
		{ "list", no_argument, NULL, 'l' },
		{ "only", required_argument, NULL, 'o' },
		{ "host", no_argument, NULL, 'H' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'l':
			*list = true;
			break;
		case 'o':
			only = optarg;
			break;
		case 'H':
			host_mode = true;
			kernel = host_call;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "lkl-test: unexpected argument: %s\n",
			argv[optind]);
		exit(2);
	}
}

static int count_tests(void)
{
	int n = 0;
	size_t g;

	for (g = 0; g < ARRAY_SIZE(groups); g++) {
		int of_group = group_selected(groups[g]);

		n += of_group + (of_group && has_halt(groups[g]));
	}
	return n;
}

int main(int argc, char **argv)
{
	bool list = false;
	size_t g;
	int count;

	parse_options(argc, argv, &list);
	if (list) {
		list_tests();
		return 0;
	}
	count = count_tests();
	if (!count) {
		fprintf(stderr, "lkl-test: no test matches %s; see --list\n",
			only);
		return 2;
	}
	console_fd = memfd_create("console", MFD_CLOEXEC);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (console_fd < 0 || fcntl(console_fd, F_SETFL, O_APPEND) ||
	    shared == MAP_FAILED)
		err_exit("cannot prepare");
	printf("TAP version 13\n1..%d\n", count);
	for (g = 0; g < ARRAY_SIZE(groups); g++)
		if (group_selected(groups[g]))
			drive_group(groups[g]);
	printf("# %d passed, %d failed, %d skipped\n", totals.passed,
	       totals.failed, totals.skipped);
	return totals.failed ? 1 : 0;
}
