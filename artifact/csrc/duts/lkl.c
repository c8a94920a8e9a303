// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library kernel as a device under test: frames come and go on a datagram
 * socket that was inherited, UDP echo (RFC 862) is served on port 7, everything
 * else is the kernel's default. Prints the kernel's release when it is ready.
 *
 * usage: lkl FD MAC ADDRESS/PREFIX GATEWAY
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <lkl.h>

#define MAC_LEN 6
#define ECHO_PORT 7
#define FRAME_MAX 65536
#define MEMORY (64UL << 20)

#define LKL6(nr, a, b, c, d, e, f)                                          \
	lkl_syscall((nr), (const long[6]){ (long)(a), (long)(b), (long)(c), \
					   (long)(d), (long)(e), (long)(f) })
#define LKL3(nr, a, b, c) LKL6(nr, a, b, c, 0, 0, 0)

struct config {
	int fd;
	unsigned char mac[MAC_LEN];
	struct in_addr address, mask, gateway;
};

static long check(long result, const char *what)
{
	if (result < 0) {
		fprintf(stderr, "lkl: %s: %s\n", what, strerror((int)-result));
		exit(1);
	}
	return result;
}

static struct sockaddr_in inet(struct in_addr address, unsigned short port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr = address };
}

static void set_address(long s, const char *name, unsigned long request,
			struct in_addr value)
{
	struct sockaddr_in address = inet(value, 0);
	struct ifreq ifr = { 0 };

	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	memcpy(&ifr.ifr_addr, &address, sizeof(address));
	check(LKL3(SYS_ioctl, s, request, &ifr), "address of an interface");
}

static void set_up(long s, const char *name)
{
	struct ifreq ifr = { 0 };

	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	check(LKL3(SYS_ioctl, s, SIOCGIFFLAGS, &ifr), "flags of an interface");
	ifr.ifr_flags |= IFF_UP;
	check(LKL3(SYS_ioctl, s, SIOCSIFFLAGS, &ifr), "bring an interface up");
}

static void add_default_route(long s, struct in_addr gateway)
{
	struct sockaddr_in any = inet((struct in_addr){ INADDR_ANY }, 0);
	struct sockaddr_in via = inet(gateway, 0);
	struct rtentry route = { .rt_flags = RTF_UP | RTF_GATEWAY };

	memcpy(&route.rt_dst, &any, sizeof(any));
	memcpy(&route.rt_genmask, &any, sizeof(any));
	memcpy(&route.rt_gateway, &via, sizeof(via));
	check(LKL3(SYS_ioctl, s, SIOCADDRT, &route), "default route");
}

static long set_network(const struct config *config)
{
	struct sockaddr_in local =
		inet((struct in_addr){ INADDR_ANY }, ECHO_PORT);
	long s = check(LKL3(SYS_socket, AF_INET, SOCK_DGRAM, 0), "socket");
	int on = 1;

	set_up(s, "lo");
	set_address(s, "eth0", SIOCSIFADDR, config->address);
	set_address(s, "eth0", SIOCSIFNETMASK, config->mask);
	set_address(s, "eth0", SIOCSIFBRDADDR,
		    (struct in_addr){ config->address.s_addr |
				      ~config->mask.s_addr });
	set_up(s, "eth0");
	add_default_route(s, config->gateway);
	check(LKL6(SYS_setsockopt, s, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on),
		   0),
	      "SO_BROADCAST");
	check(LKL3(SYS_bind, s, &local, sizeof(local)), "bind port 7");
	return s;
}

static void serve(long s)
{
	static char data[FRAME_MAX];
	struct sockaddr_in peer;
	socklen_t len;
	long got;

	for (;;) {
		len = sizeof(peer);
		got = LKL6(SYS_recvfrom, s, data, sizeof(data), 0, &peer, &len);
		if (got == -EINTR)
			continue;
		check(got, "recvfrom");
		/* A peer that cannot be reached is not the service's business. */
		LKL6(SYS_sendto, s, data, got, 0, &peer, len);
	}
}

static int parse(struct config *config, char **argv)
{
	char *slash = strchr(argv[3], '/');
	unsigned int m[MAC_LEN], i, prefix;

	config->fd = atoi(argv[1]);
	if (sscanf(argv[2], "%x:%x:%x:%x:%x:%x", &m[0], &m[1], &m[2], &m[3],
		   &m[4], &m[5]) != MAC_LEN ||
	    !slash)
		return -1;
	for (i = 0; i < MAC_LEN; i++)
		config->mac[i] = (unsigned char)m[i];
	*slash = '\0';
	prefix = (unsigned int)atoi(slash + 1);
	if (prefix < 1 || prefix > 32)
		return -1;
	config->mask.s_addr = htonl(~0U << (32 - prefix));
	if (!inet_aton(argv[3], &config->address) ||
	    !inet_aton(argv[4], &config->gateway))
		return -1;
	return 0;
}

int main(int argc, char **argv)
{
	struct lkl_options options = { .size = sizeof(options),
				       .mem = MEMORY,
				       .console_fd = STDERR_FILENO };
	struct config config;
	long s;

	if (argc != 5 || parse(&config, argv)) {
		fprintf(stderr, "usage: lkl FD MAC ADDRESS/PREFIX GATEWAY\n");
		return 2;
	}
	check(lkl_add_net(config.fd, LKL_NET_DGRAM, config.mac), "add a link");
	check(lkl_start(&options), "start the kernel");
	s = set_network(&config);
	printf("Linux %s\n", lkl_version());
	fflush(stdout);
	serve(s);
	return 0;
}
