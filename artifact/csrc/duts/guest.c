// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program of a guest whose kernel, or whatever it has instead of one, is
 * the device under test: process 1 of a Linux in a virtual machine or of User
 * Mode Linux, or the program of a container. Linked statically.
 *
 * In a container the interface is configured already: the one link is then
 * called "-", and only UDP echo is served. In a virtual machine, kernel modules
 * are in /modules, called 0.ko, 1.ko ... in the order in which to load them.
 */
#include <errno.h>
#include <signal.h>
#include <sys/utsname.h>

#define KERNEL(nr, a, b, c, d, e, f) \
	result(syscall((nr), (a), (b), (c), (d), (e), (f)))

#include <unistd.h>

static long result(long value)
{
	return value < 0 ? -errno : value;
}

#include "linux-net.h"

static void load_modules(void)
{
	char path[32];
	int fd, i;

	for (i = 0;; i++) {
		snprintf(path, sizeof(path), "/modules/%d.ko", i);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			return;
		check(KERNEL3(SYS_finit_module, fd, "", 0), path);
		close(fd);
	}
}

/* Process 1 is only sent signals that it handles: then a runtime can end it. */
static void stop(int sig)
{
	(void)sig;
	_exit(0);
}

int main(int argc, char **argv)
{
	struct dut dut = dut_parse(argc, argv);
	char version[160];
	struct utsname uts;
	long s;

	if (strcmp(dut.link[0].where, "-")) {
		load_modules();
		set_network(&dut);
	} else {
		signal(SIGTERM, stop);
	}
	set_sysctls(dut.settings);
	s = echo_socket();
	uname(&uts);
	snprintf(version, sizeof(version), "%s %s", uts.sysname, uts.release);
	dut_ready(version);
	serve(s);
	return 0;
}
