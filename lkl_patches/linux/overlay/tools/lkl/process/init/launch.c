// SPDX-License-Identifier: GPL-2.0-only
/*
 * Start a program: a child that shares our memory until it executes, and our
 * descriptors until it has opened what we need as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

#define STACK_SIZE 65536

extern char **environ;

static void __attribute__((noreturn)) give_up(struct launch *l,
					      const char *what)
{
	l->error = errno ?: EINVAL;
	l->status = EXIT_SETUP;
	snprintf(l->what, sizeof(l->what), "%s", what);
	_exit(EXIT_NOT_FOUND);
}

/* Under runu cwd is made when it is not there, as other runtimes do. */
static void enter(struct launch *l)
{
	char path[4096];

	if (!chdir(l->plan->cwd))
		return;
	if (errno == ENOENT && requests >= 0) {
		snprintf(path, sizeof(path), "%s", l->plan->cwd);
		for (char *c = path + 1; (c = strchr(c, '/')); c++) {
			*c = 0;
			mkdir(path, 0755);
			*c = '/';
		}
		mkdir(path, 0755);
	}
	if (chdir(l->plan->cwd)) {
		snprintf(path, sizeof(path), "working directory %s",
			 l->plan->cwd);
		give_up(l, path);
	}
}

static void take_streams(struct launch *l)
{
	const char *bad;
	int slave = -1;

	if (l->plan->tty && (bad = terminal_open(&l->master, &slave)))
		give_up(l, bad);
	if (slave >= 0 && l->first && requests >= 0)
		terminal_console(slave);
	if (unshare(CLONE_FILES))
		give_up(l, "descriptors of its own");
	if (slave >= 0) {
		terminal_take(slave);
		return;
	}
	for (int i = 0; i < 3; i++)
		if (l->fds[i] >= 0)
			dup2(l->fds[i], i);
}

/* Host descriptors from 3 on, in the same places. */
static void keep_descriptors(struct launch *l)
{
	for (int i = 3; i < 3 + l->plan->kept; i++) {
		int fd = host_descriptor(i);

		if (fd < 0 || fd == i)
			continue;
		dup2(fd, i);
		close(fd);
	}
}

static void set_oom_score(void)
{
	int fd = oom_score ? open("/proc/self/oom_score_adj",
				  O_WRONLY | O_CLOEXEC) :
			     -1;

	if (fd < 0)
		return;
	(void)!write(fd, oom_score, strlen(oom_score));
	close(fd);
}

static int child(void *arg)
{
	struct launch *l = arg;
	const struct plan *plan = l->plan;
	const char *bad;
	sigset_t none;

	setsid();
	if (l->first)
		phase("exec");
	if (l->first)
		mounts_attach();
	take_streams(l);
	keep_descriptors(l);
	if (l->first)
		hooks_run();
	enter(l);
	if (l->first)
		set_oom_score();
	bad = identity_take(plan);
	if (bad)
		give_up(l, bad);
	umask(plan->mask >= 0 ? plan->mask : 022);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (l->first)
		phase("program");
	environ = plan->envp;
	execvp(plan->argv[0], plan->argv);
	l->error = errno;
	l->status = errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NO_EXEC;
	snprintf(l->what, sizeof(l->what), "%s", plan->argv[0]);
	_exit(l->status);
}

static void refused(struct launch *l, const char *what)
{
	l->error = errno;
	l->status = EXIT_SETUP;
	snprintf(l->what, sizeof(l->what), "%s", what);
}

pid_t launch(struct launch *l)
{
	static char stack[STACK_SIZE] __attribute__((aligned(16)));
	pid_t pid;

	l->master = -1;
	l->error = 0;
	if (l->first && pid1 && unshare(CLONE_NEWPID)) {
		refused(l, "a process id namespace");
		return -1;
	}
	pid = clone(child, stack + STACK_SIZE,
		    CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, l);
	if (pid < 0)
		refused(l, "a process");
	return l->error ? -1 : pid;
}
