// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program's life: start, signals, end.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"

static int master = -1;
static volatile int exec_error; /* of the child that shares our memory */

static void become(const struct plan *plan)
{
	gid_t gid = plan->gid;

	if (!plan->uid && !plan->gid)
		return;
	if (setgroups(1, &gid) || setgid(gid) || setuid(plan->uid))
		fail("--user %u:%u: %s", plan->uid, gid, strerror(errno));
}

/* In a child that shares our memory (vfork(2)) until it executes. */
static void __attribute__((noreturn)) start(const struct plan *plan, int slave,
					    const sigset_t *mask)
{
	if (plan->pid1)
		mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		      NULL);
	setsid();
	if (slave >= 0)
		terminal_take(slave);
	if (chdir(plan->cwd))
		fail("--cwd %s: %s", plan->cwd, strerror(errno));
	become(plan);
	sigprocmask(SIG_SETMASK, mask, NULL);
	environ = plan->envp;
	execvp(plan->argv[0], plan->argv);
	exec_error = errno;
	_exit(EXIT_NOT_FOUND);
}

static pid_t launch(const struct plan *plan, const sigset_t *mask)
{
	int slave = -1;
	pid_t pid;

	if (plan->tty)
		master = terminal_open(&slave);
	if (plan->pid1 && unshare(CLONE_NEWPID))
		fail("--pid1: %s", strerror(errno));
	pid = vfork();
	if (!pid)
		start(plan, slave, mask);
	if (pid < 0)
		fail("no process: %s", strerror(errno));
	if (exec_error) {
		dprintf(STDERR_FILENO, "ukrun: %s: %s\n", plan->argv[0],
			strerror(exec_error));
		end(exec_error == ENOENT ? EXIT_NOT_FOUND : EXIT_NO_EXEC);
	}
	/* The terminal's other end stays open: closed, the program's would spin. */
	return pid;
}

static int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

/* True when the program itself has ended. */
static bool reap(pid_t program, int *status)
{
	bool over = false;
	int s;
	pid_t pid;

	while ((pid = waitpid(-1, &s, WNOHANG)) > 0) {
		if (pid != program)
			continue;
		*status = exit_status(s);
		over = true;
	}
	return over;
}

static bool on_signal(int sig, pid_t program, int *status)
{
	if (sig == SIGCHLD)
		return reap(program, status);
	if (sig == SIGWINCH && master >= 0)
		terminal_resize(master);
	else
		kill(program, sig);
	return false;
}

static int wait_plain(const sigset_t *all, pid_t program)
{
	int status = 0, sig;

	do {
		sig = sigwaitinfo(all, NULL);
	} while (sig < 0 || !on_signal(sig, program, &status));
	return status;
}

static int wait_terminal(const sigset_t *all, pid_t program)
{
	static struct flow in, out;
	struct pollfd fds[] = {
		{ .fd = signalfd(-1, all, SFD_CLOEXEC), .events = POLLIN },
		{ 0 },
		{ 0 },
	};
	struct signalfd_siginfo info;
	int status = 0;
	bool over = false;

	terminal_flow(&in, STDIN_FILENO, master);
	terminal_flow(&out, master, STDOUT_FILENO);
	while (!over) {
		flow_poll(&in, &fds[1]);
		flow_poll(&out, &fds[2]);
		if (poll(fds, 3, -1) < 0)
			continue;
		if (fds[1].revents)
			flow_step(&in);
		if (fds[2].revents)
			flow_step(&out);
		if (fds[0].revents &&
		    read(fds[0].fd, &info, sizeof(info)) == sizeof(info))
			over = on_signal(info.ssi_signo, program, &status);
	}
	flow_finish(&out);
	return status;
}

void run(const struct plan *plan)
{
	sigset_t all, none;
	pid_t program;

	sigfillset(&all); /* as they are blocked, since main() */
	sigemptyset(&none);
	program = launch(plan, &none);
	end(master < 0 ? wait_plain(&all, program) :
			 wait_terminal(&all, program));
}
