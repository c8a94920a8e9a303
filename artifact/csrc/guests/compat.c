// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which congestion control algorithms, control messages and socket options
 * does this stack have? One line of JSON for each, on standard output:
 *
 *	{"kind": KIND, "name": NAME, "outcome": OUTCOME, "detail": TEXT}
 *
 * OUTCOME: works: accepted, and the effect was seen; fails: refused; lies:
 * accepted, and the effect is missing or what is read back is something else.
 * Options without an effect that could be seen here are read back only, which
 * their kind, "option", says; those whose effect is looked at are "effect".
 *
 * Only system calls, through KERNEL(nr, a, b, c, d, e, f): of the kernel the
 * program runs on, or with -DCOMPAT_LKL of a library kernel in its process.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef IP_RECVFRAGSIZE
#define IP_RECVFRAGSIZE 25
#endif

#ifdef COMPAT_LKL
#include <lkl.h>
#define KERNEL(nr, a, b, c, d, e, f)                                        \
	lkl_syscall((nr), (const long[6]){ (long)(a), (long)(b), (long)(c), \
					   (long)(d), (long)(e), (long)(f) })
#else
#define KERNEL(nr, a, b, c, d, e, f) \
	result(syscall((nr), (a), (b), (c), (d), (e), (f)))

static long result(long value)
{
	return value < 0 ? -errno : value;
}
#endif

#define KERNEL3(nr, a, b, c) KERNEL(nr, a, b, c, 0, 0, 0)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WAIT_MS 500
#define LIES 1 /* what a check returns beside 0 and negative errnos */

/* --- the calls ---------------------------------------------------------- */

static long sys_socket(int family, int type)
{
	return KERNEL3(SYS_socket, family, type, 0);
}

static long set(long s, int level, int name, const void *value, size_t size)
{
	return KERNEL(SYS_setsockopt, s, level, name, value, size, 0);
}

static long set_int(long s, int level, int name, int value)
{
	return set(s, level, name, &value, sizeof(value));
}

static void sys_close(long fd)
{
	KERNEL3(SYS_close, fd, 0, 0);
}

static struct sockaddr_in local_address(unsigned short port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr = { htonl(INADDR_LOOPBACK) } };
}

static long bind_to(long s, struct sockaddr_in where)
{
	return KERNEL3(SYS_bind, s, &where, sizeof(where));
}

static struct sockaddr_in name_of(long s)
{
	struct sockaddr_in name = { 0 };
	socklen_t size = sizeof(name);

	KERNEL3(SYS_getsockname, s, &name, &size);
	return name;
}

static long readable(long s)
{
	struct pollfd ready = { .fd = (int)s, .events = POLLIN };

	return KERNEL3(SYS_poll, &ready, 1, WAIT_MS);
}

/* --- messages with control messages -------------------------------------- */

struct message {
	char data[4096];
	char control[512];
	struct sockaddr_in peer;
	struct iovec vector;
	struct msghdr header;
};

static struct msghdr *empty(struct message *m, size_t size)
{
	memset(m, 0, sizeof(*m));
	m->vector = (struct iovec){ m->data, size };
	m->header = (struct msghdr){ .msg_name = &m->peer,
				     .msg_namelen = sizeof(m->peer),
				     .msg_iov = &m->vector,
				     .msg_iovlen = 1,
				     .msg_control = m->control,
				     .msg_controllen = sizeof(m->control) };
	return &m->header;
}

static long receive(long s, struct message *m, int flags)
{
	long ready = readable(s);

	if (ready <= 0 && !(flags & MSG_ERRQUEUE))
		return ready < 0 ? ready : -ETIMEDOUT;
	return KERNEL3(SYS_recvmsg, s, empty(m, sizeof(m->data)),
		       flags | MSG_DONTWAIT);
}

/* The data of a control message, or a null pointer. */
static void *found(struct message *m, int level, int type)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(&m->header); c; c = CMSG_NXTHDR(&m->header, c))
		if (c->cmsg_level == level && c->cmsg_type == type)
			return CMSG_DATA(c);
	return NULL;
}

static long send_with(long s, struct sockaddr_in to, size_t size, int level,
		      int type, const void *value, size_t length)
{
	struct message m;
	struct msghdr *header = empty(&m, size);
	struct cmsghdr *c = CMSG_FIRSTHDR(header);

	m.peer = to;
	header->msg_controllen = type ? CMSG_SPACE(length) : 0;
	if (type) {
		c->cmsg_level = level;
		c->cmsg_type = type;
		c->cmsg_len = CMSG_LEN(length);
		memcpy(CMSG_DATA(c), value, length);
	}
	return KERNEL3(SYS_sendmsg, s, header, 0);
}

static long send_plain(long s, struct sockaddr_in to, size_t size)
{
	return send_with(s, to, size, 0, 0, NULL, 0);
}

/* Two datagram sockets; the second one is bound. */
struct pair {
	long from, to;
	struct sockaddr_in name;
};

static struct pair udp_pair(void)
{
	struct pair p = { sys_socket(AF_INET, SOCK_DGRAM),
			  sys_socket(AF_INET, SOCK_DGRAM),
			  { 0 } };

	bind_to(p.to, local_address(0));
	p.name = name_of(p.to);
	return p;
}

static void end(struct pair p)
{
	sys_close(p.from);
	sys_close(p.to);
}

#define TRY(call)                     \
	do {                          \
		long tried = (call);  \
		if (tried < 0)        \
			return tried; \
	} while (0)

/* --- control messages ------------------------------------------------------ */

/* Ask for a control message; what came with a datagram, or why not. */
static long asked(struct pair *p, struct message *m, int level, int option)
{
	TRY(set_int(p->to, level, option, 1));
	TRY(send_plain(p->from, p->name, 8));
	return receive(p->to, m, 0);
}

static long pktinfo_received(struct pair *p)
{
	struct message m;
	struct in_pktinfo *info;

	TRY(asked(p, &m, IPPROTO_IP, IP_PKTINFO));
	info = found(&m, IPPROTO_IP, IP_PKTINFO);
	return info && info->ipi_ifindex > 0 &&
			       info->ipi_addr.s_addr == htonl(INADDR_LOOPBACK) ?
		       0 :
		       LIES;
}

static long pktinfo_sent(struct pair *p)
{
	struct in_pktinfo info = { .ipi_spec_dst = { htonl(0x7f000002) } };
	struct message m;

	TRY(send_with(p->from, p->name, 8, IPPROTO_IP, IP_PKTINFO, &info,
		      sizeof(info)));
	TRY(receive(p->to, &m, 0));
	return m.peer.sin_addr.s_addr == htonl(0x7f000002) ? 0 : LIES;
}

static long ttl_received(struct pair *p)
{
	struct message m;
	int *ttl;

	TRY(set_int(p->from, IPPROTO_IP, IP_TTL, 42));
	TRY(asked(p, &m, IPPROTO_IP, IP_RECVTTL));
	ttl = found(&m, IPPROTO_IP, IP_TTL);
	return ttl && *ttl == 42 ? 0 : LIES;
}

static long ttl_sent(struct pair *p)
{
	int ttl = 43, *seen;
	struct message m;

	TRY(set_int(p->to, IPPROTO_IP, IP_RECVTTL, 1));
	TRY(send_with(p->from, p->name, 8, IPPROTO_IP, IP_TTL, &ttl,
		      sizeof(ttl)));
	TRY(receive(p->to, &m, 0));
	seen = found(&m, IPPROTO_IP, IP_TTL);
	return seen && *seen == 43 ? 0 : LIES;
}

static long tos_received(struct pair *p)
{
	unsigned char *tos;
	struct message m;

	TRY(set_int(p->from, IPPROTO_IP, IP_TOS, 0x10));
	TRY(asked(p, &m, IPPROTO_IP, IP_RECVTOS));
	tos = found(&m, IPPROTO_IP, IP_TOS);
	return tos && *tos == 0x10 ? 0 : LIES;
}

static long tos_sent(struct pair *p)
{
	unsigned char *seen;
	struct message m;
	int tos = 0x08;

	TRY(set_int(p->to, IPPROTO_IP, IP_RECVTOS, 1));
	TRY(send_with(p->from, p->name, 8, IPPROTO_IP, IP_TOS, &tos,
		      sizeof(tos)));
	TRY(receive(p->to, &m, 0));
	seen = found(&m, IPPROTO_IP, IP_TOS);
	return seen && *seen == 0x08 ? 0 : LIES;
}

static long original_destination(struct pair *p)
{
	struct sockaddr_in *where;
	struct message m;

	TRY(asked(p, &m, IPPROTO_IP, IP_RECVORIGDSTADDR));
	where = found(&m, IPPROTO_IP, IP_ORIGDSTADDR);
	return where && where->sin_port == p->name.sin_port ? 0 : LIES;
}

static long error_queue(struct pair *p)
{
	struct sock_extended_err *error;
	struct message m;

	TRY(set_int(p->from, IPPROTO_IP, IP_RECVERR, 1));
	sys_close(p->to);
	p->to = sys_socket(AF_INET, SOCK_DGRAM);
	TRY(send_plain(p->from, p->name, 8));
	readable(p->from);
	TRY(receive(p->from, &m, MSG_ERRQUEUE));
	error = found(&m, IPPROTO_IP, IP_RECVERR);
	return error && error->ee_errno == ECONNREFUSED &&
			       error->ee_origin == SO_EE_ORIGIN_ICMP ?
		       0 :
		       LIES;
}

static long timestamp(struct pair *p)
{
	struct timeval *when;
	struct message m;

	TRY(asked(p, &m, SOL_SOCKET, SO_TIMESTAMP));
	when = found(&m, SOL_SOCKET, SCM_TIMESTAMP);
	return when && when->tv_sec > 0 ? 0 : LIES;
}

static long timestamp_ns(struct pair *p)
{
	struct timespec *when;
	struct message m;

	TRY(asked(p, &m, SOL_SOCKET, SO_TIMESTAMPNS));
	when = found(&m, SOL_SOCKET, SCM_TIMESTAMPNS);
	return when && when->tv_sec > 0 ? 0 : LIES;
}

/* Some stacks begin to stamp a moment after they are asked: several datagrams. */
static long timestamping(struct pair *p)
{
	struct timespec *when, moment = { .tv_nsec = 20000000 };
	struct message m;
	int i;

	TRY(set_int(p->to, SOL_SOCKET, SO_TIMESTAMPING,
		    SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE));
	for (i = 0; i < 10; i++) {
		TRY(send_plain(p->from, p->name, 8));
		TRY(receive(p->to, &m, 0));
		when = found(&m, SOL_SOCKET, SCM_TIMESTAMPING);
		if (when && when->tv_sec > 0)
			return 0;
		KERNEL3(SYS_nanosleep, &moment, 0, 0);
	}
	return LIES;
}

static long timestamping_sent(struct pair *p)
{
	struct timespec *when;
	struct message m;

	TRY(set_int(p->from, SOL_SOCKET, SO_TIMESTAMPING,
		    SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE));
	TRY(send_plain(p->from, p->name, 8));
	readable(p->from);
	TRY(receive(p->from, &m, MSG_ERRQUEUE));
	when = found(&m, SOL_SOCKET, SCM_TIMESTAMPING);
	return when && when->tv_sec > 0 ? 0 : LIES;
}

static long overflow_counter(struct pair *p)
{
	struct message m;
	int i;

	TRY(set_int(p->to, SOL_SOCKET, SO_RXQ_OVFL, 1));
	TRY(set_int(p->to, SOL_SOCKET, SO_RCVBUF, 4096));
	for (i = 0; i < 64; i++)
		send_plain(p->from, p->name, 1024);
	while (receive(p->to, &m, 0) >= 0)
		if (found(&m, SOL_SOCKET, SO_RXQ_OVFL))
			return 0;
	send_plain(p->from, p->name, 8);
	TRY(receive(p->to, &m, 0));
	return found(&m, SOL_SOCKET, SO_RXQ_OVFL) ? 0 : LIES;
}

/* 250 octets in segments of 100: three datagrams. */
static long segments_arrive(struct pair *p)
{
	static const long expected[] = { 100, 100, 50 };
	struct message m;
	size_t i;

	for (i = 0; i < COUNT(expected); i++)
		if (receive(p->to, &m, 0) != expected[i])
			return LIES;
	return 0;
}

static long segment_option(struct pair *p)
{
	TRY(set_int(p->from, IPPROTO_UDP, UDP_SEGMENT, 100));
	TRY(send_plain(p->from, p->name, 250));
	return segments_arrive(p);
}

static long segment_message(struct pair *p)
{
	unsigned short size = 100;

	TRY(send_with(p->from, p->name, 250, IPPROTO_UDP, UDP_SEGMENT, &size,
		      sizeof(size)));
	return segments_arrive(p);
}

static long receive_offload(struct pair *p)
{
	struct message m;
	int *size;
	long got;

	TRY(set_int(p->to, IPPROTO_UDP, UDP_GRO, 1));
	TRY(set_int(p->from, IPPROTO_UDP, UDP_SEGMENT, 100));
	TRY(send_plain(p->from, p->name, 250));
	got = receive(p->to, &m, 0);
	TRY(got);
	size = found(&m, IPPROTO_UDP, UDP_GRO);
	return got == 250 && size && *size == 100 ? 0 : LIES;
}

static long v6_asked(int option, int type)
{
	long from = sys_socket(AF_INET6, SOCK_DGRAM), to, got;
	struct sockaddr_in6 name = { .sin6_family = AF_INET6,
				     .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t size = sizeof(name);
	struct message m;

	TRY(from);
	to = sys_socket(AF_INET6, SOCK_DGRAM);
	got = KERNEL3(SYS_bind, to, &name, sizeof(name));
	if (got >= 0)
		got = set_int(to, IPPROTO_IPV6, option, 1);
	KERNEL3(SYS_getsockname, to, &name, &size);
	if (got >= 0)
		got = KERNEL(SYS_sendto, from, "12345678", 8, 0, &name,
			     sizeof(name));
	if (got >= 0)
		got = receive(to, &m, 0);
	sys_close(from);
	sys_close(to);
	if (got < 0)
		return got;
	return found(&m, IPPROTO_IPV6, type) ? 0 : LIES;
}

static long v6_pktinfo(struct pair *p)
{
	(void)p;
	return v6_asked(IPV6_RECVPKTINFO, IPV6_PKTINFO);
}

static long v6_hoplimit(struct pair *p)
{
	(void)p;
	return v6_asked(IPV6_RECVHOPLIMIT, IPV6_HOPLIMIT);
}

static long v6_tclass(struct pair *p)
{
	(void)p;
	return v6_asked(IPV6_RECVTCLASS, IPV6_TCLASS);
}

static long unix_pair(int fds[2])
{
	return KERNEL(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fds, 0, 0);
}

/* Hand a socket over and use the one that comes out. */
static long descriptors(struct pair *p)
{
	int fds[2], *passed, given = (int)p->from;
	struct message m;
	struct msghdr *header = empty(&m, 1);
	struct cmsghdr *c = CMSG_FIRSTHDR(header);
	long got;

	TRY(unix_pair(fds));
	header->msg_name = NULL;
	header->msg_namelen = 0;
	header->msg_controllen = CMSG_SPACE(sizeof(given));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(given));
	memcpy(CMSG_DATA(c), &given, sizeof(given));
	got = KERNEL3(SYS_sendmsg, fds[0], header, 0);
	if (got >= 0)
		got = receive(fds[1], &m, 0);
	passed = got < 0 ? NULL : found(&m, SOL_SOCKET, SCM_RIGHTS);
	sys_close(fds[0]);
	sys_close(fds[1]);
	if (got < 0)
		return got;
	if (!passed || *passed == given)
		return LIES;
	got = send_plain(*passed, p->name, 8);
	sys_close(*passed);
	return got < 0 || receive(p->to, &m, 0) != 8 ? LIES : 0;
}

static long credentials(struct pair *p)
{
	struct ucred *who;
	struct message m;
	int fds[2];
	long got;

	(void)p;
	TRY(unix_pair(fds));
	got = set_int(fds[1], SOL_SOCKET, SO_PASSCRED, 1);
	if (got >= 0)
		got = KERNEL3(SYS_write, fds[0], "x", 1);
	if (got >= 0)
		got = receive(fds[1], &m, 0);
	who = got < 0 ? NULL : found(&m, SOL_SOCKET, SCM_CREDENTIALS);
	sys_close(fds[0]);
	sys_close(fds[1]);
	if (got < 0)
		return got;
	return who && who->pid == KERNEL3(SYS_getpid, 0, 0, 0) ? 0 : LIES;
}

/* --- options whose effect can be seen -------------------------------------- */

static long filter(struct pair *p)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { 1, &nothing };
	struct message m;

	TRY(set(p->to, SOL_SOCKET, SO_ATTACH_FILTER, &program,
		sizeof(program)));
	TRY(send_plain(p->from, p->name, 8));
	return receive(p->to, &m, 0) == -ETIMEDOUT ? 0 : LIES;
}

static long minimum_ttl(struct pair *p)
{
	struct sockaddr_in where;
	long s = sys_socket(AF_INET, SOCK_STREAM);
	long client = sys_socket(AF_INET, SOCK_STREAM), got;

	(void)p;
	bind_to(s, local_address(0));
	got = set_int(s, IPPROTO_IP, IP_MINTTL, 200);
	KERNEL3(SYS_listen, s, 1, 0);
	where = name_of(s);
	set_int(client, IPPROTO_IP, IP_TTL, 10);
	KERNEL3(SYS_fcntl, client, F_SETFL, O_NONBLOCK);
	KERNEL3(SYS_connect, client, &where, sizeof(where));
	if (got >= 0)
		got = readable(s) > 0 ? LIES : 0;
	sys_close(s);
	sys_close(client);
	return got;
}

static long free_bind(struct pair *p)
{
	struct sockaddr_in foreign = { .sin_family = AF_INET,
				       .sin_addr = { htonl(0xc0000201) } };

	if (bind_to(p->from, foreign) >= 0)
		return LIES;
	TRY(set_int(p->from, IPPROTO_IP, IP_FREEBIND, 1));
	return bind_to(p->from, foreign) < 0 ? LIES : 0;
}

static long reuse_port(struct pair *p)
{
	long one = sys_socket(AF_INET, SOCK_DGRAM);
	long other = sys_socket(AF_INET, SOCK_DGRAM), got;

	(void)p;
	got = set_int(one, SOL_SOCKET, SO_REUSEPORT, 1);
	set_int(other, SOL_SOCKET, SO_REUSEPORT, 1);
	bind_to(one, local_address(0));
	if (got >= 0)
		got = bind_to(other, name_of(one)) < 0 ? LIES : 0;
	sys_close(one);
	sys_close(other);
	return got;
}

static long receive_timeout(struct pair *p)
{
	struct timeval limit = { .tv_usec = 20000 };
	char byte;

	TRY(set(p->to, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
	return KERNEL(SYS_recvfrom, p->to, &byte, 1, 0, 0, 0) == -EAGAIN ? 0 :
									   LIES;
}

static long device(struct pair *p)
{
	TRY(set(p->to, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	if (set(p->from, SOL_SOCKET, SO_BINDTODEVICE, "none0", 6) != -ENODEV)
		return LIES;
	return 0;
}

static long multicast(struct pair *p)
{
	struct ip_mreq group = { { htonl(0xe0000101) },
				 { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_in to = p->name;
	struct in_addr via = { htonl(INADDR_LOOPBACK) };
	long s = sys_socket(AF_INET, SOCK_DGRAM), got;
	struct message m;

	to.sin_addr.s_addr = htonl(INADDR_ANY);
	to.sin_port = 0;
	bind_to(s, to);
	to.sin_port = name_of(s).sin_port;
	to.sin_addr.s_addr = htonl(0xe0000101);
	got = set(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group));
	if (got >= 0)
		got = set(p->from, IPPROTO_IP, IP_MULTICAST_IF, &via,
			  sizeof(via));
	if (got >= 0)
		got = send_plain(p->from, to, 8);
	if (got >= 0)
		got = receive(s, &m, 0) == 8 ? 0 : LIES;
	sys_close(s);
	return got;
}

static long peek(struct pair *p)
{
	struct message m;

	TRY(send_plain(p->from, p->name, 8));
	TRY(receive(p->to, &m, MSG_PEEK));
	return receive(p->to, &m, 0) == 8 ? 0 : LIES;
}

static long true_length(struct pair *p)
{
	char byte;
	long got;

	TRY(send_plain(p->from, p->name, 8));
	readable(p->to);
	got = KERNEL(SYS_recvfrom, p->to, &byte, 1, MSG_TRUNC, 0, 0);
	TRY(got);
	return got == 8 ? 0 : LIES;
}

/* A TCP connection over loopback: { client, server }. */
static long connected(long ends[2])
{
	struct sockaddr_in where;
	long s = sys_socket(AF_INET, SOCK_STREAM), got;

	TRY(s);
	bind_to(s, local_address(0));
	KERNEL3(SYS_listen, s, 1, 0);
	where = name_of(s);
	ends[0] = sys_socket(AF_INET, SOCK_STREAM);
	got = KERNEL3(SYS_connect, ends[0], &where, sizeof(where));
	ends[1] = got < 0 ? got : KERNEL3(SYS_accept, s, 0, 0);
	sys_close(s);
	return ends[1];
}

static long tcp_information(struct pair *p)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);
	long ends[2], got;

	(void)p;
	TRY(connected(ends));
	got = KERNEL(SYS_getsockopt, ends[0], IPPROTO_TCP, TCP_INFO, &info,
		     &size, 0);
	sys_close(ends[0]);
	sys_close(ends[1]);
	if (got < 0)
		return got;
	return info.tcpi_state == TCP_ESTABLISHED && info.tcpi_snd_mss &&
			       info.tcpi_rtt ?
		       0 :
		       LIES;
}

static long cork(struct pair *p)
{
	long ends[2], got;
	char data[2];

	(void)p;
	TRY(connected(ends));
	got = set_int(ends[0], IPPROTO_TCP, TCP_CORK, 1);
	KERNEL3(SYS_write, ends[0], "a", 1);
	if (got >= 0) {
		struct pollfd ready = { (int)ends[1], POLLIN, 0 };

		got = KERNEL3(SYS_poll, &ready, 1, 50) > 0 ? LIES : 0;
	}
	set_int(ends[0], IPPROTO_TCP, TCP_CORK, 0);
	if (!got && (readable(ends[1]) <= 0 ||
		     KERNEL3(SYS_read, ends[1], data, sizeof(data)) != 1))
		got = LIES;
	sys_close(ends[0]);
	sys_close(ends[1]);
	return got;
}

static long zero_copy(struct pair *p)
{
	struct sock_extended_err *error;
	long ends[2], got;
	struct message m;

	(void)p;
	TRY(connected(ends));
	got = set_int(ends[0], SOL_SOCKET, SO_ZEROCOPY, 1);
	if (got >= 0)
		got = KERNEL(SYS_sendto, ends[0], "12345678", 8, MSG_ZEROCOPY,
			     0, 0);
	if (got >= 0) {
		readable(ends[1]);
		KERNEL3(SYS_read, ends[1], m.data, sizeof(m.data));
		readable(ends[0]);
		got = receive(ends[0], &m, MSG_ERRQUEUE);
	}
	error = got < 0 ? NULL : found(&m, IPPROTO_IP, IP_RECVERR);
	if (got >= 0)
		got = error && error->ee_origin == SO_EE_ORIGIN_ZEROCOPY ? 0 :
									   LIES;
	sys_close(ends[0]);
	sys_close(ends[1]);
	return got;
}

/* --- options that are read back --------------------------------------------- */

struct option {
	const char *name;
	int type, level, option, value, expected;
};

#define SAME(type, level, option, value) \
	{ #option, type, level, option, value, value }
#define D SOCK_DGRAM
#define S SOCK_STREAM

static const struct option options[] = {
	SAME(D, SOL_SOCKET, SO_BROADCAST, 1),
	SAME(D, SOL_SOCKET, SO_DONTROUTE, 1),
	SAME(S, SOL_SOCKET, SO_KEEPALIVE, 1),
	SAME(S, SOL_SOCKET, SO_OOBINLINE, 1),
	SAME(D, SOL_SOCKET, SO_PRIORITY, 5),
	SAME(D, SOL_SOCKET, SO_MARK, 7),
	SAME(D, SOL_SOCKET, SO_NO_CHECK, 1),
	SAME(S, SOL_SOCKET, SO_REUSEADDR, 1),
	{ "SO_RCVBUF", D, SOL_SOCKET, SO_RCVBUF, 8192, 16384 },
	{ "SO_SNDBUF", D, SOL_SOCKET, SO_SNDBUF, 8192, 16384 },
	SAME(S, SOL_SOCKET, SO_RCVLOWAT, 17),
	SAME(D, SOL_SOCKET, SO_BUSY_POLL, 20),
	SAME(S, SOL_SOCKET, SO_INCOMING_CPU, 0),
	SAME(S, SOL_SOCKET, SO_MAX_PACING_RATE, 100000),
	SAME(D, SOL_SOCKET, SO_SELECT_ERR_QUEUE, 1),
	SAME(D, IPPROTO_IP, IP_TOS, 0x10),
	SAME(D, IPPROTO_IP, IP_TTL, 42),
	SAME(D, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO),
	SAME(D, IPPROTO_IP, IP_MULTICAST_TTL, 9),
	SAME(D, IPPROTO_IP, IP_MULTICAST_LOOP, 0),
	SAME(D, IPPROTO_IP, IP_MULTICAST_ALL, 0),
	SAME(D, IPPROTO_IP, IP_TRANSPARENT, 1),
	SAME(S, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1),
	SAME(D, IPPROTO_IP, IP_RECVFRAGSIZE, 1),
	SAME(S, IPPROTO_TCP, TCP_NODELAY, 1),
	SAME(S, IPPROTO_TCP, TCP_MAXSEG, 600),
	SAME(S, IPPROTO_TCP, TCP_KEEPIDLE, 33),
	SAME(S, IPPROTO_TCP, TCP_KEEPINTVL, 7),
	SAME(S, IPPROTO_TCP, TCP_KEEPCNT, 4),
	SAME(S, IPPROTO_TCP, TCP_SYNCNT, 3),
	SAME(S, IPPROTO_TCP, TCP_LINGER2, 5),
	{ "TCP_DEFER_ACCEPT", S, IPPROTO_TCP, TCP_DEFER_ACCEPT, 7, 7 },
	SAME(S, IPPROTO_TCP, TCP_WINDOW_CLAMP, 20000),
	SAME(S, IPPROTO_TCP, TCP_QUICKACK, 0),
	SAME(S, IPPROTO_TCP, TCP_USER_TIMEOUT, 4321),
	SAME(S, IPPROTO_TCP, TCP_FASTOPEN, 5),
	SAME(S, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1),
	SAME(S, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 9999),
	SAME(S, IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, 1),
	SAME(S, IPPROTO_TCP, TCP_SAVE_SYN, 1),
	SAME(S, IPPROTO_TCP, TCP_INQ, 1),
};

/* --- the tables -------------------------------------------------------------- */

struct check {
	const char *kind, *name;
	long (*run)(struct pair *p);
};

#define CONTROL "control message"
#define EFFECT "effect"

static const struct check checks[] = {
	{ CONTROL, "IP_PKTINFO, received", pktinfo_received },
	{ CONTROL, "IP_PKTINFO, sent", pktinfo_sent },
	{ CONTROL, "IP_TTL, received", ttl_received },
	{ CONTROL, "IP_TTL, sent", ttl_sent },
	{ CONTROL, "IP_TOS, received", tos_received },
	{ CONTROL, "IP_TOS, sent", tos_sent },
	{ CONTROL, "IP_ORIGDSTADDR, received", original_destination },
	{ CONTROL, "IP_RECVERR, error queue", error_queue },
	{ CONTROL, "SCM_TIMESTAMP", timestamp },
	{ CONTROL, "SCM_TIMESTAMPNS", timestamp_ns },
	{ CONTROL, "SCM_TIMESTAMPING, received", timestamping },
	{ CONTROL, "SCM_TIMESTAMPING, sent", timestamping_sent },
	{ CONTROL, "SO_RXQ_OVFL", overflow_counter },
	{ CONTROL, "UDP_SEGMENT (GSO), option", segment_option },
	{ CONTROL, "UDP_SEGMENT (GSO), message", segment_message },
	{ CONTROL, "UDP_GRO", receive_offload },
	{ CONTROL, "IPV6_PKTINFO, received", v6_pktinfo },
	{ CONTROL, "IPV6_HOPLIMIT, received", v6_hoplimit },
	{ CONTROL, "IPV6_TCLASS, received", v6_tclass },
	{ CONTROL, "SCM_RIGHTS", descriptors },
	{ CONTROL, "SCM_CREDENTIALS", credentials },
	{ EFFECT, "SO_ATTACH_FILTER", filter },
	{ EFFECT, "IP_MINTTL", minimum_ttl },
	{ EFFECT, "IP_FREEBIND", free_bind },
	{ EFFECT, "SO_REUSEPORT", reuse_port },
	{ EFFECT, "SO_RCVTIMEO", receive_timeout },
	{ EFFECT, "SO_BINDTODEVICE", device },
	{ EFFECT, "IP_ADD_MEMBERSHIP", multicast },
	{ EFFECT, "MSG_PEEK", peek },
	{ EFFECT, "MSG_TRUNC", true_length },
	{ EFFECT, "TCP_INFO", tcp_information },
	{ EFFECT, "TCP_CORK", cork },
	{ EFFECT, "SO_ZEROCOPY", zero_copy },
};

/* Linux' own, as its sources name them. */
static const char *const algorithms[] = {
	"reno",	     "cubic", "bbr",   "bic",	   "cdg",  "dctcp",
	"highspeed", "htcp",  "hybla", "illinois", "lp",   "nv",
	"scalable",  "vegas", "veno",  "westwood", "yeah",
};

static void tell(const char *kind, const char *name, long outcome,
		 const char *detail)
{
	printf("{\"kind\": \"%s\", \"name\": \"%s\", \"outcome\": \"%s\", \"detail\": \"%s\"}\n",
	       kind, name,
	       outcome < 0     ? "fails" :
	       outcome == LIES ? "lies" :
				 "works",
	       outcome < 0 ? strerror((int)-outcome) : detail);
	fflush(stdout);
}

static void try_algorithm(const char *name)
{
	long s = sys_socket(AF_INET, SOCK_STREAM), outcome;
	char seen[32] = { 0 };
	socklen_t size = sizeof(seen) - 1;

	outcome = set(s, IPPROTO_TCP, TCP_CONGESTION, name, strlen(name));
	if (outcome >= 0)
		outcome = KERNEL(SYS_getsockopt, s, IPPROTO_TCP, TCP_CONGESTION,
				 seen, &size, 0);
	if (outcome >= 0)
		outcome = strcmp(seen, name) ? LIES : 0;
	tell("congestion control", name, outcome, seen);
	sys_close(s);
}

static void try_option(const struct option *o)
{
	long s = sys_socket(AF_INET, o->type), outcome;
	socklen_t size = sizeof(int);
	char detail[64] = "";
	int seen = 0;

	outcome = set_int(s, o->level, o->option, o->value);
	if (outcome >= 0)
		outcome = KERNEL(SYS_getsockopt, s, o->level, o->option, &seen,
				 &size, 0);
	if (outcome >= 0) {
		outcome = seen == o->expected ? 0 : LIES;
		snprintf(detail, sizeof(detail), "set %d, read %d", o->value,
			 seen);
	}
	tell("option", o->name, outcome, detail);
	sys_close(s);
}

static void try_check(const struct check *c)
{
	struct pair p = udp_pair();

	long outcome = c->run(&p);

	/* Accepted, but what was asked for never came. */
	if (outcome == -EAGAIN || outcome == -ETIMEDOUT)
		outcome = LIES;
	tell(c->kind, c->name, outcome, "");
	end(p);
}

static void loopback_up(void)
{
	long s = sys_socket(AF_INET, SOCK_DGRAM);
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	KERNEL3(SYS_ioctl, s, SIOCSIFFLAGS, &lo);
	sys_close(s);
}

static int start(void)
{
#ifdef COMPAT_LKL
	struct lkl_options boot = { .size = sizeof(boot),
				    .mem = 64UL << 20,
				    .console_fd = STDERR_FILENO };
	int error = lkl_start(&boot);

	if (error < 0) {
		fprintf(stderr, "compat: cannot start the kernel: %s\n",
			strerror(-error));
		return -1;
	}
#endif
	loopback_up();
	return 0;
}

int main(void)
{
	size_t i;

	if (start())
		return 1;
	for (i = 0; i < COUNT(algorithms); i++)
		try_algorithm(algorithms[i]);
	for (i = 0; i < COUNT(checks); i++)
		try_check(&checks[i]);
	for (i = 0; i < COUNT(options); i++)
		try_option(&options[i]);
	return 0;
}
