/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/lkl, the way of process 1 to the host process that it runs in (process
 * mode). Its node is character device 10:77.
 */
#ifndef _UAPI_ASM_LKL_HOSTFD_H
#define _UAPI_ASM_LKL_HOSTFD_H

#include <linux/ioctl.h>

#define LKL_HOSTFD_MINOR 77

/* A file that stands for the host's descriptor of this number; returns its
 * descriptor here.
 */
#define LKL_HOSTFD_OPEN _IO('L', 1)

/* End the machine and with it the host process, with this exit status. */
#define LKL_HOSTFD_EXIT _IO('L', 2)

/* From now on process 1 hears of the signals that the host process gets. */
#define LKL_HOSTFD_SIGNALS _IO('L', 3)

/* As LKL_HOSTFD_OPEN; the host's descriptor is closed together with the file. */
#define LKL_HOSTFD_TAKE _IO('L', 4)

#define LKL_HOSTFD_MAX_FDS 8

/**
 * struct lkl_hostfd_message - one datagram of a host's socket, without waiting
 * @fd: the host's descriptor of the socket
 * @buf, @len: where the text goes to, and how much there is room for
 * @fds, @nfds: host descriptors that came with it (SCM_RIGHTS), and how many
 */
struct lkl_hostfd_message {
	void *buf;
	unsigned int len;
	int fd;
	int fds[LKL_HOSTFD_MAX_FDS];
	unsigned int nfds;
};

/* Receive; returns the length of the text, or -EAGAIN. */
#define LKL_HOSTFD_RECEIVE _IOWR('L', 5, struct lkl_hostfd_message)

#endif
