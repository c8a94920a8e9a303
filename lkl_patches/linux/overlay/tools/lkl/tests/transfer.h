/* SPDX-License-Identifier: GPL-2.0-only */
/* Bulk data between two kernels, or one kernel and itself, checked byte by byte. */
#ifndef TESTS_TRANSFER_H
#define TESTS_TRANSFER_H

#include <stddef.h>
#include <sys/socket.h>

#include "calls.h"

struct address {
	struct sockaddr_storage addr;
	socklen_t len;
};

/* From text; family by the form of the text. */
struct address make_address(const char *text, unsigned short port);

/* The test pattern: the byte at this offset of the stream. */
unsigned char pattern(size_t offset);
void pattern_fill(unsigned char *buf, size_t offset, size_t len);
/* Offset of the first wrong byte in buf, or -1. */
long pattern_check(const unsigned char *buf, size_t offset, size_t len);

/* Write all / read until len or end of file; 0 or -errno (-EBADMSG: wrong data). */
long send_pattern(syscall_fn fn, long fd, size_t len);
long receive_pattern(syscall_fn fn, long fd, size_t len);

/*
 * Listens in one kernel, connects from the other, sends len bytes each way (the
 * server's side runs on a host thread of its own): 0 or -errno.
 */
long tcp_transfer(syscall_fn server, syscall_fn client, const char *server_addr,
		  size_t len);

#endif
