// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program's life: start, signals, end.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"

static int master = -1;
static pid_t program;

static int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

/* True when the program itself has ended. */
static bool reap(int *status)
{
	bool over = false;
	int s;
	pid_t pid;

	while ((pid = waitpid(-1, &s, WNOHANG)) > 0) {
		if (pid == program) {
			*status = exit_status(s);
			over = true;
		} else {
			session_ended(pid, exit_status(s));
		}
	}
	return over;
}

static bool on_signal(int sig, int *status)
{
	if (sig == SIGCHLD)
		return reap(status);
	if (sig == SIGWINCH && master >= 0)
		terminal_resize(master, STDIN_FILENO);
	else
		kill(program, sig);
	return false;
}

static int wait_plain(const sigset_t *all)
{
	int status = 0, sig;

	do {
		sig = sigwaitinfo(all, NULL);
	} while (sig < 0 || !on_signal(sig, &status));
	return status;
}

enum {
	SIGNALS,
	REQUESTS,
	IN,
	OUT,
	RESOLVER,
	SESSIONS = RESOLVER + RESOLVER_FDS
};

/* With a terminal to look after, or somebody who may ask for more, or names. */
static int wait_all(const sigset_t *all)
{
	static struct pollfd fds[SESSIONS + MAX_SESSIONS * 3];
	static struct flow in, out;
	struct signalfd_siginfo info;
	int status = 0, n, ask = -1, wait;
	bool over = false;

	if (requests >= 0)
		ask = aside(host_descriptor(requests));
	fds[SIGNALS] =
		(struct pollfd){ signalfd(-1, all, SFD_CLOEXEC), POLLIN, 0 };
	fds[REQUESTS] = (struct pollfd){ ask, POLLIN, 0 };
	fds[IN].fd = fds[OUT].fd = -1;
	if (master >= 0) {
		terminal_flow(&in, STDIN_FILENO, master);
		terminal_flow(&out, master, STDOUT_FILENO);
	}
	while (!over) {
		if (master >= 0) {
			flow_poll(&in, &fds[IN]);
			flow_poll(&out, &fds[OUT]);
		}
		n = SESSIONS + session_fds(&fds[SESSIONS]);
		wait = resolver_poll(&fds[RESOLVER]);
		if (poll(fds, n, wait) < 0)
			continue;
		resolver_events(&fds[RESOLVER]);
		if (fds[IN].revents)
			flow_step(&in);
		if (fds[OUT].revents)
			flow_step(&out);
		session_events(&fds[SESSIONS]);
		if (fds[REQUESTS].revents)
			session_request();
		if (fds[SIGNALS].revents &&
		    read(fds[SIGNALS].fd, &info, sizeof(info)) == sizeof(info))
			over = on_signal(info.ssi_signo, &status);
	}
	if (master >= 0)
		flow_finish(&out);
	return status;
}

/* To whom waits for the start; what is written later is for nobody. */
static void tell_start(void)
{
	if (started < 0)
		return;
	dprintf(started, "started\n");
	close(started);
	started = -1;
}

static void refused(const struct launch *l)
{
	if (started >= 0)
		dprintf(started, "error %d %s: %s\n", l->status, l->what,
			strerror(l->error));
	else
		dprintf(STDERR_FILENO, "%s: %s: %s\n", host_name, l->what,
			strerror(l->error));
	end(l->status);
}

void run(const struct plan *plan)
{
	struct launch l = { .plan = plan,
			    .fds = { -1, -1, -1 },
			    .first = true };
	sigset_t all;

	sigfillset(&all); /* as they are blocked, since main() */
	program = launch(&l);
	if (program < 0)
		refused(&l);
	tell_start();
	master = l.master;
	if (master >= 0)
		terminal_resize(master, STDIN_FILENO);
	end(master < 0 && requests < 0 ? wait_plain(&all) : wait_all(&all));
}
