// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-net over its three host links. On the datagram socket the test itself
 * is the other station and speaks in frames; on the tap and on the veth the
 * host's own TCP/IP is, inside a network namespace of the test's process.
 */
#define _GNU_SOURCE
#include "netlink.h"
#include "test.h"
#include "transfer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <lkl.h>

#define OUR_IP "10.55.0.2" /* the library kernel */
#define PEER_IP "10.55.0.1" /* the test, or the host's stack */
#define OUR_IP6 "fd00:55::2"
#define PEER_IP6 "fd00:55::1"
#define FRAME_MAX 2048

static const unsigned char our_mac[6] = { 0x02, 0x55, 0, 0, 0, 2 };
static const unsigned char peer_mac[6] = { 0x02, 0x55, 0, 0, 0, 1 };

/*
 * A work item (linkwatch) gives an interface its queue after it came up; what
 * is sent before that is lost, on any Linux.
 */
static int await_link(const char *ifname)
{
	char text[32];
	int tries;

	for (tries = 0; tries < 1000; tries++) {
		CHECK_OK(read_file(at("sys/class/net/%s/operstate", ifname),
				   text, sizeof(text)));
		if (strcmp(text, "down\n"))
			return TEST_OK;
		kernel_sleep_ms(10);
	}
	FAIL("%s does not come up", ifname);
}

/* eth0 up, with its addresses; the peer is on the link. */
static int configure_library(void)
{
	CHECK_EQ(link_up(kernel, "lo"), 0);
	CHECK_EQ(link_up(kernel, "eth0"), 0);
	TRY(await_link("eth0"));
	CHECK_EQ(addr_add(kernel, "eth0", OUR_IP, 24), 0);
	CHECK_EQ(addr_add(kernel, "eth0", OUR_IP6, 64), 0);
	return TEST_OK;
}

/* --- the datagram socket --- */

static int peer = -1; /* the test's end: one frame per datagram */

static int link_dgram(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		       pair))
		FAIL("socketpair: %s", strerror(errno));
	peer = pair[1];
	CHECK_EQ(lkl_add_net(pair[0], LKL_NET_DGRAM, our_mac), 0);
	return start_kernel(NULL);
}

/* With --host: the same conversation with the host's stack, through a tap. */
static int link_host(void)
{
	struct ifreq ifr = { .ifr_name = "eth0",
			     .ifr_flags = IFF_TAP | IFF_NO_PI };
	int ctl;

	TRY(start_kernel(NULL));
	ctl = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	peer = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (peer < 0 || ioctl(peer, TUNSETIFF, &ifr))
		SKIP("no tap: %s", strerror(errno));
	ifr.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(ifr.ifr_hwaddr.sa_data, our_mac, 6);
	CHECK_EQ(ioctl(ctl, SIOCSIFHWADDR, &ifr), 0);
	close(ctl);
	return TEST_OK;
}

static int setup_dgram(void)
{
	TRY(host_mode ? link_host() : link_dgram());
	return configure_library();
}

struct arp_frame {
	struct ether_header eth;
	struct ether_arp arp;
} __attribute__((packed));

struct icmp_frame {
	struct ether_header eth;
	struct iphdr ip;
	struct icmphdr icmp;
	unsigned char data[32];
} __attribute__((packed));

struct udp_frame {
	struct ether_header eth;
	struct iphdr ip;
	struct udphdr udp;
	unsigned char data[64];
} __attribute__((packed));

static uint32_t sum16(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *p = data;
	size_t i;

	for (i = 0; i < len; i++)
		sum += i % 2 ? p[i] : p[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

static uint16_t udp_sum(const struct udp_frame *f)
{
	size_t len = ntohs(f->udp.len);
	uint32_t sum = sum16(&f->ip.saddr, 8, IPPROTO_UDP + len);

	return fold(sum16(&f->udp, len, sum));
}

static void fill_ether(struct ether_header *eth, const unsigned char *to,
		       unsigned short type)
{
	memcpy(eth->ether_dhost, to, 6);
	memcpy(eth->ether_shost, peer_mac, 6);
	eth->ether_type = htons(type);
}

static struct iphdr ip_header(int protocol, size_t payload)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = protocol,
		.tot_len = htons(sizeof(ip) + payload),
		.saddr = inet_addr(PEER_IP),
		.daddr = inet_addr(OUR_IP),
	};

	ip.check = fold(sum16(&ip, sizeof(ip), 0));
	return ip;
}

static struct arp_frame arp_frame(int op, const unsigned char *to)
{
	struct arp_frame frame = {
		.arp.ea_hdr = { htons(1), htons(ETHERTYPE_IP), 6, 4,
				htons(op) },
	};
	in_addr_t from = inet_addr(PEER_IP), target = inet_addr(OUR_IP);

	fill_ether(&frame.eth, to, ETHERTYPE_ARP);
	memcpy(frame.arp.arp_sha, peer_mac, 6);
	memcpy(frame.arp.arp_spa, &from, 4);
	memcpy(frame.arp.arp_tpa, &target, 4);
	if (op == ARPOP_REPLY)
		memcpy(frame.arp.arp_tha, our_mac, 6);
	return frame;
}

/* Is this the frame the test waits for? */
typedef bool (*want_fn)(const unsigned char *frame, size_t len);

/* Reads frames until the wanted one, at most 10 s: its length, or 0. */
static size_t await(want_fn want, unsigned char *frame)
{
	int64_t end = host_ns() + 10000000000LL;
	struct pollfd pfd = { .fd = peer, .events = POLLIN };

	while (host_ns() < end) {
		ssize_t n;

		if (poll(&pfd, 1, 100) <= 0)
			continue;
		n = read(peer, frame, FRAME_MAX);
		if (n > 0 && want(frame, n))
			return n;
	}
	return 0;
}

static void drain(void)
{
	unsigned char frame[FRAME_MAX];

	while (read(peer, frame, sizeof(frame)) > 0)
		;
}

static bool is_arp(const unsigned char *frame, size_t len, int op)
{
	const struct arp_frame *f = (const void *)frame;

	return len >= sizeof(*f) && ntohs(f->eth.ether_type) == ETHERTYPE_ARP &&
	       ntohs(f->arp.ea_hdr.ar_op) == op;
}

static bool is_arp_reply(const unsigned char *frame, size_t len)
{
	return is_arp(frame, len, ARPOP_REPLY);
}

static bool is_arp_request_for_peer(const unsigned char *frame, size_t len)
{
	in_addr_t wanted = inet_addr(PEER_IP);

	return is_arp(frame, len, ARPOP_REQUEST) &&
	       !memcmp(((const struct arp_frame *)frame)->arp.arp_tpa, &wanted,
		       4);
}

static bool is_ip(const unsigned char *frame, size_t len, int protocol)
{
	const struct icmp_frame *f = (const void *)frame;

	return len >= sizeof(f->eth) + sizeof(f->ip) &&
	       ntohs(f->eth.ether_type) == ETHERTYPE_IP &&
	       f->ip.protocol == protocol;
}

static bool is_echo_reply(const unsigned char *frame, size_t len)
{
	return is_ip(frame, len, IPPROTO_ICMP) &&
	       ((const struct icmp_frame *)frame)->icmp.type == ICMP_ECHOREPLY;
}

static bool is_echo_request(const unsigned char *frame, size_t len)
{
	return is_ip(frame, len, IPPROTO_ICMP) &&
	       ((const struct icmp_frame *)frame)->icmp.type == ICMP_ECHO;
}

static bool is_udp(const unsigned char *frame, size_t len)
{
	return is_ip(frame, len, IPPROTO_UDP);
}

static bool is_solicitation(const unsigned char *frame, size_t len)
{
	const struct ip6_hdr *ip6 = (const void *)(frame + ETH_HLEN);
	const struct nd_neighbor_solicit *ns = (const void *)(ip6 + 1);
	struct in6_addr wanted;

	inet_pton(AF_INET6, PEER_IP6, &wanted);
	return len >= ETH_HLEN + sizeof(*ip6) + sizeof(*ns) &&
	       frame[12] == 0x86 && frame[13] == 0xdd &&
	       ip6->ip6_nxt == IPPROTO_ICMPV6 &&
	       ns->nd_ns_type == ND_NEIGHBOR_SOLICIT &&
	       !memcmp(&ns->nd_ns_target, &wanted, sizeof(wanted));
}

/* Waits while the link is full, at most 10 s. */
static int send_frame(const void *frame, size_t len)
{
	struct pollfd pfd = { .fd = peer, .events = POLLOUT };

	if (poll(&pfd, 1, 10000) != 1)
		FAIL("the kernel takes no frames");
	if (write(peer, frame, len) != (ssize_t)len)
		FAIL("sending a frame: %s", strerror(errno));
	return TEST_OK;
}

/* The kernel learns the peer's hardware address from this. */
static int introduce_peer(void)
{
	struct arp_frame request = arp_frame(ARPOP_REQUEST, our_mac);
	unsigned char frame[FRAME_MAX];

	drain();
	TRY(send_frame(&request, sizeof(request)));
	CHECK(await(is_arp_reply, frame));
	return TEST_OK;
}

static int hardware_address(void)
{
	unsigned char mac[6];

	CHECK_EQ(link_mac(kernel, "eth0", mac), 0);
	CHECK_EQ(memcmp(mac, our_mac, 6), 0);
	return TEST_OK;
}

static int answers_arp(void)
{
	struct arp_frame request =
		arp_frame(ARPOP_REQUEST,
			  (const unsigned char *)"\xff\xff\xff\xff\xff\xff");
	unsigned char frame[FRAME_MAX];
	const struct arp_frame *reply = (const void *)frame;
	in_addr_t ours = inet_addr(OUR_IP);

	drain();
	TRY(send_frame(&request, sizeof(request)));
	CHECK(await(is_arp_reply, frame));
	CHECK_EQ(memcmp(reply->eth.ether_dhost, peer_mac, 6), 0);
	CHECK_EQ(memcmp(reply->arp.arp_sha, our_mac, 6), 0);
	CHECK_EQ(memcmp(reply->arp.arp_spa, &ours, 4), 0);
	return TEST_OK;
}

static int answers_echo(void)
{
	struct icmp_frame echo = { .icmp = { .type = ICMP_ECHO } };
	unsigned char frame[FRAME_MAX];
	const struct icmp_frame *reply = (const void *)frame;
	size_t icmp_len = sizeof(echo.icmp) + sizeof(echo.data);

	TRY(introduce_peer());
	fill_ether(&echo.eth, our_mac, ETHERTYPE_IP);
	echo.ip = ip_header(IPPROTO_ICMP, icmp_len);
	echo.icmp.un.echo.id = htons(0x55);
	pattern_fill(echo.data, 0, sizeof(echo.data));
	echo.icmp.checksum = fold(sum16(&echo.icmp, icmp_len, 0));
	TRY(send_frame(&echo, sizeof(echo)));
	CHECK(await(is_echo_reply, frame));
	CHECK_EQ(ntohs(reply->icmp.un.echo.id), 0x55);
	CHECK_EQ(fold(sum16(&reply->icmp, icmp_len, 0)), 0);
	CHECK_EQ(fold(sum16(&reply->ip, sizeof(reply->ip), 0)), 0);
	CHECK_EQ(pattern_check(reply->data, 0, sizeof(reply->data)), -1);
	return TEST_OK;
}

/* The kernel asks for the peer by ARP, then sends the waiting datagram. */
static int resolves_and_sends(void)
{
	struct address to = make_address("10.55.0.1", 4000);
	struct arp_frame reply = arp_frame(ARPOP_REPLY, our_mac);
	unsigned char frame[FRAME_MAX];
	const struct udp_frame *udp = (const void *)frame;
	long fd = K(socket, AF_INET, SOCK_DGRAM, 0);

	/* Forget the peer: an address that goes takes its neighbours with it. */
	CHECK_EQ(addr_del(kernel, "eth0", OUR_IP, 24), 0);
	CHECK_EQ(addr_add(kernel, "eth0", OUR_IP, 24), 0);
	drain();
	CHECK_EQ(K(sendto, fd, "first", 5, 0, &to.addr, to.len), 5);
	CHECK(await(is_arp_request_for_peer, frame));
	TRY(send_frame(&reply, sizeof(reply)));
	CHECK_EQ(await(is_udp, frame), ETH_HLEN + 20 + 8 + 5);
	CHECK_EQ(ntohs(udp->udp.dest), 4000);
	CHECK_EQ(memcmp(udp->data, "first", 5), 0);
	CHECK_EQ(udp_sum(udp), 0);
	K(close, fd);
	return TEST_OK;
}

/* The library pings the peer, and its raw socket gets the peer's answer. */
static int pings_peer(void)
{
	struct icmphdr echo = { .type = ICMP_ECHO, .un.echo.id = htons(9) };
	struct address to = make_address(PEER_IP, 0);
	struct timeval limit = { .tv_sec = 10 };
	unsigned char frame[FRAME_MAX];
	struct icmp_frame *f = (void *)frame;
	unsigned char answer[128];
	long fd = K(socket, AF_INET, SOCK_RAW, IPPROTO_ICMP);
	size_t len;

	TRY(introduce_peer());
	echo.checksum = fold(sum16(&echo, sizeof(echo), 0));
	CHECK_EQ(K(setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
		   sizeof(limit)),
		 0);
	CHECK_EQ(K(sendto, fd, &echo, sizeof(echo), 0, &to.addr, to.len),
		 sizeof(echo));
	len = await(is_echo_request, frame);
	CHECK(len);
	fill_ether(&f->eth, our_mac, ETHERTYPE_IP);
	f->ip = ip_header(IPPROTO_ICMP, sizeof(echo));
	f->icmp.type = ICMP_ECHOREPLY;
	f->icmp.checksum = 0;
	f->icmp.checksum = fold(sum16(&f->icmp, sizeof(echo), 0));
	TRY(send_frame(frame, ETH_HLEN + 20 + sizeof(echo)));
	CHECK_EQ(K(recvfrom, fd, answer, sizeof(answer), 0, NULL, NULL),
		 20 + sizeof(echo));
	CHECK_EQ(answer[20], ICMP_ECHOREPLY);
	K(close, fd);
	return TEST_OK;
}

static int solicits_neighbour(void)
{
	struct address to = make_address(PEER_IP6, 4000);
	unsigned char frame[FRAME_MAX];
	long fd = K(socket, AF_INET6, SOCK_DGRAM, 0);

	drain();
	CHECK_EQ(K(sendto, fd, "six", 3, 0, &to.addr, to.len), 3);
	CHECK(await(is_solicitation, frame));
	K(close, fd);
	return TEST_OK;
}

static struct udp_frame udp_frame(uint32_t number)
{
	struct udp_frame f = { .udp = { .source = htons(1),
					.dest = htons(5000) } };

	fill_ether(&f.eth, our_mac, ETHERTYPE_IP);
	f.ip = ip_header(IPPROTO_UDP, sizeof(f.udp) + sizeof(f.data));
	f.udp.len = htons(sizeof(f.udp) + sizeof(f.data));
	memcpy(f.data, &number, sizeof(number));
	f.udp.check = udp_sum(&f);
	return f;
}

/* Every frame of 5000 arrives, in order; never more than 20 on their way. */
static int receives_in_order(void)
{
	struct address here = make_address("0.0.0.0", 5000);
	struct timeval limit = { .tv_sec = 10 };
	long fd = K(socket, AF_INET, SOCK_DGRAM, 0);
	uint32_t sent = 0, got = 0;
	unsigned char data[64];

	CHECK_EQ(K(bind, fd, &here.addr, here.len), 0);
	CHECK_EQ(K(setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
		   sizeof(limit)),
		 0);
	while (got < 5000) {
		for (; sent < 5000 && sent < got + 10; sent++) {
			struct udp_frame f = udp_frame(sent);

			TRY(send_frame(&f, sizeof(f)));
		}
		CHECK_EQ(K(recvfrom, fd, data, sizeof(data), 0, NULL, NULL),
			 sizeof(data));
		CHECK_EQ(*(uint32_t *)data, got);
		got++;
	}
	K(close, fd);
	return TEST_OK;
}

/* Frames too short or too long for the link are lost, and nothing else is. */
static int odd_frames(void)
{
	static unsigned char junk[9000];
	size_t len;

	memset(junk, 0xff, sizeof(junk));
	for (len = 1; len < sizeof(junk); len = len * 2 + 1)
		TRY(send_frame(junk, len));
	return introduce_peer();
}

/* The other end goes away: sending is quiet loss, the kernel stays well. */
static int peer_goes(void)
{
	struct address to = make_address(PEER_IP, 4000);
	long fd = K(socket, AF_INET, SOCK_DGRAM, 0);
	int i;

	TRY(introduce_peer());
	close(peer);
	for (i = 0; i < 300; i++)
		CHECK_EQ(K(sendto, fd, "lost", 4, MSG_DONTWAIT, &to.addr,
			   to.len),
			 4);
	kernel_sleep_ms(10);
	CHECK_EQ(K(getpid), 1);
	K(close, fd);
	return TEST_OK;
}

static const struct test dgram_tests[] = {
	{ "hardware_address", hardware_address, TEST_HOST },
	{ "answers_arp", answers_arp, TEST_HOST },
	{ "answers_echo", answers_echo, TEST_HOST },
	{ "resolves_and_sends", resolves_and_sends, TEST_HOST },
	{ "pings_peer", pings_peer, TEST_HOST },
	{ "solicits_neighbour", solicits_neighbour, TEST_HOST },
	{ "receives_in_order", receives_in_order, TEST_HOST },
	{ "odd_frames", odd_frames, 0 },
	{ "peer_goes", peer_goes, 0 },
	{},
};

const struct test_group group_dgram = { "dgram", dgram_tests, setup_dgram };

/* --- tap and veth: the host's stack in a namespace of this process --- */

static int private_network(void)
{
	if (unshare(CLONE_NEWNET))
		SKIP("a network namespace needs root: %s", strerror(errno));
	return TEST_OK;
}

static int configure_host(const char *ifname)
{
	CHECK_EQ(link_up(host_call, ifname), 0);
	CHECK_EQ(addr_add(host_call, ifname, PEER_IP, 24), 0);
	CHECK_EQ(addr_add(host_call, ifname, PEER_IP6, 64), 0);
	return TEST_OK;
}

static int setup_tap(void)
{
	int fd;

	TRY(private_network());
	if (access("/dev/net/tun", R_OK | W_OK))
		SKIP("/dev/net/tun: %s", strerror(errno));
	fd = lkl_open_tap("uktap0");
	CHECK_OK(fd);
	TRY(configure_host("uktap0"));
	CHECK_EQ(lkl_add_net(fd, LKL_NET_TAP, our_mac), 0);
	TRY(start_kernel(NULL));
	return configure_library();
}

static int setup_packet(void)
{
	int fd;
	long ret;

	TRY(private_network());
	ret = veth_add(host_call, "ukv0", "ukv1");
	if (ret == -EOPNOTSUPP)
		SKIP("the host has no veth");
	CHECK_EQ(ret, 0);
	CHECK_EQ(link_up(host_call, "ukv0"), 0);
	TRY(configure_host("ukv1"));
	fd = lkl_open_packet("ukv0");
	CHECK_OK(fd);
	CHECK_EQ(lkl_add_net(fd, LKL_NET_PACKET, our_mac), 0);
	TRY(start_kernel(NULL));
	return configure_library();
}

static int tcp_out(void)
{
	CHECK_EQ(tcp_transfer(host_call, kernel, PEER_IP, 8 << 20), 0);
	return TEST_OK;
}

static int tcp_in(void)
{
	CHECK_EQ(tcp_transfer(kernel, host_call, OUR_IP, 8 << 20), 0);
	return TEST_OK;
}

static int tcp6_out(void)
{
	CHECK_EQ(tcp_transfer(host_call, kernel, PEER_IP6, 2 << 20), 0);
	return TEST_OK;
}

static int tcp6_in(void)
{
	CHECK_EQ(tcp_transfer(kernel, host_call, OUR_IP6, 2 << 20), 0);
	return TEST_OK;
}

static int udp_exchange(syscall_fn server, syscall_fn client, const char *addr)
{
	struct address a = make_address(addr, 0),
		       from = { .len = sizeof(from.addr) };
	struct timeval limit = { .tv_sec = 10 };
	long s = CALL(server, socket, AF_INET, SOCK_DGRAM, 0);
	long c = CALL(client, socket, AF_INET, SOCK_DGRAM, 0);
	unsigned char out[1400], in[1400];
	int i;

	CALL(server, setsockopt, s, SOL_SOCKET, SO_RCVTIMEO, &limit,
	     sizeof(limit));
	CALL(client, setsockopt, c, SOL_SOCKET, SO_RCVTIMEO, &limit,
	     sizeof(limit));
	CHECK_EQ(CALL(server, bind, s, &a.addr, a.len), 0);
	CHECK_EQ(CALL(server, getsockname, s, &a.addr, &a.len), 0);
	for (i = 0; i < 200; i++) {
		pattern_fill(out, i, sizeof(out));
		CHECK_EQ(CALL(client, sendto, c, out, sizeof(out), 0, &a.addr,
			      a.len),
			 sizeof(out));
		CHECK_EQ(CALL(server, recvfrom, s, in, sizeof(in), 0,
			      &from.addr, &from.len),
			 sizeof(in));
		CHECK_EQ(pattern_check(in, i, sizeof(in)), -1);
		CHECK_EQ(CALL(server, sendto, s, in, 7, 0, &from.addr,
			      from.len),
			 7);
		CHECK_EQ(CALL(client, recvfrom, c, in, sizeof(in), 0, NULL,
			      NULL),
			 7);
	}
	CALL(server, close, s);
	CALL(client, close, c);
	return TEST_OK;
}

static int udp_both_ways(void)
{
	TRY(udp_exchange(host_call, kernel, PEER_IP));
	return udp_exchange(kernel, host_call, OUR_IP);
}

/* What a datagram of 20 kB needs: fragments over an MTU of 1500, both ways. */
static int fragments(void)
{
	struct address a = make_address(PEER_IP, 0),
		       from = { .len = sizeof(from.addr) };
	struct timeval limit = { .tv_sec = 10 };
	long s = HOST(socket, AF_INET, SOCK_DGRAM, 0),
	     c = K(socket, AF_INET, SOCK_DGRAM, 0);
	static unsigned char out[20000], in[20000];

	HOST(setsockopt, s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	K(setsockopt, c, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	CHECK_EQ(HOST(bind, s, &a.addr, a.len), 0);
	CHECK_EQ(HOST(getsockname, s, &a.addr, &a.len), 0);
	pattern_fill(out, 0, sizeof(out));
	CHECK_EQ(K(sendto, c, out, sizeof(out), 0, &a.addr, a.len),
		 sizeof(out));
	CHECK_EQ(HOST(recvfrom, s, in, sizeof(in), 0, &from.addr, &from.len),
		 sizeof(in));
	CHECK_EQ(pattern_check(in, 0, sizeof(in)), -1);
	CHECK_EQ(HOST(sendto, s, in, sizeof(in), 0, &from.addr, from.len),
		 sizeof(in));
	memset(in, 0, sizeof(in));
	CHECK_EQ(K(recvfrom, c, in, sizeof(in), 0, NULL, NULL), sizeof(in));
	CHECK_EQ(pattern_check(in, 0, sizeof(in)), -1);
	HOST(close, s);
	K(close, c);
	return TEST_OK;
}

/* A default route by netlink, through the host as a gateway. */
static int default_route(void)
{
	struct address far = make_address("198.51.100.9", 9);
	long fd = K(socket, AF_INET, SOCK_DGRAM, 0);

	CHECK_EQ(K(connect, fd, &far.addr, far.len), -ENETUNREACH);
	CHECK_EQ(route_add(kernel, "0.0.0.0", 0, PEER_IP, NULL), 0);
	CHECK_EQ(route_count(kernel, "0.0.0.0", 0), 1);
	CHECK_EQ(K(connect, fd, &far.addr, far.len), 0);
	CHECK_EQ(route_del(kernel, "0.0.0.0", 0), 0);
	CHECK_EQ(route_add(kernel, "0.0.0.0", 0, "10.99.0.1", NULL),
		 -ENETUNREACH);
	K(close, fd);
	return TEST_OK;
}

static const struct test host_link_tests[] = {
	{ "hardware_address", hardware_address, 0 },
	{ "tcp_out", tcp_out, 0 },
	{ "tcp_in", tcp_in, 0 },
	{ "tcp6_out", tcp6_out, 0 },
	{ "tcp6_in", tcp6_in, 0 },
	{ "udp_both_ways", udp_both_ways, 0 },
	{ "fragments", fragments, 0 },
	{ "default_route", default_route, 0 },
	{},
};

const struct test_group group_tap = { "tap", host_link_tests, setup_tap };
const struct test_group group_packet = { "packet", host_link_tests,
					 setup_packet };
