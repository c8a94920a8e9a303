/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Linux as a library.
 *
 * One kernel for a process: add devices, start it, make system calls from any
 * thread, halt it. System calls have the host machine's numbers, arguments and
 * structures. Every function returns 0 or a positive result, or a negative
 * errno.
 */
#ifndef LKL_H
#define LKL_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LKL_API __attribute__((visibility("default")))

/* Time stands still but while a call waits; then it jumps to the next timer. */
#define LKL_VIRTUAL_TIME 1

/* Exit status of a process whose library kernel has panicked. */
#define LKL_EXIT_PANIC 86

/**
 * struct lkl_options - how to start
 * @size: sizeof(struct lkl_options)
 * @mem: octets of memory of the kernel, 0: 64 MiB
 * @cmdline: kernel command line, or NULL
 * @console: gets the console's text, or NULL
 * @console_arg: first argument of @console
 * @console_fd: file descriptor that gets the console's text, or -1
 * @flags: LKL_VIRTUAL_TIME
 */
struct lkl_options {
	size_t size;
	unsigned long mem;
	const char *cmdline;
	void (*console)(void *arg, const char *text, size_t len);
	void *console_arg;
	int console_fd;
	unsigned int flags;
};

/* Boot; -EBUSY when a kernel runs, -ESHUTDOWN when one has been halted. */
LKL_API int lkl_start(const struct lkl_options *options);

/* System call @nr; -ESHUTDOWN when there is no kernel. */
LKL_API long lkl_syscall(long nr, const long args[6]);

/* Sync, switch off and give the memory back. */
LKL_API int lkl_halt(void);

/*
 * New task of the process that runs fn(arg) on the stack that ends at
 * @stack_top whenever the calling host thread is inside the kernel: tasks are
 * stacks, and those of one host thread take turns at their system calls.
 * Returns its thread id.
 */
LKL_API long lkl_clone(int (*fn)(void *), void *arg, void *stack_top);

#define LKL_DISK_RO 1

/* Before lkl_start(): the file @fd is /dev/vda, the next one /dev/vdb ... */
LKL_API int lkl_add_disk(int fd, unsigned int flags);

#define LKL_NET_TAP 1 /* tap device opened with IFF_NO_PI | IFF_VNET_HDR */
#define LKL_NET_DGRAM 2 /* datagram socket, one frame in each datagram */
#define LKL_NET_PACKET 3 /* bound AF_PACKET socket with PACKET_VNET_HDR */

/* Before lkl_start(): @fd is eth0, the next one eth1 ... @mac may be NULL. */
LKL_API int lkl_add_net(int fd, int kind, const unsigned char mac[6]);

/* Open a tap device or a packet socket as lkl_add_net() wants it. */
LKL_API int lkl_open_tap(const char *ifname);
LKL_API int lkl_open_packet(const char *ifname);

/* Kernel release, for example "6.12.117". */
LKL_API const char *lkl_version(void);

#ifdef __cplusplus
}
#endif

#endif
