// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interfaces that an engine has put into the network namespace become the
 * library kernel's: it gets their frames (packet(7)), addresses and routes, and
 * the host's own network stack there forgets the addresses, so that it does not
 * answer as well.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netpacket/packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runu.h"
#include "process.h"

#define MAX_INTERFACES 8

struct address6 {
	struct in6_addr addr;
	unsigned int prefix;
	int ifindex;
};

static int prefix_of(const unsigned char *mask, int size)
{
	int bits = 0;

	for (int i = 0; i < size; i++)
		bits += __builtin_popcount(mask[i]);
	return bits;
}

static void tell_address(const struct ifaddrs *a)
{
	char word[INET6_ADDRSTRLEN];
	int family = a->ifa_addr->sa_family;

	if (family == AF_INET) {
		const struct sockaddr_in *in = (void *)a->ifa_addr;
		const struct sockaddr_in *mask = (void *)a->ifa_netmask;

		inet_ntop(family, &in->sin_addr, word, sizeof(word));
		setup_add("address", "%s/%d", word,
			  prefix_of((void *)&mask->sin_addr, 4));
	} else if (family == AF_INET6) {
		const struct sockaddr_in6 *in = (void *)a->ifa_addr;
		const struct sockaddr_in6 *mask = (void *)a->ifa_netmask;

		if (IN6_IS_ADDR_LINKLOCAL(&in->sin6_addr))
			return; /* the library kernel makes its own */
		inet_ntop(family, &in->sin6_addr, word, sizeof(word));
		setup_add("address6", "%s/%d", word,
			  prefix_of((void *)&mask->sin6_addr, 16));
	}
}

/* proc(5), /proc/net/route: numbers in the machine's own octet order. */
static void tell_routes(const char *name)
{
	char line[256], dev[IFNAMSIZ], to[INET_ADDRSTRLEN], by[INET_ADDRSTRLEN];
	unsigned int dst, gateway, flags, mask;
	FILE *f = fopen("/proc/self/net/route", "re");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%15s %x %x %x %*d %*d %*d %x", dev, &dst,
			   &gateway, &flags, &mask) != 5 ||
		    strcmp(dev, name) || !(flags & 1))
			continue;
		if (!gateway && dst)
			continue; /* comes with the address */
		inet_ntop(AF_INET, &dst, to, sizeof(to));
		inet_ntop(AF_INET, &gateway, by, sizeof(by));
		if (gateway)
			setup_add("route", "%s/%d %s", to,
				  __builtin_popcount(mask), by);
		else
			setup_add("route", "%s/%d", to,
				  __builtin_popcount(mask));
	}
	if (f)
		fclose(f);
}

/* proc(5), /proc/net/ipv6_route: the default route by a gateway. */
static void tell_gateway6(const char *name)
{
	char line[512], dst[33], by[33], dev[IFNAMSIZ], word[48], *to = word;
	unsigned int length;
	FILE *f = fopen("/proc/self/net/ipv6_route", "re");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%32s %x %*s %*s %32s %*s %*s %*s %*s %15s",
			   dst, &length, by, dev) != 4 ||
		    strcmp(dev, name) || length || !strcmp(by, dst))
			continue;
		for (int i = 0; i < 32; i += 4)
			to += sprintf(to, "%s%.4s", i ? ":" : "", by + i);
		setup_add("gateway6", "%s", word);
		break;
	}
	if (f)
		fclose(f);
}

static void forget(int s4, int s6, const struct ifaddrs *a)
{
	struct ifreq ifr = { 0 };
	struct address6 six = { 0 };

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", a->ifa_name);
	if (a->ifa_addr->sa_family == AF_INET) {
		ifr.ifr_addr.sa_family = AF_INET; /* 0.0.0.0: none */
		ioctl(s4, SIOCSIFADDR, &ifr);
	} else if (a->ifa_addr->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in = (void *)a->ifa_addr;
		const struct sockaddr_in6 *mask = (void *)a->ifa_netmask;

		six.addr = in->sin6_addr;
		six.prefix = prefix_of((void *)&mask->sin6_addr, 16);
		six.ifindex = if_nametoindex(a->ifa_name);
		ioctl(s6, SIOCDIFADDR, &six);
	}
}

static void tell_mtu(int s4, const char *name)
{
	struct ifreq ifr = { 0 };

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", name);
	if (!ioctl(s4, SIOCGIFMTU, &ifr))
		setup_add("mtu", "%d", ifr.ifr_mtu);
}

static void take(const struct ifaddrs *all, const struct ifaddrs *link,
		 int number, int s4, int s6)
{
	const struct sockaddr_ll *ll = (void *)link->ifa_addr;
	const char *name = link->ifa_name;
	int fd = lkl_open_packet(name), err;

	if (fd < 0)
		die("network interface %s: %s", name, strerror(-fd));
	err = lkl_add_net(fd, LKL_NET_PACKET, ll->sll_addr);
	if (err < 0)
		die("network interface %s: %s", name, strerror(-err));
	setup_add("net", "%d:%s", number, name);
	tell_mtu(s4, name);
	setup_add("up", "%s", name);
	for (const struct ifaddrs *a = all; a; a = a->ifa_next)
		if (a->ifa_addr && !strcmp(a->ifa_name, name))
			tell_address(a);
	tell_routes(name);
	tell_gateway6(name);
	for (const struct ifaddrs *a = all; a; a = a->ifa_next)
		if (a->ifa_addr && a->ifa_netmask && !strcmp(a->ifa_name, name))
			forget(s4, s6, a);
}

static bool is_ethernet(const struct ifaddrs *a)
{
	return a->ifa_addr && a->ifa_addr->sa_family == AF_PACKET &&
	       a->ifa_flags & IFF_UP &&
	       ((struct sockaddr_ll *)a->ifa_addr)->sll_hatype == ARPHRD_ETHER;
}

/* The annotation: a device of the runtime's own network namespace. */
static void take_named(const cJSON *config, const char *how)
{
	const char *name = strchr(how, ':');
	bool tap = !strncmp(how, "tap:", 4);
	int fd, err;

	if (!name || (!tap && strncmp(how, "packet:", 7)))
		die("annotation " ANNOTATION
		    "net: %s: auto, none, tap:IFACE or packet:IFACE",
		    how);
	fd = tap ? lkl_open_tap(name + 1) : lkl_open_packet(name + 1);
	err = fd < 0 ?
		      fd :
		      lkl_add_net(fd, tap ? LKL_NET_TAP : LKL_NET_PACKET, NULL);
	if (err < 0)
		die("annotation " ANNOTATION "net: %s: %s", how,
		    strerror(-err));
	setup_add("net", "0:eth0");
	setup_add("up", "eth0");
	for (size_t i = 0; i < 4; i++) {
		static const char *const keys[] = { "address", "gateway",
						    "address6", "gateway6" };
		const char *value = NULL;
		char name_of[64];

		snprintf(name_of, sizeof(name_of), "net.%s", keys[i]);
		value = json_annotation(config, name_of);
		if (value)
			setup_add(keys[i], "%s", value);
	}
}

/*
 * Two kernels with one address would answer each other's peers. Abstract names of
 * unix(7) belong to the network namespace, and this one to our process: who has
 * it has the interfaces.
 */
static void take_name(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX,
				    .sun_path = "\0ukontainer-net" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && !bind(fd, (void *)&name, sizeof(name)))
		return; /* kept open, for as long as the container lives */
	if (errno == EADDRINUSE)
		die("network namespace: another container of runu has its interfaces, and a library kernel cannot share them: give this one a network of its own, or the annotation " ANNOTATION
		    "net=none");
	die("network namespace: %s", strerror(errno));
}

void network_take(const struct container *c)
{
	const char *how = json_annotation(c->config, "net");
	struct ifaddrs *all, *a;
	int number = 0, s4, s6;

	if (how && !strcmp(how, "none"))
		return;
	if (how && strcmp(how, "auto")) {
		take_named(c->config, how);
		return;
	}
	if (!has_network(c->config))
		die("config.json: linux.namespaces: no network namespace: a library kernel cannot share the host's network stack; use the engine's own network, --network none, or the annotation " ANNOTATION
		    "net=tap:IFACE");
	s4 = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	s6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s4 < 0 || getifaddrs(&all))
		die("network interfaces: %s", strerror(errno));
	for (a = all; a; a = a->ifa_next)
		if (is_ethernet(a) && number < MAX_INTERFACES) {
			if (!number)
				take_name();
			take(all, a, number++, s4, s6);
		}
	freeifaddrs(all);
	close(s4);
	if (s6 >= 0)
		close(s6);
	resolver_take(c);
}
