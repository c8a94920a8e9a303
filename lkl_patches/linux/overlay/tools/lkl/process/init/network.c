// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses and routes of eth0, by netdevice(7)'s requests.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

/* The interface that is being set up, and how many IPv4 addresses it has. */
static char device[IFNAMSIZ] = "eth0";
static int addresses;

/* struct in6_ifreq of linux/ipv6.h, which does not go with libc's headers. */
struct address6 {
	struct in6_addr addr;
	unsigned int prefix;
	int ifindex;
};

static void request(int family, unsigned long cmd, void *arg, const char *what)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, cmd, arg))
		fail("network: %s: %s", what, strerror(errno));
	close(fd);
}

static int ifindex(void)
{
	int index = if_nametoindex(device);

	if (!index)
		fail("network: no %s", device);
	return index;
}

/* NUMBER:NAME, the NUMBERth interface, under this name; the rest is about it. */
void network_device(const char *text)
{
	struct ifreq ifr = { 0 };
	const char *name = strchr(text, ':');

	if (!name || strlen(name + 1) >= IFNAMSIZ)
		fail("/setup: net=%s", text);
	name++;
	snprintf(ifr.ifr_name, IFNAMSIZ, "eth%d", atoi(text));
	snprintf(device, sizeof(device), "%s", name);
	addresses = 0;
	if (!strcmp(ifr.ifr_name, name))
		return;
	snprintf(ifr.ifr_newname, IFNAMSIZ, "%s", name);
	request(AF_INET, SIOCSIFNAME, &ifr, name);
}

static struct ifreq request_for_device(void)
{
	struct ifreq ifr = { 0 };

	memcpy(ifr.ifr_name, device, sizeof(device));
	return ifr;
}

void network_mtu(const char *text)
{
	struct ifreq ifr = request_for_device();

	ifr.ifr_mtu = atoi(text);
	request(AF_INET, SIOCSIFMTU, &ifr, text);
}

void network_up(const char *ifname)
{
	struct ifreq ifr = { 0 };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	request(AF_INET, SIOCGIFFLAGS, &ifr, ifname);
	ifr.ifr_flags |= IFF_UP; /* the others stay: it is multicast, too */
	request(AF_INET, SIOCSIFFLAGS, &ifr, ifname);
}

/* "ADDRESS/PREFIX" */
static int split(const char *text, int family, void *addr, int longest)
{
	char copy[64], *slash, *end;
	long prefix;

	snprintf(copy, sizeof(copy), "%s", text);
	slash = strchr(copy, '/');
	if (!slash)
		fail("network: %s: the prefix length is missing", text);
	*slash++ = 0;
	prefix = strtol(slash, &end, 10);
	if (inet_pton(family, copy, addr) != 1 || *end || end == slash ||
	    prefix < 0 || prefix > longest)
		fail("network: %s: not ADDRESS/PREFIX", text);
	return prefix;
}

static struct sockaddr address_of(struct in_addr addr)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr = addr };
	struct sockaddr sa;

	memcpy(&sa, &sin, sizeof(sa));
	return sa;
}

void network_address(const char *text)
{
	struct ifreq ifr = request_for_device();
	struct in_addr addr, mask;
	int prefix = split(text, AF_INET, &addr, 32);

	/* Under the interface's own name it would take the first one's place. */
	if (addresses && snprintf(ifr.ifr_name, IFNAMSIZ, "%s:%d", device,
				  addresses) >= IFNAMSIZ)
		fail("network: %s: the name of %s is too long for a second address",
		     text, device);
	addresses++;
	ifr.ifr_addr = address_of(addr);
	request(AF_INET, SIOCSIFADDR, &ifr, text);
	mask.s_addr = htonl(prefix ? ~0U << (32 - prefix) : 0);
	ifr.ifr_netmask = address_of(mask);
	request(AF_INET, SIOCSIFNETMASK, &ifr, text);
}

static void add_route(struct in_addr to, int prefix, const char *gateway)
{
	struct rtentry route = { .rt_flags = RTF_UP, .rt_dev = device };
	struct in_addr mask, via;

	mask.s_addr = htonl(prefix ? ~0U << (32 - prefix) : 0);
	route.rt_dst = address_of(to);
	route.rt_genmask = address_of(mask);
	if (*gateway) {
		if (inet_pton(AF_INET, gateway, &via) != 1)
			fail("network: --gateway %s: not an IPv4 address",
			     gateway);
		route.rt_flags |= RTF_GATEWAY;
		route.rt_gateway = address_of(via);
	}
	request(AF_INET, SIOCADDRT, &route, *gateway ? gateway : "route");
}

void network_gateway(const char *text)
{
	add_route((struct in_addr){ 0 }, 0, text);
}

/* ADDRESS/PREFIX[ GATEWAY] */
void network_route(const char *text)
{
	const char *gateway = strchrnul(text, ' ');
	char copy[64];
	struct in_addr to;
	int prefix;

	snprintf(copy, sizeof(copy), "%.*s", (int)(gateway - text), text);
	prefix = split(copy, AF_INET, &to, 32);
	add_route(to, prefix, *gateway ? gateway + 1 : gateway);
}

/* There is nobody else on this wire when the machine starts. */
static void no_duplicate_detection(void)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/accept_dad",
		 device);
	mkdir("/proc", 0555);
	mount("none", "/proc", "proc", 0, NULL);
	fd = open(path, O_WRONLY);
	if (fd >= 0 && write(fd, "0", 1) != 1)
		fail("network: %s: %s", path, strerror(errno));
	close(fd);
	umount2("/proc", MNT_DETACH);
}

void network_address6(const char *text)
{
	struct address6 a = { .ifindex = ifindex() };

	a.prefix = split(text, AF_INET6, &a.addr, 128);
	no_duplicate_detection();
	request(AF_INET6, SIOCSIFADDR, &a, text);
}

void network_gateway6(const char *text)
{
	struct in6_rtmsg route = {
		.rtmsg_metric = 1,
		.rtmsg_flags = RTF_UP | RTF_GATEWAY,
		.rtmsg_ifindex = ifindex(),
	};

	if (inet_pton(AF_INET6, text, &route.rtmsg_gateway) != 1)
		fail("network: --gateway6 %s: not an IPv6 address", text);
	request(AF_INET6, SIOCADDRT, &route, text);
}
