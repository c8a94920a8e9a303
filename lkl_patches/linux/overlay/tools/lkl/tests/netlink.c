// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

struct request {
	struct nlmsghdr hdr;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg addr;
		struct rtmsg route;
		char space[1024];
	};
};

static void request_init(struct request *req, int type, int flags, size_t body)
{
	memset(req, 0, sizeof(*req));
	req->hdr.nlmsg_type = type;
	req->hdr.nlmsg_flags = NLM_F_REQUEST | flags;
	req->hdr.nlmsg_len = NLMSG_LENGTH(body);
	req->hdr.nlmsg_seq = 1;
}

static struct rtattr *add_attr(struct request *req, int type, const void *data,
			       size_t len)
{
	struct rtattr *attr =
		(void *)((char *)req + NLMSG_ALIGN(req->hdr.nlmsg_len));

	attr->rta_type = type;
	attr->rta_len = RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(attr), data, len);
	req->hdr.nlmsg_len =
		NLMSG_ALIGN(req->hdr.nlmsg_len) + RTA_ALIGN(attr->rta_len);
	return attr;
}

static void end_nest(struct request *req, struct rtattr *nest)
{
	nest->rta_len = (char *)req + req->hdr.nlmsg_len - (char *)nest;
}

static long netlink_open(syscall_fn fn)
{
	return CALL(fn, socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
		    NETLINK_ROUTE);
}

/* Sends a request and waits for its acknowledgement. */
static long transact(syscall_fn fn, struct request *req)
{
	long fd = netlink_open(fn);
	char buf[4096];
	struct nlmsghdr *hdr = (void *)buf;
	long n;

	if (fd < 0)
		return fd;
	req->hdr.nlmsg_flags |= NLM_F_ACK;
	n = CALL(fn, sendto, fd, req, req->hdr.nlmsg_len, 0, NULL, 0);
	if (n >= 0)
		n = CALL(fn, recvfrom, fd, buf, sizeof(buf), 0, NULL, NULL);
	CALL(fn, close, fd);
	if (n < 0)
		return n;
	if (!NLMSG_OK(hdr, n) || hdr->nlmsg_type != NLMSG_ERROR)
		return -EBADMSG;
	return ((struct nlmsgerr *)NLMSG_DATA(hdr))->error;
}

typedef bool (*match_fn)(const struct nlmsghdr *hdr, const void *want);

/* One buffer of a dump's answer: true at its end. */
static bool count_buffer(char *buf, long n, match_fn match, const void *want,
			 long *count)
{
	struct nlmsghdr *hdr;

	for (hdr = (void *)buf; NLMSG_OK(hdr, n); hdr = NLMSG_NEXT(hdr, n)) {
		if (hdr->nlmsg_type == NLMSG_DONE)
			return true;
		if (hdr->nlmsg_type == NLMSG_ERROR) {
			*count = ((struct nlmsgerr *)NLMSG_DATA(hdr))->error;
			return true;
		}
		*count += match(hdr, want);
	}
	return false;
}

static long dump_count(syscall_fn fn, struct request *req, match_fn match,
		       const void *want)
{
	long fd = netlink_open(fn);
	char buf[32768];
	long n, count = 0;

	if (fd < 0)
		return fd;
	n = CALL(fn, sendto, fd, req, req->hdr.nlmsg_len, 0, NULL, 0);
	while (n >= 0) {
		n = CALL(fn, recvfrom, fd, buf, sizeof(buf), 0, NULL, NULL);
		if (n >= 0 && count_buffer(buf, n, match, want, &count))
			break;
	}
	CALL(fn, close, fd);
	return n < 0 ? n : count;
}

static long interface_ioctl(syscall_fn fn, int cmd, const char *ifname,
			    struct ifreq *ifr)
{
	long fd = CALL(fn, socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long ret;

	if (fd < 0)
		return fd;
	memset(ifr, 0, sizeof(*ifr));
	strncpy(ifr->ifr_name, ifname, IFNAMSIZ - 1);
	ret = CALL(fn, ioctl, fd, cmd, ifr);
	CALL(fn, close, fd);
	return ret;
}

long if_index(syscall_fn fn, const char *ifname)
{
	struct ifreq ifr;
	long ret = interface_ioctl(fn, SIOCGIFINDEX, ifname, &ifr);

	return ret ? ret : ifr.ifr_ifindex;
}

long link_mac(syscall_fn fn, const char *ifname, unsigned char *mac)
{
	struct ifreq ifr;
	long ret = interface_ioctl(fn, SIOCGIFHWADDR, ifname, &ifr);

	if (!ret)
		memcpy(mac, ifr.ifr_hwaddr.sa_data, 6);
	return ret;
}

long link_up(syscall_fn fn, const char *ifname)
{
	struct request req;
	long index = if_index(fn, ifname);

	if (index < 0)
		return index;
	request_init(&req, RTM_NEWLINK, 0, sizeof(req.link));
	req.link.ifi_index = index;
	req.link.ifi_flags = IFF_UP;
	req.link.ifi_change = IFF_UP;
	return transact(fn, &req);
}

long veth_add(syscall_fn fn, const char *ifname, const char *peer)
{
	struct request req;
	struct rtattr *info, *data, *other;

	request_init(&req, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
		     sizeof(req.link));
	add_attr(&req, IFLA_IFNAME, ifname, strlen(ifname) + 1);
	info = add_attr(&req, IFLA_LINKINFO, NULL, 0);
	add_attr(&req, IFLA_INFO_KIND, "veth", 4);
	data = add_attr(&req, IFLA_INFO_DATA, NULL, 0);
	other = add_attr(&req, VETH_INFO_PEER, &(struct ifinfomsg){ 0 },
			 sizeof(struct ifinfomsg));
	add_attr(&req, IFLA_IFNAME, peer, strlen(peer) + 1);
	end_nest(&req, other);
	end_nest(&req, data);
	end_nest(&req, info);
	return transact(fn, &req);
}

long link_set_netns(syscall_fn fn, const char *ifname, int ns_fd)
{
	struct request req;
	long index = if_index(fn, ifname);

	if (index < 0)
		return index;
	request_init(&req, RTM_NEWLINK, 0, sizeof(req.link));
	req.link.ifi_index = index;
	add_attr(&req, IFLA_NET_NS_FD, &ns_fd, sizeof(ns_fd));
	return transact(fn, &req);
}

/* Text to bytes: the family, with the length of the address in *len. */
static int parse_addr(const char *text, void *bytes, size_t *len)
{
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	*len = family == AF_INET6 ? 16 : 4;
	return inet_pton(family, text, bytes) == 1 ? family : -EINVAL;
}

static long addr_request(syscall_fn fn, int type, int flags, const char *ifname,
			 const char *addr, int prefix)
{
	struct request req;
	unsigned char bytes[16];
	size_t len;
	long index = if_index(fn, ifname);
	int family = parse_addr(addr, bytes, &len);

	if (index < 0 || family < 0)
		return index < 0 ? index : family;
	request_init(&req, type, flags, sizeof(req.addr));
	req.addr.ifa_family = family;
	req.addr.ifa_prefixlen = prefix;
	req.addr.ifa_index = index;
	req.addr.ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0;
	add_attr(&req, IFA_LOCAL, bytes, len);
	add_attr(&req, IFA_ADDRESS, bytes, len);
	return transact(fn, &req);
}

long addr_add(syscall_fn fn, const char *ifname, const char *addr, int prefix)
{
	return addr_request(fn, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifname,
			    addr, prefix);
}

long addr_del(syscall_fn fn, const char *ifname, const char *addr, int prefix)
{
	return addr_request(fn, RTM_DELADDR, 0, ifname, addr, prefix);
}

/* What a dump is searched for. */
struct wanted {
	unsigned char bytes[16];
	size_t len;
	int family;
	int prefix;
	long index;
};

static bool has_attr(struct rtattr *attr, int space, int type,
		     const struct wanted *want)
{
	for (; RTA_OK(attr, space); attr = RTA_NEXT(attr, space))
		if (attr->rta_type == type && RTA_PAYLOAD(attr) == want->len &&
		    !memcmp(RTA_DATA(attr), want->bytes, want->len))
			return true;
	return false;
}

static bool match_addr(const struct nlmsghdr *hdr, const void *arg)
{
	const struct wanted *want = arg;
	struct ifaddrmsg *msg = NLMSG_DATA(hdr);

	return hdr->nlmsg_type == RTM_NEWADDR &&
	       msg->ifa_family == want->family &&
	       msg->ifa_index == want->index &&
	       has_attr(IFA_RTA(msg), IFA_PAYLOAD(hdr), IFA_ADDRESS, want);
}

long addr_count(syscall_fn fn, const char *ifname, const char *addr)
{
	struct request req;
	struct wanted want = { .index = if_index(fn, ifname) };

	want.family = parse_addr(addr, want.bytes, &want.len);
	if (want.index < 0 || want.family < 0)
		return want.index < 0 ? want.index : want.family;
	request_init(&req, RTM_GETADDR, NLM_F_DUMP, sizeof(req.addr));
	req.addr.ifa_family = want.family;
	return dump_count(fn, &req, match_addr, &want);
}

static void route_init(struct request *req, int type, int flags,
		       const struct wanted *want)
{
	request_init(req, type, flags, sizeof(req->route));
	req->route.rtm_family = want->family;
	req->route.rtm_dst_len = want->prefix;
	req->route.rtm_table = RT_TABLE_MAIN;
	req->route.rtm_protocol = RTPROT_STATIC;
	req->route.rtm_type = RTN_UNICAST;
	if (want->prefix)
		add_attr(req, RTA_DST, want->bytes, want->len);
}

long route_add(syscall_fn fn, const char *dst, int prefix, const char *gateway,
	       const char *ifname)
{
	struct request req;
	struct wanted want = { .prefix = prefix };
	unsigned char hop[16];
	size_t len;

	want.family = parse_addr(dst, want.bytes, &want.len);
	if (want.family < 0)
		return want.family;
	route_init(&req, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &want);
	req.route.rtm_scope = gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	if (gateway) {
		if (parse_addr(gateway, hop, &len) != want.family)
			return -EINVAL;
		add_attr(&req, RTA_GATEWAY, hop, len);
	}
	if (ifname) {
		int index = if_index(fn, ifname);

		if (index < 0)
			return index;
		add_attr(&req, RTA_OIF, &index, sizeof(index));
	}
	return transact(fn, &req);
}

long route_del(syscall_fn fn, const char *dst, int prefix)
{
	struct request req;
	struct wanted want = { .prefix = prefix };

	want.family = parse_addr(dst, want.bytes, &want.len);
	if (want.family < 0)
		return want.family;
	route_init(&req, RTM_DELROUTE, 0, &want);
	req.route.rtm_scope = RT_SCOPE_NOWHERE;
	return transact(fn, &req);
}

static bool match_route(const struct nlmsghdr *hdr, const void *arg)
{
	const struct wanted *want = arg;
	struct rtmsg *msg = NLMSG_DATA(hdr);

	return hdr->nlmsg_type == RTM_NEWROUTE &&
	       msg->rtm_family == want->family &&
	       msg->rtm_table == RT_TABLE_MAIN &&
	       msg->rtm_dst_len == want->prefix &&
	       (!want->prefix ||
		has_attr(RTM_RTA(msg), RTM_PAYLOAD(hdr), RTA_DST, want));
}

long route_count(syscall_fn fn, const char *dst, int prefix)
{
	struct request req;
	struct wanted want = { .prefix = prefix };

	want.family = parse_addr(dst, want.bytes, &want.len);
	if (want.family < 0)
		return want.family;
	request_init(&req, RTM_GETROUTE, NLM_F_DUMP, sizeof(req.route));
	req.route.rtm_family = want.family;
	return dump_count(fn, &req, match_route, &want);
}
