// SPDX-License-Identifier: GPL-2.0-only
/*
 * LwIPv6 as a device under test: the links are taps, by their names. It knows
 * two settings: forwarding=1, which is a flag of its stacks, and version=TEXT,
 * because the library does not tell its own.
 */
#include <lwipv6.h>

#include "dut.h"

static void die(const char *what)
{
	fprintf(stderr, "lwipv6: %s failed\n", what);
	exit(1);
}

/* IPv4 addresses are IPv6 ones of the mapped form inside. */
static struct ip_addr mapped(uint32_t address)
{
	return (struct ip_addr){ { 0, 0, IP64_PREFIX, address } };
}

static struct ip_addr mapped_mask(uint32_t mask)
{
	return (struct ip_addr){ { ~0U, ~0U, ~0U, mask } };
}

static struct netif *add_link(struct stack *stack, struct dut_link *link)
{
	struct ip_addr address = mapped(link->address);
	struct ip_addr mask = mapped_mask(link->mask);
	/* No autoconfiguration: that is IPv6's. */
	struct netif *netif = lwip_add_tapif(stack, link->where, 0);

	if (!netif || lwip_add_addr(netif, &address, &mask) < 0 ||
	    lwip_ifup(netif) < 0)
		die("adding a link");
	return netif;
}

static void serve(struct stack *stack)
{
	static char data[DUT_FRAME_MAX];
	struct sockaddr_in local = { .sin_family = AF_INET,
				     .sin_port = htons(DUT_ECHO_PORT) };
	struct sockaddr_in peer;
	int s = lwip_msocket(stack, PF_INET, SOCK_DGRAM, 0);
	socklen_t len;
	ssize_t got;

	if (s < 0 || lwip_bind(s, (struct sockaddr *)&local, sizeof(local)) < 0)
		die("serving UDP echo");
	for (;;) {
		len = sizeof(peer);
		got = lwip_recvfrom(s, data, sizeof(data), 0,
				    (struct sockaddr *)&peer, &len);
		if (got >= 0)
			lwip_sendto(s, data, (size_t)got, 0,
				    (struct sockaddr *)&peer, len);
	}
}

int main(int argc, char **argv)
{
	struct dut dut = dut_parse(argc, argv);
	struct ip_addr any = mapped(0), all = mapped_mask(0);
	struct ip_addr gateway = mapped(dut.gateway);
	const char *version = "";
	unsigned long flags = 0;
	struct stack *stack;
	struct netif *first = NULL;
	char **setting;
	int i;

	for (setting = dut.settings; *setting; setting++)
		if (!strcmp(*setting, "forwarding=1"))
			flags |= LWIP_STACK_FLAG_FORWARDING;
		else if (!strncmp(*setting, "version=", 8))
			version = *setting + 8;
		else
			die(*setting);
	stack = lwip_add_stack(flags);
	if (!stack)
		die("making a stack");
	for (i = dut.links - 1; i >= 0; i--)
		first = add_link(stack, &dut.link[i]);
	if (lwip_add_route(stack, &any, &all, &gateway, first, 0) < 0)
		die("the default route");
	dut_ready(version);
	serve(stack);
	return 0;
}
