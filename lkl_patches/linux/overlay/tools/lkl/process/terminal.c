// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's terminal while a terminal of the library kernel stands for it:
 * raw, because line editing and Ctrl-C are the library kernel's then.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "process.h"

static struct termios saved;
static bool raw;

void terminal_init(struct options *o)
{
	struct termios t;

	if (!o->tty || o->no_tty)
		return;
	if (tcgetattr(STDIN_FILENO, &saved))
		die("--tty: standard input is no terminal");
	t = saved;
	cfmakeraw(&t);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &t))
		die("--tty: %s", strerror(errno));
	raw = true;
}

/* Without the C library: it may be too late for that. */
void terminal_restore(void)
{
	if (raw)
		host_call3(SYS_ioctl, STDIN_FILENO, TCSETSW, &saved);
	raw = false;
}
