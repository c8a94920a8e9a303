// SPDX-License-Identifier: GPL-2.0-only
/*
 * exec: one more program in a running container's kernel. This process stands
 * for it on the host: it passes signals on, ends with its status, and when it is
 * killed the program is, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "runu.h"

struct wish {
	const char *process, *cwd, *user, *pid_file, *console_socket;
	bool detach, tty, no_new_privs;
	cJSON *env;
};

static char *request;
static size_t request_size;
static FILE *stream;

static void __attribute__((format(printf, 2, 3))) add(const char *key,
						      const char *format, ...)
{
	va_list args;

	fprintf(stream, "%s=", key);
	va_start(args, format);
	vfprintf(stream, format, args);
	va_end(args);
	fputc(0, stream);
}

static void set_user(cJSON *process, const char *word)
{
	cJSON *user = cJSON_CreateObject();
	char *end;
	unsigned long uid = strtoul(word, &end, 10), gid = 0;

	if (*end == ':')
		gid = strtoul(end + 1, &end, 10);
	if (*end || end == word)
		die("exec: --user %s: not UID[:GID] in numbers", word);
	cJSON_AddNumberToObject(user, "uid", uid);
	cJSON_AddNumberToObject(user, "gid", gid);
	cJSON_DeleteItemFromObject(process, "user");
	cJSON_AddItemToObject(process, "user", user);
}

/* The container's own process, with what the command line says differently. */
static cJSON *from_words(const struct container *c, const struct wish *w, int i,
			 int argc, char **argv)
{
	cJSON *process = cJSON_Duplicate(json_get(c->config, "process"), true);
	cJSON *args = cJSON_CreateArray(), *item, *env;

	if (i == argc)
		die("exec: the program is missing; try: runu exec --help");
	for (; i < argc; i++)
		cJSON_AddItemToArray(args, cJSON_CreateString(argv[i]));
	cJSON_DeleteItemFromObject(process, "args");
	cJSON_AddItemToObject(process, "args", args);
	cJSON_DeleteItemFromObject(process, "terminal");
	cJSON_AddBoolToObject(process, "terminal", w->tty);
	env = cJSON_GetObjectItem(process, "env");
	if (!env)
		env = cJSON_AddArrayToObject(process, "env");
	cJSON_ArrayForEach(item, w->env) cJSON_AddItemToArray(
		env, cJSON_CreateString(item->valuestring));
	if (w->cwd) {
		cJSON_DeleteItemFromObject(process, "cwd");
		cJSON_AddStringToObject(process, "cwd", w->cwd);
	}
	if (w->user)
		set_user(process, w->user);
	return process;
}

static void write_request(const struct container *c, const cJSON *process)
{
	stream = need(open_memstream(&request, &request_size));
	fwrite("exec", 5, 1, stream);
	describe_seccomp(c->config, add);
	describe_process(process, add);
	if (fclose(stream))
		die("exec: no memory");
	if (request_size > 120000)
		die("exec: arguments, environment and seccomp filter are longer than 120000 octets");
}

/* "pid N", "error STATUS TEXT" or "exit STATUS"; NULL when the container has ended. */
static char *line_from(int fd)
{
	static char text_[4096];
	static size_t have, used;
	char *end;
	ssize_t n;

	memmove(text_, text_ + used, have - used);
	have -= used;
	used = 0;
	while (!(end = memchr(text_, '\n', have))) {
		do {
			n = read(fd, text_ + have, sizeof(text_) - have);
		} while (n < 0 && errno == EINTR);
		if (n <= 0)
			return NULL;
		have += n;
	}
	*end = 0;
	used = end + 1 - text_;
	return text_;
}

static struct termios before;
static bool raw;

static void make_raw(void)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &before))
		return;
	t = before;
	cfmakeraw(&t);
	tcsetattr(STDIN_FILENO, TCSANOW, &t);
	raw = true;
}

static void restore(void)
{
	if (raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	raw = false;
}

static void pass_signal(int fd, int reply)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGWINCH)
		dprintf(reply, "resize\n");
	else
		dprintf(reply, "signal %d\n", (int)info.ssi_signo);
}

/* Its status; 137 when the container has ended with it. */
static int stand_for(int reply)
{
	sigset_t all;
	struct pollfd fds[2];
	char *line;
	int status = 137;

	sigfillset(&all);
	sigdelset(&all, SIGCHLD);
	sigdelset(&all, SIGTTOU);
	sigprocmask(SIG_BLOCK, &all, NULL);
	fds[0] = (struct pollfd){ signalfd(-1, &all, SFD_CLOEXEC), POLLIN, 0 };
	fds[1] = (struct pollfd){ reply, POLLIN, 0 };
	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents)
			pass_signal(fds[0].fd, reply);
		if (!fds[1].revents)
			continue;
		line = line_from(reply);
		if (line && sscanf(line, "exit %d", &status) != 1)
			continue;
		return status;
	}
}

static void write_pid(const char *file)
{
	FILE *f = fopen(file, "we");

	if (!f || fprintf(f, "%d", getpid()) < 0 || fclose(f))
		die("--pid-file %s: %s", file, strerror(errno));
}

static void give_console(const struct wish *w)
{
	int connection, master, slave;

	if (!w->console_socket)
		return;
	connection = console_connect(w->console_socket);
	slave = console_pair(&master);
	console_send(connection, master);
	setsid();
	console_adopt(slave);
}

/* Whoever called is told by @tell that the program runs, or what is wrong. */
static int perform(const struct container *c, const struct wish *w,
		   const cJSON *process, int tell)
{
	bool terminal = json_bool(process, "terminal", false);
	int reply, status;
	char *line;

	tell_fd = tell;
	give_console(w);
	reply = client_ask(c, request, request_size, (int[]){ 0, 1, 2 }, 3);
	line = line_from(reply);
	if (!line)
		die("container %s has ended", c->id);
	if (!strncmp(line, "error ", 6))
		die("exec: %s", line + 6 + strspn(line + 6, "0123456789 "));
	if (w->pid_file)
		write_pid(w->pid_file);
	if (tell >= 0) {
		sync_tell(tell, "started");
		close(tell);
		tell_fd = -1;
	}
	if (terminal && !w->console_socket)
		make_raw();
	status = stand_for(reply);
	restore();
	return status;
}

static int in_background(const struct container *c, const struct wish *w,
			 const cJSON *process)
{
	char heard[2048];
	int pair[2];
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid) {
		close(pair[0]);
		if (!w->console_socket)
			setsid();
		_exit(perform(c, w, process, pair[1]));
	}
	close(pair[1]);
	if (!sync_hear(pair[0], heard, sizeof(heard)))
		die("exec: the program could not be started");
	if (strcmp(heard, "started"))
		die("%s", heard);
	return 0;
}

static int parse(struct wish *w, int argc, char **argv)
{
	const char *value, *ignored;
	int i;

	w->env = cJSON_CreateArray();
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (option_value("env", "e", &value, &i, argc, argv))
			cJSON_AddItemToArray(w->env, cJSON_CreateString(value));
		else if (option_flag("detach", "d", i, argv))
			w->detach = true;
		else if (option_flag("tty", "t", i, argv))
			w->tty = true;
		else if (!option_value("process", "p", &w->process, &i, argc,
				       argv) &&
			 !option_value("cwd", NULL, &w->cwd, &i, argc, argv) &&
			 !option_value("user", "u", &w->user, &i, argc, argv) &&
			 !option_value("pid-file", NULL, &w->pid_file, &i, argc,
				       argv) &&
			 !option_value("console-socket", NULL,
				       &w->console_socket, &i, argc, argv) &&
			 !option_value("preserve-fds", NULL, &ignored, &i, argc,
				       argv))
			option_unknown("exec", argv[i]);
	}
	return i;
}

int verb_exec(int argc, char **argv)
{
	struct wish w = { 0 };
	struct container c;
	const char *status;
	cJSON *process;
	int i = parse(&w, argc, argv);

	if (i >= argc)
		die("exec: the container's id is missing; try: runu --help");
	state_open(&c, argv[i++]);
	status = state_status(&c);
	if (strcmp(status, "running"))
		die("container %s is %s: exec needs a running one", c.id,
		    status);
	process = w.process ? json_load(w.process) :
			      from_words(&c, &w, i, argc, argv);
	config_check_process(process, w.process ?: "exec");
	if (json_bool(process, "terminal", false) && w.detach &&
	    !w.console_socket)
		die("exec: a terminal and --detach: say where the terminal goes with --console-socket");
	write_request(&c, process);
	return w.detach ? in_background(&c, &w, process) :
			  perform(&c, &w, process, -1);
}
