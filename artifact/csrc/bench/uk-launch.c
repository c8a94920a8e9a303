/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uk-launch: run one program and report how long it took, measured next to it.
 *
 *   uk-launch --report FILE [--chroot DIR] [--unmount DIR] [--env NAME=VALUE]
 *             -- PROGRAM [ARG]...
 *
 * The time runs from just before fork(2) to the return of wait4(2), on
 * CLOCK_MONOTONIC. Everything that only prepares the measurement (a private
 * mount namespace with one hierarchy less, opening the new root) happens
 * before. The program gets exactly this environment, with the variable that is
 * named, and no descriptor above 2; it is killed when we are. FILE receives one line of JSON. Exit code: 0 if the
 * program was started, whatever became of it; 1 if not.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char *program_env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	NULL, /* --env */
	NULL,
};

struct job {
	const char *report;
	const char *root;
	const char *unmount;
	char **argv;
};

static void die(const char *what, const char *which)
{
	fprintf(stderr, "uk-launch: %s %s: %s\n", what, which, strerror(errno));
	exit(1);
}

static long long now_ns(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts))
		die("clock_gettime", "CLOCK_MONOTONIC");
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static long long usec(const struct timeval *tv)
{
	return tv->tv_sec * 1000000LL + tv->tv_usec;
}

/* Hide one mount from the program without hiding it from anybody else. */
static void hide_mount(const char *where)
{
	if (unshare(CLONE_NEWNS))
		die("unshare", "mount namespace");
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		die("make private", "/");
	if (umount2(where, MNT_DETACH))
		die("unmount", where);
}

/* In the child: errno of whatever went wrong goes up the pipe. */
static void run_program(const struct job *job, pid_t parent, int root, int up)
{
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	if (root >= 0 && (fchdir(root) || chroot(".")))
		goto failed;
	execve(job->argv[0], job->argv, program_env);
failed:
	err = errno;
	if (write(up, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}

static void write_report(const struct job *job, long long wall, int status,
			 const struct rusage *usage)
{
	FILE *out = fopen(job->report, "w");
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);

	if (!out)
		die("open", job->report);
	fprintf(out,
		"{\"wall_ns\": %lld, \"user_us\": %lld, \"system_us\": %lld, "
		"\"max_rss_kib\": %ld, \"code\": %d}\n",
		wall, usec(&usage->ru_utime), usec(&usage->ru_stime),
		usage->ru_maxrss, code);
	if (fclose(out))
		die("write", job->report);
}

static void measure(const struct job *job)
{
	int root = -1, up[2], status, err = 0;
	pid_t self = getpid(), child;
	struct rusage usage;
	long long start, end;

	if (job->unmount)
		hide_mount(job->unmount);
	if (job->root) {
		root = open(job->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root < 0)
			die("open", job->root);
	}
	if (pipe2(up, O_CLOEXEC))
		die("pipe", "");

	start = now_ns();
	child = fork();
	if (child < 0)
		die("fork", "");
	if (!child)
		run_program(job, self, root, up[1]);
	if (wait4(child, &status, 0, &usage) < 0)
		die("wait", "");
	end = now_ns();

	close(up[1]);
	if (read(up[0], &err, sizeof(err)) == sizeof(err)) {
		errno = err;
		die("start", job->argv[0]);
	}
	write_report(job, end - start, status, &usage);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "report", required_argument, NULL, 'r' },
		{ "chroot", required_argument, NULL, 'c' },
		{ "unmount", required_argument, NULL, 'u' },
		{ "env", required_argument, NULL, 'e' },
		{ 0 },
	};
	struct job job = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (option == 'r')
			job.report = optarg;
		else if (option == 'c')
			job.root = optarg;
		else if (option == 'u')
			job.unmount = optarg;
		else if (option == 'e')
			program_env[1] = optarg;
		else
			return 1;
	}
	if (!job.report || optind == argc) {
		fputs("usage: uk-launch --report FILE [--chroot DIR] "
		      "[--unmount DIR] [--env NAME=VALUE] -- PROGRAM "
		      "[ARG]...\n",
		      stderr);
		return 1;
	}
	job.argv = argv + optind;
	measure(&job);
	return 0;
}
