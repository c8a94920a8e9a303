/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interfaces, addresses and routes by rtnetlink (rtnetlink(7)), on either
 * kernel: fn is the way to make its system calls. All return 0 (or a count) or
 * -errno as the kernel gave it.
 */
#ifndef TESTS_NETLINK_H
#define TESTS_NETLINK_H

#include <stddef.h>

#include "calls.h"

long if_index(syscall_fn fn, const char *ifname);
long link_up(syscall_fn fn, const char *ifname);
/* Fills mac[6]. */
long link_mac(syscall_fn fn, const char *ifname, unsigned char *mac);
long veth_add(syscall_fn fn, const char *ifname, const char *peer);
/* Moves an interface into the network namespace behind ns_fd. */
long link_set_netns(syscall_fn fn, const char *ifname, int ns_fd);

/* Addresses are text, "10.0.0.1" or "fd00::1"; IPv6 ones skip DAD. */
long addr_add(syscall_fn fn, const char *ifname, const char *addr, int prefix);
long addr_del(syscall_fn fn, const char *ifname, const char *addr, int prefix);
/* How many addresses of the interface equal this one (0 or 1). */
long addr_count(syscall_fn fn, const char *ifname, const char *addr);

/* gateway NULL: on link. ifname NULL: the kernel finds it from the gateway. */
long route_add(syscall_fn fn, const char *dst, int prefix, const char *gateway,
	       const char *ifname);
long route_del(syscall_fn fn, const char *dst, int prefix);
/* How many routes of the main table lead to exactly this prefix. */
long route_count(syscall_fn fn, const char *dst, int prefix);

#endif
