/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configure a Linux and serve UDP echo, by system calls alone: of the library
 * kernel (lkl.c) or of the kernel that runs the program (guest.c). Whoever
 * includes this has defined KERNEL(nr, a, b, c, d, e, f), which is the
 * result of that system call or a negative errno.
 */
#ifndef UK_DUT_LINUX_NET_H
#define UK_DUT_LINUX_NET_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "dut.h"

#define KERNEL3(nr, a, b, c) KERNEL(nr, a, b, c, 0, 0, 0)

static long check(long result, const char *what)
{
	if (result < 0) {
		fprintf(stderr, "dut: %s: %s\n", what, strerror((int)-result));
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
	check(KERNEL3(SYS_ioctl, s, request, &ifr), "address of an interface");
}

static void set_up(long s, const char *name)
{
	struct ifreq ifr = { 0 };

	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	check(KERNEL3(SYS_ioctl, s, SIOCGIFFLAGS, &ifr),
	      "flags of an interface");
	ifr.ifr_flags |= IFF_UP;
	check(KERNEL3(SYS_ioctl, s, SIOCSIFFLAGS, &ifr),
	      "bring an interface up");
}

static void add_default_route(long s, struct in_addr gateway)
{
	struct sockaddr_in any = inet((struct in_addr){ INADDR_ANY }, 0);
	struct sockaddr_in via = inet(gateway, 0);
	struct rtentry route = { .rt_flags = RTF_UP | RTF_GATEWAY };

	memcpy(&route.rt_dst, &any, sizeof(any));
	memcpy(&route.rt_genmask, &any, sizeof(any));
	memcpy(&route.rt_gateway, &via, sizeof(via));
	check(KERNEL3(SYS_ioctl, s, SIOCADDRT, &route), "default route");
}

/* What a tap's peer would have to finish for us is finished here instead. */
static void offloads_off(long s, const char *name)
{
	static const unsigned int switches[] = { ETHTOOL_STXCSUM, ETHTOOL_SSG,
						 ETHTOOL_STSO, ETHTOOL_SGSO,
						 ETHTOOL_SGRO };
	struct ethtool_value off = { 0 };
	struct ifreq ifr = { .ifr_data = (void *)&off };
	size_t i;

	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	for (i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		off.cmd = switches[i];
		/* One that the device does not have is off already. */
		KERNEL3(SYS_ioctl, s, SIOCETHTOOL, &ifr);
	}
}

static void set_mtu(long s, const char *name, unsigned int mtu)
{
	struct ifreq ifr = { .ifr_mtu = (int)mtu };

	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	check(KERNEL3(SYS_ioctl, s, SIOCSIFMTU, &ifr), "MTU of an interface");
}

static void set_link(long s, const struct dut_link *link, const char *name)
{
	char label[IFNAMSIZ];

	offloads_off(s, name);
	set_mtu(s, name, link->mtu);
	set_address(s, name, SIOCSIFADDR, (struct in_addr){ link->address });
	set_address(s, name, SIOCSIFNETMASK, (struct in_addr){ link->mask });
	set_address(s, name, SIOCSIFBRDADDR,
		    (struct in_addr){ link->address | ~link->mask });
	set_up(s, name);
	if (link->alias) {
		snprintf(label, sizeof(label), "%.12s:1", name);
		set_address(s, label, SIOCSIFADDR,
			    (struct in_addr){ link->alias });
		set_address(s, label, SIOCSIFNETMASK,
			    (struct in_addr){ link->mask });
	}
}

static void set_sysctl(char *setting)
{
	char *value = strchr(setting, '=');
	long fd;

	*value++ = '\0';
	check(KERNEL3(SYS_chdir, "/proc/sys", 0, 0), "/proc/sys");
	fd = check(KERNEL3(SYS_open, setting, O_WRONLY, 0), setting);
	check(KERNEL3(SYS_write, fd, value, strlen(value)), setting);
	KERNEL3(SYS_close, fd, 0, 0);
}

static void set_sysctls(char **settings)
{
	if (!*settings)
		return;
	KERNEL3(SYS_mkdir, "/proc", 0755, 0);
	/* A guest's root may have it mounted; then the first write tells. */
	KERNEL(SYS_mount, "proc", "/proc", "proc", 0, 0, 0);
	/* User Mode Linux adds "console=...", which is no path, to the words. */
	for (; *settings; settings++)
		if (strchr(*settings, '/'))
			set_sysctl(*settings);
}

static void set_network(const struct dut *dut)
{
	long s = check(KERNEL3(SYS_socket, AF_INET, SOCK_DGRAM, 0), "socket");
	int i;

	set_up(s, "lo");
	for (i = 0; i < dut->links; i++)
		set_link(s, &dut->link[i], dut->link[i].where);
	add_default_route(s, (struct in_addr){ dut->gateway });
	KERNEL3(SYS_close, s, 0, 0);
}

static long echo_socket(void)
{
	struct sockaddr_in local =
		inet((struct in_addr){ INADDR_ANY }, DUT_ECHO_PORT);
	long s = check(KERNEL3(SYS_socket, AF_INET, SOCK_DGRAM, 0), "socket");
	int on = 1;

	check(KERNEL(SYS_setsockopt, s, SOL_SOCKET, SO_BROADCAST, &on,
		     sizeof(on), 0),
	      "SO_BROADCAST");
	check(KERNEL3(SYS_bind, s, &local, sizeof(local)), "bind port 7");
	return s;
}

static void serve(long s)
{
	static char data[DUT_FRAME_MAX];
	struct sockaddr_in peer;
	socklen_t len;
	long got;

	for (;;) {
		len = sizeof(peer);
		got = KERNEL(SYS_recvfrom, s, data, sizeof(data), 0, &peer,
			     &len);
		if (got == -EINTR)
			continue;
		check(got, "recvfrom");
		/* A peer that cannot be reached is not the service's business. */
		KERNEL(SYS_sendto, s, data, got, 0, &peer, len);
	}
}

#endif
