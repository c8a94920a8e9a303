// SPDX-License-Identifier: GPL-2.0-only
/* Sockets over loopback; interfaces, addresses and routes by netlink. */
#define _GNU_SOURCE
#include "netlink.h"
#include "test.h"
#include "transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static int setup(void)
{
	TRY(start_kernel(NULL));
	CHECK_EQ(link_up(kernel, "lo"), 0);
	return TEST_OK;
}

static int unix_pair(int type)
{
	char buf[16] = "";
	int pair[2];

	CHECK_EQ(K(socketpair, AF_UNIX, type, 0, pair), 0);
	CHECK_EQ(K(write, pair[0], "to and", 6), 6);
	CHECK_EQ(K(read, pair[1], buf, sizeof(buf)), 6);
	CHECK_EQ(K(write, pair[1], "fro", 3), 3);
	CHECK_EQ(K(read, pair[0], buf, sizeof(buf)), 3);
	CHECK_EQ(memcmp(buf, "fro", 3), 0);
	CHECK_EQ(K(close, pair[0]), 0);
	CHECK_EQ(K(close, pair[1]), 0);
	return TEST_OK;
}

static int unix_pairs(void)
{
	TRY(unix_pair(SOCK_STREAM));
	TRY(unix_pair(SOCK_DGRAM));
	return unix_pair(SOCK_SEQPACKET);
}

static int unix_named(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	long server = K(socket, AF_UNIX, SOCK_STREAM, 0);
	long client = K(socket, AF_UNIX, SOCK_STREAM, 0);
	struct ucred cred = { 0 };
	socklen_t len = sizeof(cred);
	long fd;

	strcpy(a.sun_path, at("socket"));
	CHECK_EQ(K(connect, client, &a, sizeof(a)), -ENOENT);
	CHECK_EQ(K(bind, server, &a, sizeof(a)), 0);
	CHECK_EQ(K(connect, client, &a, sizeof(a)), -ECONNREFUSED);
	CHECK_EQ(K(listen, server, 1), 0);
	CHECK_EQ(K(connect, client, &a, sizeof(a)), 0);
	fd = K(accept4, server, NULL, NULL, 0);
	CHECK_OK(fd);
	CHECK_EQ(K(getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &cred, &len), 0);
	CHECK_EQ(cred.pid, K(getpid));
	K(close, fd);
	K(close, client);
	K(close, server);
	CHECK_EQ(K(unlinkat, AT_FDCWD, a.sun_path, 0), 0);
	return TEST_OK;
}

static long receive_fd(int from)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { NULL, 0, &iov, 1, control, sizeof(control), 0 };
	long ret = K(recvmsg, from, &msg, 0);

	if (ret < 0)
		return ret;
	return CMSG_FIRSTHDR(&msg) ? *(int *)CMSG_DATA(CMSG_FIRSTHDR(&msg)) :
				     -ENOMSG;
}

static int unix_passes_fds(void)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { NULL, 0, &iov, 1, control, sizeof(control), 0 };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int pair[2], ends[2];
	long copy;

	CHECK_EQ(K(socketpair, AF_UNIX, SOCK_STREAM, 0, pair), 0);
	CHECK_EQ(K(pipe2, ends, 0), 0);
	*cmsg = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET,
				  SCM_RIGHTS };
	*(int *)CMSG_DATA(cmsg) = ends[1];
	CHECK_EQ(K(sendmsg, pair[0], &msg, 0), 1);
	copy = receive_fd(pair[1]);
	CHECK_OK(copy);
	CHECK(copy != ends[1]);
	CHECK_EQ(K(write, copy, "z", 1), 1);
	CHECK_EQ(K(read, ends[0], &byte, 1), 1);
	CHECK_EQ(byte, 'z');
	K(close, copy);
	K(close, pair[0]);
	K(close, pair[1]);
	K(close, ends[0]);
	K(close, ends[1]);
	return TEST_OK;
}

static int udp_echo(const char *addr)
{
	struct address server = make_address(addr, 0),
		       from = { .len = sizeof(from.addr) };
	long a = K(socket, server.addr.ss_family, SOCK_DGRAM, 0);
	long b = K(socket, server.addr.ss_family, SOCK_DGRAM, 0);
	char buf[64] = "";

	CHECK_OK(a);
	CHECK_EQ(K(bind, a, &server.addr, server.len), 0);
	CHECK_EQ(K(getsockname, a, &server.addr, &server.len), 0);
	CHECK_EQ(K(sendto, b, "ask", 3, 0, &server.addr, server.len), 3);
	CHECK_EQ(K(recvfrom, a, buf, sizeof(buf), 0, &from.addr, &from.len), 3);
	CHECK_EQ(K(sendto, a, "answer", 6, 0, &from.addr, from.len), 6);
	CHECK_EQ(K(recvfrom, b, buf, sizeof(buf), 0, NULL, NULL), 6);
	CHECK_STR(buf, "answer");
	CHECK_EQ(K(recvfrom, b, buf, sizeof(buf), MSG_DONTWAIT, NULL, NULL),
		 -EAGAIN);
	K(close, a);
	K(close, b);
	return TEST_OK;
}

static int udp4(void)
{
	return udp_echo("127.0.0.1");
}

static int udp6(void)
{
	return udp_echo("::1");
}

/* Larger than the MTU of lo (65536): fragments and is put together again. */
static int udp_fragments(void)
{
	static unsigned char out[60000], in[60000];
	struct address server = make_address("127.0.0.1", 0);
	long a = K(socket, AF_INET, SOCK_DGRAM, 0),
	     b = K(socket, AF_INET, SOCK_DGRAM, 0);
	long ctl = K(socket, AF_INET, SOCK_DGRAM, 0);
	struct {
		char name[16];
		int mtu;
		char rest[20];
	} ifr = { "lo", 1500, "" };

	CHECK_EQ(K(ioctl, ctl, 0x8922 /* SIOCSIFMTU */, &ifr), 0);
	pattern_fill(out, 0, sizeof(out));
	CHECK_EQ(K(bind, a, &server.addr, server.len), 0);
	CHECK_EQ(K(getsockname, a, &server.addr, &server.len), 0);
	CHECK_EQ(K(sendto, b, out, sizeof(out), 0, &server.addr, server.len),
		 sizeof(out));
	CHECK_EQ(K(recvfrom, a, in, sizeof(in), 0, NULL, NULL), sizeof(in));
	CHECK_EQ(pattern_check(in, 0, sizeof(in)), -1);
	ifr.mtu = 65536;
	CHECK_EQ(K(ioctl, ctl, 0x8922, &ifr), 0);
	K(close, ctl);
	K(close, a);
	K(close, b);
	return TEST_OK;
}

static int udp_refused(void)
{
	struct address nobody = make_address("127.0.0.1", 9);
	long fd = K(socket, AF_INET, SOCK_DGRAM, 0);
	char byte;

	CHECK_EQ(K(connect, fd, &nobody.addr, nobody.len), 0);
	CHECK_EQ(K(write, fd, "x", 1), 1);
	CHECK_EQ(K(read, fd, &byte, 1), -ECONNREFUSED);
	K(close, fd);
	return TEST_OK;
}

static int tcp4(void)
{
	CHECK_EQ(tcp_transfer(kernel, kernel, "127.0.0.1", 4 << 20), 0);
	return TEST_OK;
}

static int tcp6(void)
{
	CHECK_EQ(tcp_transfer(kernel, kernel, "::1", 4 << 20), 0);
	return TEST_OK;
}

struct tcp_task {
	long listener;
	size_t len;
};

static int tcp_task_server(void *arg)
{
	struct tcp_task *server = arg;
	long fd = K(accept4, server->listener, NULL, NULL, 0);
	long ret;

	if (fd < 0)
		return -fd;
	ret = receive_pattern(kernel, fd, server->len);
	K(close, fd);
	return -ret;
}

/* Both ends are tasks on one host thread. */
static int tcp_tasks(void)
{
	struct address a = make_address("127.0.0.1", 0);
	struct tcp_task server = { K(socket, AF_INET, SOCK_STREAM, 0),
				   1 << 20 };
	long fd = K(socket, AF_INET, SOCK_STREAM, 0);
	struct task task;

	CHECK_EQ(K(bind, server.listener, &a.addr, a.len), 0);
	CHECK_EQ(K(listen, server.listener, 1), 0);
	CHECK_EQ(K(getsockname, server.listener, &a.addr, &a.len), 0);
	CHECK_OK(task_start(&task, tcp_task_server, &server));
	CHECK_EQ(K(connect, fd, &a.addr, a.len), 0);
	CHECK_EQ(send_pattern(kernel, fd, server.len), 0);
	CHECK_EQ(task_join(&task), 0);
	K(close, fd);
	K(close, server.listener);
	return TEST_OK;
}

static int tcp_refused(void)
{
	struct address nobody = make_address("127.0.0.1", 9);
	long fd = K(socket, AF_INET, SOCK_STREAM, 0);

	CHECK_EQ(K(connect, fd, &nobody.addr, nobody.len), -ECONNREFUSED);
	K(close, fd);
	return TEST_OK;
}

static int tcp_non_blocking(void)
{
	struct address a = make_address("127.0.0.1", 0);
	long server = K(socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	long client = K(socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct pollfd pfd = { .fd = client, .events = POLLOUT };
	int error = -1;
	socklen_t len = sizeof(error);
	long ret;

	CHECK_EQ(K(bind, server, &a.addr, a.len), 0);
	CHECK_EQ(K(listen, server, 1), 0);
	CHECK_EQ(K(accept4, server, NULL, NULL, 0), -EAGAIN);
	CHECK_EQ(K(getsockname, server, &a.addr, &a.len), 0);
	ret = K(connect, client, &a.addr, a.len);
	CHECK(ret == 0 || ret == -EINPROGRESS);
	CHECK_EQ(K(poll, &pfd, 1, 10000), 1);
	CHECK_EQ(K(getsockopt, client, SOL_SOCKET, SO_ERROR, &error, &len), 0);
	CHECK_EQ(error, 0);
	pfd = (struct pollfd){ .fd = server, .events = POLLIN };
	CHECK_EQ(K(poll, &pfd, 1, 10000), 1);
	ret = K(accept4, server, NULL, NULL, 0);
	CHECK_OK(ret);
	K(close, ret);
	K(close, client);
	K(close, server);
	return TEST_OK;
}

static int tcp_options(void)
{
	long fd = K(socket, AF_INET, SOCK_STREAM, 0);
	int one = 1, value = 0;
	socklen_t len = sizeof(value);

	CHECK_EQ(K(setsockopt, fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)),
		 0);
	CHECK_EQ(K(getsockopt, fd, IPPROTO_TCP, TCP_NODELAY, &value, &len), 0);
	CHECK_EQ(value, 1);
	CHECK_EQ(K(getsockopt, fd, SOL_SOCKET, SO_TYPE, &value, &len), 0);
	CHECK_EQ(value, SOCK_STREAM);
	CHECK_EQ(K(setsockopt, fd, SOL_SOCKET, 9999, &one, sizeof(one)),
		 -ENOPROTOOPT);
	K(close, fd);
	return TEST_OK;
}

/* The four algorithms of the configuration (design: CUBIC, BBR, RENO, DCTCP). */
static int congestion_controls(void)
{
	static const char *const names[] = { "cubic", "bbr", "reno", "dctcp" };
	long fd = K(socket, AF_INET, SOCK_STREAM, 0);
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		long ret = K(setsockopt, fd, IPPROTO_TCP, TCP_CONGESTION,
			     names[i], strlen(names[i]));

		if (ret)
			FAIL("%s: %s", names[i], strerror(-ret));
	}
	K(close, fd);
	return TEST_OK;
}

static uint16_t checksum(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < len; i++)
		sum += i % 2 ? p[i] : p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

/* A raw socket asks; the kernel's ICMP answers in softirq context. */
static int icmp_echo(void)
{
	struct icmphdr echo = { .type = ICMP_ECHO,
				.un.echo = { htons(7), htons(1) } };
	struct address to = make_address("127.0.0.1", 0);
	long fd = K(socket, AF_INET, SOCK_RAW, IPPROTO_ICMP);
	struct {
		struct iphdr ip;
		struct icmphdr icmp;
	} answer;
	int i;

	CHECK_OK(fd);
	echo.checksum = checksum(&echo, sizeof(echo));
	CHECK_EQ(K(sendto, fd, &echo, sizeof(echo), 0, &to.addr, to.len),
		 sizeof(echo));
	for (i = 0; i < 4; i++) {
		CHECK_OK(K(recvfrom, fd, &answer, sizeof(answer), 0, NULL,
			   NULL));
		if (answer.icmp.type == ICMP_ECHOREPLY)
			break;
	}
	CHECK_EQ(answer.icmp.type, ICMP_ECHOREPLY);
	CHECK_EQ(ntohs(answer.icmp.un.echo.id), 7);
	CHECK_EQ(checksum(&answer.icmp, sizeof(answer.icmp)), 0);
	K(close, fd);
	return TEST_OK;
}

static int packet_socket(void)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL) };
	struct address to = make_address("127.0.0.1", 5555);
	long fd = K(socket, AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	long udp = K(socket, AF_INET, SOCK_DGRAM, 0);
	struct timeval limit = { .tv_sec = 10 };
	unsigned char frame[2048];

	CHECK_OK(fd);
	ll.sll_ifindex = if_index(kernel, "lo");
	CHECK_EQ(K(bind, fd, &ll, sizeof(ll)), 0);
	CHECK_EQ(K(setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
		   sizeof(limit)),
		 0);
	CHECK_EQ(K(sendto, udp, "seen?", 5, 0, &to.addr, to.len), 5);
	CHECK_EQ(K(recvfrom, fd, frame, sizeof(frame), 0, NULL, NULL),
		 14 + 20 + 8 + 5);
	CHECK_EQ(memcmp(frame + 42, "seen?", 5), 0);
	K(close, udp);
	K(close, fd);
	return TEST_OK;
}

static int address_life(const char *ifname, const char *addr, int prefix)
{
	struct address a = make_address(addr, 0);
	long fd = K(socket, a.addr.ss_family, SOCK_DGRAM, 0);

	CHECK_EQ(addr_count(kernel, ifname, addr), 0);
	CHECK_EQ(K(bind, fd, &a.addr, a.len), -EADDRNOTAVAIL);
	CHECK_EQ(addr_add(kernel, ifname, addr, prefix), 0);
	CHECK_EQ(addr_add(kernel, ifname, addr, prefix), -EEXIST);
	CHECK_EQ(addr_count(kernel, ifname, addr), 1);
	CHECK_EQ(K(bind, fd, &a.addr, a.len), 0);
	CHECK_EQ(addr_del(kernel, ifname, addr, prefix), 0);
	CHECK_EQ(addr_count(kernel, ifname, addr), 0);
	CHECK_EQ(addr_del(kernel, ifname, addr, prefix), -EADDRNOTAVAIL);
	K(close, fd);
	return TEST_OK;
}

static int addresses(void)
{
	TRY(address_life("lo", "10.9.8.7", 24));
	return address_life("lo", "fd00:9::7", 64);
}

static int route_life(const char *addr, int addr_prefix, const char *dst,
		      int prefix, const char *gateway)
{
	CHECK_EQ(addr_add(kernel, "lo", addr, addr_prefix), 0);
	CHECK_EQ(route_count(kernel, dst, prefix), 0);
	CHECK_EQ(route_add(kernel, dst, prefix, gateway, "lo"), 0);
	CHECK_EQ(route_count(kernel, dst, prefix), 1);
	CHECK_EQ(route_add(kernel, dst, prefix, gateway, "lo"), -EEXIST);
	CHECK_EQ(route_del(kernel, dst, prefix), 0);
	CHECK_EQ(route_count(kernel, dst, prefix), 0);
	CHECK_EQ(route_del(kernel, dst, prefix), -ESRCH);
	CHECK_EQ(addr_del(kernel, "lo", addr, addr_prefix), 0);
	return TEST_OK;
}

static int routes(void)
{
	TRY(route_life("10.9.8.1", 24, "192.0.2.0", 24, NULL));
	return route_life("fd00:9::1", 64, "2001:db8::", 32, NULL);
}

static int unknown_interface(void)
{
	CHECK_EQ(if_index(kernel, "nothing0"), -ENODEV);
	CHECK_EQ(link_up(kernel, "nothing0"), -ENODEV);
	return TEST_OK;
}

static int no_route(void)
{
	struct address far = make_address("198.51.100.1", 7);
	long fd = K(socket, AF_INET, SOCK_DGRAM, 0);

	CHECK_EQ(K(connect, fd, &far.addr, far.len), -ENETUNREACH);
	K(close, fd);
	return TEST_OK;
}

static int sysctl_write(void)
{
	const char *path = at("proc/sys/net/ipv4/ip_forward");
	char text[16];

	CHECK_EQ(write_file(path, "1"), 0);
	CHECK_OK(read_file(path, text, sizeof(text)));
	CHECK_STR(text, "1\n");
	CHECK_EQ(write_file(path, "0"), 0);
	CHECK_EQ(write_file(path, "nonsense"), -EINVAL);
	return TEST_OK;
}

static const struct test tests[] = {
	{ "unix_pairs", unix_pairs, TEST_HOST },
	{ "unix_named", unix_named, TEST_HOST },
	{ "unix_passes_fds", unix_passes_fds, TEST_HOST },
	{ "udp4", udp4, TEST_HOST },
	{ "udp6", udp6, TEST_HOST },
	{ "udp_fragments", udp_fragments, TEST_HOST },
	{ "udp_refused", udp_refused, TEST_HOST },
	{ "tcp4", tcp4, TEST_HOST },
	{ "tcp6", tcp6, TEST_HOST },
	{ "tcp_tasks", tcp_tasks, TEST_HOST },
	{ "tcp_refused", tcp_refused, TEST_HOST },
	{ "tcp_non_blocking", tcp_non_blocking, TEST_HOST },
	{ "tcp_options", tcp_options, TEST_HOST },
	{ "congestion_controls", congestion_controls, 0 },
	{ "icmp_echo", icmp_echo, TEST_HOST },
	{ "packet_socket", packet_socket, TEST_HOST },
	{ "addresses", addresses, TEST_HOST },
	{ "routes", routes, TEST_HOST },
	{ "unknown_interface", unknown_interface, TEST_HOST },
	{ "no_route", no_route, TEST_HOST },
	{ "sysctl_write", sysctl_write, TEST_HOST },
	{},
};

const struct test_group group_sock = { "sock", tests, setup };
