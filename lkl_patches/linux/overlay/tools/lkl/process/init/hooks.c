// SPDX-License-Identifier: GPL-2.0-only
/*
 * startContainer hooks (runtime-spec, config, "POSIX-platform Hooks"): programs of
 * the image that run before its program, as its children do. They get the
 * container's state on standard input.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "init.h"

#define MAX_HOOKS 16
#define MAX_WORDS 64

struct hook {
	char *path, *argv[MAX_WORDS + 1], *envp[MAX_WORDS + 1];
	int args, envs, seconds;
};

static struct hook hooks[MAX_HOOKS];
static int count;
static const char *state = "";

void hook_item(const char *key, char *value)
{
	struct hook *h = &hooks[count ? count - 1 : 0];

	if (!strcmp(key, "hook")) {
		if (count == MAX_HOOKS)
			fail("more than %d hooks", MAX_HOOKS);
		hooks[count++].path = value;
	} else if (!strcmp(key, "hookarg") && h->args < MAX_WORDS) {
		h->argv[h->args++] = value;
	} else if (!strcmp(key, "hookenv") && h->envs < MAX_WORDS) {
		h->envp[h->envs++] = value;
	} else if (!strcmp(key, "hooktime")) {
		h->seconds = atoi(value);
	} else if (!strcmp(key, "hookstate")) {
		state = value;
	} else {
		fail("/setup: %s: more than %d words", key, MAX_WORDS);
	}
}

/* Its status, or -1 when it took too long and had to be killed. */
static int wait_for(pid_t pid, int seconds)
{
	struct timespec patience = { .tv_sec = seconds };
	sigset_t child;
	int status;

	if (!seconds)
		return waitpid(pid, &status, 0) == pid ? status : -1;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (sigtimedwait(&child, NULL, &patience) < 0 &&
		    errno == EAGAIN) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -1;
		}
	}
	return status;
}

/* A hook need not read it. */
static void give(int fd, const char *text, size_t len)
{
	ssize_t n;

	while (len && (n = write(fd, text, len)) > 0) {
		text += n;
		len -= n;
	}
	close(fd);
}

static void run_hook(struct hook *h)
{
	volatile int error = 0;
	sigset_t none;
	int in[2], status;
	pid_t pid;

	if (pipe(in))
		fail("hook %s: %s", h->path, strerror(errno));
	sigemptyset(&none);
	pid = vfork();
	if (!pid) {
		dup2(in[0], STDIN_FILENO);
		close(in[0]);
		close(in[1]);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execve(h->path, h->args ? h->argv : (char *[]){ h->path, NULL },
		       h->envp);
		error = errno;
		_exit(EXIT_NOT_FOUND);
	}
	close(in[0]);
	give(in[1], state, strlen(state));
	status = wait_for(pid, h->seconds);
	if (error)
		fail("startContainer hook %s: %s (in the container)", h->path,
		     strerror(error));
	if (status)
		fail("startContainer hook %s: %s %d", h->path,
		     status < 0	       ? "no end after seconds:" :
		     WIFEXITED(status) ? "exit status" :
					 "signal",
		     status < 0	       ? h->seconds :
		     WIFEXITED(status) ? WEXITSTATUS(status) :
					 WTERMSIG(status));
}

void hooks_run(void)
{
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < count; i++)
		run_hook(&hooks[i]);
	signal(SIGPIPE, SIG_DFL);
}
