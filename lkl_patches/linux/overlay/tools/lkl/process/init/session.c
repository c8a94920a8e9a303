// SPDX-License-Identifier: GPL-2.0-only
/*
 * Further programs, on request of the host ("runu exec"). A request is one
 * datagram: words that end in NUL, the first says what, and descriptors. The
 * last of those is a stream: we tell there what becomes of the program,
 *
 *	pid 7		it has been started
 *	error 127 ...	it could not be, with the exit status for that
 *	exit 3		it has ended
 *
 * and are told "signal 15" and "resize" (look at the terminal's size again).
 * When the other end closes it, the program is killed.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <asm/lkl_hostfd.h>

#include "init.h"

#define REQUEST_SIZE (1 << 17)

struct session {
	pid_t pid; /* 0: free */
	int reply, master, streams[2];
	struct flow in, out;
};

static struct session sessions[MAX_SESSIONS];

enum { FD_REPLY, FD_IN, FD_OUT, FDS_EACH };

int session_fds(struct pollfd *fds)
{
	for (int i = 0; i < MAX_SESSIONS; i++) {
		const struct session *s = &sessions[i];
		struct pollfd *p = &fds[i * FDS_EACH];

		for (int k = 0; k < FDS_EACH; k++)
			p[k] = (struct pollfd){ .fd = -1 };
		if (!s->pid)
			continue;
		p[FD_REPLY] = (struct pollfd){ s->reply, POLLIN, 0 };
		if (s->master < 0)
			continue;
		flow_poll(&s->in, &p[FD_IN]);
		flow_poll(&s->out, &p[FD_OUT]);
	}
	return MAX_SESSIONS * FDS_EACH;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void forget(struct session *s)
{
	shut(&s->reply);
	shut(&s->master);
	shut(&s->streams[0]);
	shut(&s->streams[1]);
	s->pid = 0;
}

static void obey(struct session *s, char *text)
{
	int sig;

	if (sscanf(text, "signal %d", &sig) == 1)
		kill(s->pid, sig);
	else if (!strncmp(text, "resize", 6) && s->master >= 0)
		terminal_resize(s->master, s->streams[0]);
}

static void hear(struct session *s)
{
	char text[256], *line, *at = NULL;
	ssize_t n = read(s->reply, text, sizeof(text) - 1);

	if (n <= 0) {
		kill(s->pid, SIGKILL);
		shut(&s->reply); /* the rest is done when it has ended */
		return;
	}
	text[n] = 0;
	for (line = strtok_r(text, "\n", &at); line;
	     line = strtok_r(NULL, "\n", &at))
		obey(s, line);
}

void session_events(const struct pollfd *fds)
{
	for (int i = 0; i < MAX_SESSIONS; i++) {
		struct session *s = &sessions[i];
		const struct pollfd *p = &fds[i * FDS_EACH];

		if (!s->pid)
			continue;
		if (p[FD_IN].revents)
			flow_step(&s->in);
		if (p[FD_OUT].revents)
			flow_step(&s->out);
		if (p[FD_REPLY].revents)
			hear(s);
	}
}

void session_ended(pid_t pid, int status)
{
	for (int i = 0; i < MAX_SESSIONS; i++) {
		struct session *s = &sessions[i];

		if (s->pid != pid)
			continue;
		if (s->master >= 0)
			flow_finish(&s->out);
		if (s->reply >= 0)
			dprintf(s->reply, "exit %d\n", status);
		forget(s);
	}
}

static struct session *free_session(void)
{
	for (int i = 0; i < MAX_SESSIONS; i++)
		if (!sessions[i].pid)
			return &sessions[i];
	return NULL;
}

static void watch_terminal(struct session *s, int fds[3], int master)
{
	s->master = master;
	s->streams[0] = fds[0];
	s->streams[1] = fds[1];
	fds[0] = fds[1] = -1;
	terminal_resize(master, s->streams[0]);
	terminal_flow(&s->in, s->streams[0], master);
	terminal_flow(&s->out, master, s->streams[1]);
}

static void refuse(int reply, int status, const char *what, const char *why)
{
	dprintf(reply, "error %d %s: %s\n", status, what, why);
	close(reply);
}

/* What came: standard input, output and error, and where to answer. */
static void execute(const struct plan *plan, int fds[3], int reply)
{
	struct session *s = free_session();
	struct launch l = { .plan = plan, .fds = { fds[0], fds[1], fds[2] } };
	pid_t pid;

	if (!s) {
		refuse(reply, EXIT_SETUP, "too many programs by exec",
		       "end one of them first");
		return;
	}
	pid = launch(&l);
	if (pid < 0) {
		shut(&l.master);
		refuse(reply, l.status, l.what, strerror(l.error));
		return;
	}
	*s = (struct session){
		.pid = pid, .reply = reply, .master = -1, .streams = { -1, -1 }
	};
	if (l.master >= 0)
		watch_terminal(s, fds, l.master);
	dprintf(reply, "pid %d\n", pid);
}

static void request_exec(char *text, size_t size, int fds[3], int reply)
{
	char *at = text, *last = text + size;
	struct plan plan;

	if (!plan_init(&plan, text, size)) {
		refuse(reply, EXIT_SETUP, "exec", "no memory");
		return;
	}
	while (at < last) {
		char *next = at + strlen(at) + 1, *value = strchr(at, '=');

		if (value)
			*value++ = 0;
		if (value && !plan_item(&plan, at, value))
			value = NULL;
		if (!value)
			break;
		at = next;
	}
	if (at < last || !plan.args)
		refuse(reply, EXIT_SETUP, "exec", "a request that is none");
	else
		execute(&plan, fds, reply);
	free(plan.argv);
	free(plan.envp);
}

static void act(char *text, size_t size, int *fds, unsigned int count)
{
	size_t verb = strlen(text) + 1;
	int reply = count ? fds[--count] : -1;

	if (!strcmp(text, "exec") && count == 3) {
		request_exec(text + verb, size - verb, fds, reply);
	} else if (!strcmp(text, "stats") && reply >= 0) {
		answer_stats(reply);
		close(reply);
	} else if (!strcmp(text, "ps") && reply >= 0) {
		answer_ps(reply);
		close(reply);
	} else if (reply >= 0) {
		refuse(reply, EXIT_SETUP, text, "no such request");
	}
	for (unsigned int i = 0; i < count; i++)
		shut(&fds[i]);
}

/* There is one on the socket, or has been. */
void session_request(void)
{
	static char text[REQUEST_SIZE + 1];
	struct lkl_hostfd_message m = { .fd = requests,
					.buf = text,
					.len = REQUEST_SIZE };
	int fds[LKL_HOSTFD_MAX_FDS], n;

	n = ioctl(control, LKL_HOSTFD_RECEIVE, &m);
	if (n < 0)
		return;
	text[n] = 0;
	for (unsigned int i = 0; i < m.nfds; i++) {
		fds[i] = ioctl(control, LKL_HOSTFD_TAKE, m.fds[i]);
		if (fds[i] >= 0)
			fds[i] = aside(fds[i]);
	}
	if (n > 0)
		act(text, n, fds, m.nfds);
}
