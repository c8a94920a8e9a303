// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "transfer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>

#define CHUNK 16384

struct address make_address(const char *text, unsigned short port)
{
	struct address a = { 0 };
	struct sockaddr_in *in = (void *)&a.addr;
	struct sockaddr_in6 *in6 = (void *)&a.addr;

	if (strchr(text, ':')) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		inet_pton(AF_INET6, text, &in6->sin6_addr);
		a.len = sizeof(*in6);
	} else {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		inet_pton(AF_INET, text, &in->sin_addr);
		a.len = sizeof(*in);
	}
	return a;
}

unsigned char pattern(size_t offset)
{
	return (offset * 2654435761u) >> 13;
}

void pattern_fill(unsigned char *buf, size_t offset, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = pattern(offset + i);
}

long pattern_check(const unsigned char *buf, size_t offset, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (buf[i] != pattern(offset + i))
			return offset + i;
	return -1;
}

long send_pattern(syscall_fn fn, long fd, size_t len)
{
	unsigned char buf[CHUNK];
	size_t sent = 0;

	while (sent < len) {
		size_t want = len - sent < CHUNK ? len - sent : CHUNK;
		long n;

		pattern_fill(buf, sent, want);
		n = CALL(fn, write, fd, buf, want);
		if (n < 0)
			return n;
		sent += n;
	}
	return 0;
}

long receive_pattern(syscall_fn fn, long fd, size_t len)
{
	unsigned char buf[CHUNK];
	size_t got = 0;

	while (got < len) {
		size_t want = len - got < CHUNK ? len - got : CHUNK;
		long n = CALL(fn, read, fd, buf, want);

		if (n < 0)
			return n;
		if (!n)
			return -EPIPE;
		if (pattern_check(buf, got, n) >= 0)
			return -EBADMSG;
		got += n;
	}
	return 0;
}

struct server {
	syscall_fn fn;
	long listener;
	size_t len;
	long result;
};

static long serve(struct server *server)
{
	long fd = CALL(server->fn, accept4, server->listener, NULL, NULL,
		       SOCK_CLOEXEC);
	long ret;

	if (fd < 0)
		return fd;
	ret = receive_pattern(server->fn, fd, server->len);
	if (!ret)
		ret = send_pattern(server->fn, fd, server->len);
	CALL(server->fn, close, fd);
	return ret;
}

static void *server_main(void *arg)
{
	struct server *server = arg;

	server->result = serve(server);
	/* Wakes a client that still waits after the server has failed. */
	CALL(server->fn, close, server->listener);
	return NULL;
}

/* A listening socket on a free port, which is stored in the address. */
static long listen_on(syscall_fn fn, struct address *a)
{
	long fd = CALL(fn, socket, a->addr.ss_family,
		       SOCK_STREAM | SOCK_CLOEXEC, 0);
	long ret;

	if (fd < 0)
		return fd;
	ret = CALL(fn, bind, fd, &a->addr, a->len);
	if (!ret)
		ret = CALL(fn, listen, fd, 4);
	if (!ret)
		ret = CALL(fn, getsockname, fd, &a->addr, &a->len);
	if (!ret)
		return fd;
	CALL(fn, close, fd);
	return ret;
}

static long talk(syscall_fn fn, const struct address *a, size_t len)
{
	struct timeval limit = { .tv_sec = 20 };
	long fd = CALL(fn, socket, a->addr.ss_family,
		       SOCK_STREAM | SOCK_CLOEXEC, 0);
	long ret;

	if (fd < 0)
		return fd;
	CALL(fn, setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
	     sizeof(limit));
	CALL(fn, setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &limit,
	     sizeof(limit));
	ret = CALL(fn, connect, fd, &a->addr, a->len);
	if (!ret)
		ret = send_pattern(fn, fd, len);
	if (!ret)
		ret = receive_pattern(fn, fd, len);
	CALL(fn, close, fd);
	return ret;
}

long tcp_transfer(syscall_fn server_fn, syscall_fn client_fn,
		  const char *server_addr, size_t len)
{
	struct timeval limit = { .tv_sec = 20 };
	struct address a = make_address(server_addr, 0);
	struct server server = { .fn = server_fn, .len = len };
	pthread_t thread;
	long ret;

	server.listener = listen_on(server_fn, &a);
	if (server.listener < 0)
		return server.listener;
	CALL(server_fn, setsockopt, server.listener, SOL_SOCKET, SO_RCVTIMEO,
	     &limit, sizeof(limit));
	CALL(server_fn, setsockopt, server.listener, SOL_SOCKET, SO_SNDTIMEO,
	     &limit, sizeof(limit));
	ret = pthread_create(&thread, NULL, server_main, &server);
	if (ret)
		return -ret;
	ret = talk(client_fn, &a, len);
	pthread_join(thread, NULL);
	return ret ? ret : server.result;
}
