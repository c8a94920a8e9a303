// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hooks on the host (runtime-spec, config, "POSIX-platform Hooks"): the state on
 * standard input, their own environment, an end when they take too long. Those
 * of startContainer run in the library kernel (its init's hooks.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runu.h"

static char **words(const cJSON *list, const char *otherwise)
{
	int n = list ? cJSON_GetArraySize(list) : 0, i = 0;
	char **all = need(calloc(n + 2, sizeof(char *)));
	const cJSON *item;

	cJSON_ArrayForEach(item, list) if (cJSON_IsString(item))
		all[i++] = item->valuestring;
	if (!i && otherwise)
		all[0] = (char *)otherwise;
	return all;
}

static void __attribute__((noreturn)) become(const cJSON *hook,
					     const char *path, int in, int out)
{
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execve(path, words(json_list(hook, "args"), path),
	       words(json_list(hook, "env"), NULL));
	dprintf(STDERR_FILENO, "%s", strerror(errno));
	_exit(127);
}

/* Its words until it ends; false when that takes longer than @seconds. */
static bool listen_to(int out, int seconds, char *said, size_t size)
{
	struct pollfd p = { .fd = out, .events = POLLIN };
	size_t n = 0;

	for (;;) {
		char more[512];
		int ready = poll(&p, 1, seconds ? seconds * 1000 : -1);
		ssize_t k;

		if (ready < 0 && errno == EINTR)
			continue;
		if (!ready)
			return false;
		k = read(out, more, sizeof(more));
		if (k <= 0)
			break;
		for (ssize_t i = 0; i < k && n < size - 1; i++)
			said[n++] = more[i] == '\n' ? ' ' : more[i];
	}
	said[n] = 0;
	return true;
}

static void run_hook(const cJSON *hook, const char *point, const char *state,
		     bool must)
{
	const char *path = json_text(hook, "path", "");
	int seconds = json_number(hook, "timeout", 0), in[2], out[2], status;
	char said[512] = "";
	bool over;
	pid_t pid;

	if (*path != '/')
		die("config.json: hooks.%s: path must be absolute", point);
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		die("hook %s: %s", path, strerror(errno));
	pid = fork();
	if (!pid)
		become(hook, path, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	signal(SIGPIPE, SIG_IGN); /* a hook need not read */
	(void)!write(in[1], state, strlen(state));
	signal(SIGPIPE, SIG_DFL);
	close(in[1]);
	over = listen_to(out[0], seconds, said, sizeof(said));
	if (!over)
		kill(pid, SIGKILL);
	close(out[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (over && WIFEXITED(status) && !WEXITSTATUS(status))
		return;
	(must ? die : warn)("hook %s of %s: %s%s%s", path, point,
			    over ? "failed" : "took longer than its timeout",
			    *said ? ": " : "", said);
}

void hooks_run(const struct container *c, const char *point, const char *status,
	       bool must)
{
	char place[64];
	const cJSON *hooks, *hook;
	cJSON *report;
	char *state;

	snprintf(place, sizeof(place), "hooks.%s", point);
	hooks = json_list(c->config, place);
	if (!hooks || !hooks->child)
		return;
	report = state_report(c, status);
	state = json_line(report);
	cJSON_ArrayForEach(hook, hooks) run_hook(hook, point, state, must);
	cJSON_Delete(report);
	free(state);
}
