// SPDX-License-Identifier: GPL-2.0-only
/*
 * lwIP as a device under test; everything is lwIP's default as packaged
 * (forwarding is compiled in).
 *
 * Frames go into buffers of our own size (PBUF_RAM): the elements of the
 * packaged library's pool are smaller than a frame.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/ip4_addr.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/tcpip.h"
#include "lwip/udp.h"
#include "netif/etharp.h"

#include "dut.h"

static void die(const char *what)
{
	fprintf(stderr, "lwip: %s: %s\n", what, strerror(errno));
	exit(1);
}

static err_t frame_out(struct netif *netif, struct pbuf *p)
{
	const struct dut_link *link = netif->state;
	uint8_t frame[DUT_MTU_MAX + DUT_ETHERNET_HEADER];

	if (p->tot_len > sizeof(frame))
		return ERR_BUF;
	pbuf_copy_partial(p, frame, p->tot_len, 0);
	return write(link->fd, frame, p->tot_len) < 0 ? ERR_IF : ERR_OK;
}

static err_t frames_init(struct netif *netif)
{
	const struct dut_link *link = netif->state;

	netif->name[0] = 'u';
	netif->name[1] = 'k';
	netif->mtu = (u16_t)link->mtu;
	netif->hwaddr_len = ETH_HWADDR_LEN;
	memcpy(netif->hwaddr, link->mac, ETH_HWADDR_LEN);
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP |
		       NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP |
		       NETIF_FLAG_LINK_UP;
	netif->output = etharp_output;
	netif->linkoutput = frame_out;
	return ERR_OK;
}

static void add_link(struct netif *netif, struct dut_link *link,
		     uint32_t gateway)
{
	ip4_addr_t address = { link->address }, mask = { link->mask };
	ip4_addr_t via = { gateway };

	netif_add(netif, &address, &mask, &via, link, frames_init, tcpip_input);
	netif_set_up(netif);
}

static void echo(void *arg, struct udp_pcb *pcb, struct pbuf *p,
		 const ip_addr_t *peer, u16_t port)
{
	(void)arg;
	udp_sendto(pcb, p, peer, port);
	pbuf_free(p);
}

static void serve_echo(void)
{
	struct udp_pcb *pcb = udp_new();

	if (!pcb || udp_bind(pcb, IP4_ADDR_ANY, DUT_ECHO_PORT) != ERR_OK) {
		fprintf(stderr, "lwip: cannot serve UDP echo\n");
		exit(1);
	}
	ip_set_option(pcb, SOF_BROADCAST);
	udp_recv(pcb, echo, NULL);
}

/* False: the other end of the link is gone. */
static int frame_in(struct netif *netif)
{
	static uint8_t frame[DUT_FRAME_MAX];
	const struct dut_link *link = netif->state;
	ssize_t got = read(link->fd, frame, sizeof(frame));
	struct pbuf *p;

	if (got < 0 && errno != EINTR)
		die("read");
	if (got <= 0)
		return got < 0;
	p = pbuf_alloc(PBUF_RAW, (u16_t)got, PBUF_RAM);
	if (!p)
		return 1;
	pbuf_take(p, frame, (u16_t)got);
	if (netif->input(p, netif) != ERR_OK)
		pbuf_free(p);
	return 1;
}

static void frames_in(struct netif *netifs, const struct dut *dut)
{
	struct pollfd ready[DUT_LINKS] = { 0 };
	int i;

	for (i = 0; i < dut->links; i++)
		ready[i] = (struct pollfd){ .fd = dut->link[i].fd,
					    .events = POLLIN };
	while (poll(ready, (nfds_t)dut->links, -1) >= 0 || errno == EINTR)
		for (i = 0; i < dut->links; i++)
			if (ready[i].revents && !frame_in(&netifs[i]))
				return;
	die("poll");
}

int main(int argc, char **argv)
{
	static struct netif netifs[DUT_LINKS];
	static struct dut dut;
	int i;

	dut = dut_parse(argc, argv);
	tcpip_init(NULL, NULL);
	LOCK_TCPIP_CORE();
	for (i = 0; i < dut.links; i++)
		add_link(&netifs[i], &dut.link[i], i ? 0 : dut.gateway);
	netif_set_default(&netifs[0]);
	serve_echo();
	UNLOCK_TCPIP_CORE();
	dut_ready("lwIP " LWIP_VERSION_STRING);
	frames_in(netifs, &dut);
	return 0;
}
