// SPDX-License-Identifier: GPL-2.0-only
/* run: create and start; in the foreground also wait, and delete. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "runu.h"

static struct container container;
static struct termios before;
static bool raw;

/* Until the program starts, a signal has nowhere to go but back. */
static void remove_all(void)
{
	int status;

	if (raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	kill(container.pid, SIGKILL);
	waitpid(container.pid, &status, 0);
	delete_container(&container);
}

static void forward(int sig)
{
	if (container.pid > 0)
		kill(container.pid, sig);
}

/* The library kernel has a terminal itself; this one only carries octets. */
static void make_raw(const cJSON *config)
{
	struct termios t;

	if (!json_bool(config, "process.terminal", false))
		return;
	if (tcgetattr(STDIN_FILENO, &before))
		die("process.terminal is true: standard input is no terminal");
	t = before;
	cfmakeraw(&t);
	tcsetattr(STDIN_FILENO, TCSANOW, &t);
	raw = true;
}

static int wait_for_end(void)
{
	static const int signals[] = { SIGTERM, SIGINT,	  SIGHUP,
				       SIGQUIT, SIGUSR1,  SIGUSR2,
				       SIGCONT, SIGWINCH, SIGALRM };
	int status;

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		signal(signals[i], forward);
	while (waitpid(container.pid, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid: %s", strerror(errno));
	if (raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

int verb_run(int argc, char **argv)
{
	struct create_options o = { 0 };
	int i, status;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (option_flag("detach", "d", i, argv))
			o.detach = true;
		else if (!create_option(&o, &i, argc, argv))
			option_unknown("run", argv[i]);
	}
	o.id = the_id(i, argc, argv, "run");
	o.foreground = !o.detach;
	phase_open();
	create_container(&container, &o);
	undo = remove_all;
	if (o.foreground && !o.console_socket)
		make_raw(container.config);
	start_container(&container);
	if (o.detach)
		return 0;
	status = wait_for_end();
	undo = NULL;
	delete_container(&container);
	phase("end");
	return status;
}
