// SPDX-License-Identifier: GPL-2.0-only
/* kill (runtime-spec, runtime, "Kill"): the library kernel hands a signal on. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "runu.h"

/* Nothing handles a signal before the boot; what would end a program ends it. */
static int effective(const char *status, int sig)
{
	if (strcmp(status, "created") || sig == SIGCONT || sig == SIGCHLD ||
	    sig == SIGWINCH || sig == SIGURG || sig == SIGSTOP)
		return sig;
	return SIGKILL;
}

int verb_kill(int argc, char **argv)
{
	struct container c;
	const char *status, *word;
	int i, sig;

	for (i = 1; i < argc && argv[i][0] == '-'; i++)
		if (!option_flag("all", "a", i, argv))
			option_unknown("kill", argv[i]);
	if (argc - i > 2)
		die("kill: %s: one word too many", argv[i + 2]);
	word = argc - i == 2 ? argv[--argc] : "TERM";
	sig = config_signal(word);
	if (!sig)
		die("kill: %s: no signal; give a name such as TERM, or a number",
		    word);
	state_open(&c, the_id(i, argc, argv, "kill"));
	status = state_status(&c);
	if (!strcmp(status, "stopped") || !strcmp(status, "creating"))
		die("container %s is %s: container not running", c.id, status);
	if (sig == SIGKILL)
		cgroup_freeze(&c, false);
	if (kill(c.pid, effective(status, sig)))
		die("container %s: %s", c.id, strerror(errno));
	return 0;
}
