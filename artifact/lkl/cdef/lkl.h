/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of include/lkl.h that Python uses; the compiler checks it against that header. */

#define LKL_VIRTUAL_TIME ...
#define LKL_EXIT_PANIC ...
#define LKL_DISK_RO ...
#define LKL_NET_TAP ...
#define LKL_NET_DGRAM ...
#define LKL_NET_PACKET ...

struct lkl_options {
	size_t size;
	unsigned long mem;
	const char *cmdline;
	void (*console)(void *arg, const char *text, size_t len);
	void *console_arg;
	int console_fd;
	unsigned int flags;
	...;
};

int lkl_start(const struct lkl_options *options);
long lkl_syscall(long nr, const long args[6]);
int lkl_halt(void);
int lkl_add_disk(int fd, unsigned int flags);
int lkl_add_net(int fd, int kind, const unsigned char *mac);
int lkl_open_tap(const char *ifname);
int lkl_open_packet(const char *ifname);
const char *lkl_version(void);
