// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library kernel as a device under test. A setting is a sysctl by its path
 * below /proc/sys; everything else is the kernel's default, apart from
 * offloads, which belong to no protocol and are off on a tap.
 */
#include <sys/stat.h>

#include <lkl.h>

#define KERNEL(nr, a, b, c, d, e, f)                                        \
	lkl_syscall((nr), (const long[6]){ (long)(a), (long)(b), (long)(c), \
					   (long)(d), (long)(e), (long)(f) })

#include "linux-net.h"
#include "driven.h"

#define MEMORY (64UL << 20)

static int kind_of(const struct dut_link *link)
{
	struct stat status;

	return !fstat(link->fd, &status) && S_ISCHR(status.st_mode) ?
		       LKL_NET_TAP :
		       LKL_NET_DGRAM;
}

int main(int argc, char **argv)
{
	struct lkl_options options = { .size = sizeof(options),
				       .mem = MEMORY,
				       .console_fd = STDERR_FILENO };
	struct dut dut = dut_parse(argc, argv);
	char version[80];
	long s;
	int i;

	for (i = 0; i < dut.links; i++) {
		check(lkl_add_net(dut.link[i].fd, kind_of(&dut.link[i]),
				  dut.link[i].mac),
		      "add a link");
		snprintf(dut.link[i].where, sizeof(dut.link[i].where), "eth%d",
			 i);
	}
	if (clock_is_driven())
		options.flags |= LKL_VIRTUAL_TIME;
	check(lkl_start(&options), "start the kernel");
	set_network(&dut);
	set_sysctls(dut.settings);
	s = echo_socket();
	snprintf(version, sizeof(version), "Linux %s", lkl_version());
	dut_ready(version);
	if (clock_is_driven())
		serve_driven(s);
	else
		serve(s);
	return 0;
}
