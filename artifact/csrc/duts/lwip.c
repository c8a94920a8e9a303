// SPDX-License-Identifier: GPL-2.0-only
/*
 * lwIP as a device under test: frames come and go on a descriptor that was
 * inherited (a tap without packet information, or a datagram socket), UDP
 * echo (RFC 862) is served on port 7, everything else is lwIP's default.
 *
 * usage: lwip FD MAC ADDRESS/PREFIX GATEWAY
 *        lwip version
 *
 * Frames go into buffers of our own size (PBUF_RAM): the elements of the
 * packaged library's pool are smaller than a frame.
 */
#include <errno.h>
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

#define FRAME_MAX 65536
#define MTU 1500
#define ECHO_PORT 7

struct config {
	int fd;
	uint8_t mac[ETH_HWADDR_LEN];
	ip4_addr_t address, mask, gateway;
};

static struct config config;

static void die(const char *what)
{
	fprintf(stderr, "lwip: %s: %s\n", what, strerror(errno));
	exit(1);
}

static err_t frame_out(struct netif *netif, struct pbuf *p)
{
	uint8_t frame[MTU + SIZEOF_ETH_HDR];

	(void)netif;
	if (p->tot_len > sizeof(frame))
		return ERR_BUF;
	pbuf_copy_partial(p, frame, p->tot_len, 0);
	return write(config.fd, frame, p->tot_len) < 0 ? ERR_IF : ERR_OK;
}

static err_t frames_init(struct netif *netif)
{
	netif->name[0] = 'u';
	netif->name[1] = 'k';
	netif->mtu = MTU;
	netif->hwaddr_len = ETH_HWADDR_LEN;
	memcpy(netif->hwaddr, config.mac, ETH_HWADDR_LEN);
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP |
		       NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP |
		       NETIF_FLAG_LINK_UP;
	netif->output = etharp_output;
	netif->linkoutput = frame_out;
	return ERR_OK;
}

static void echo(void *arg, struct udp_pcb *pcb, struct pbuf *p,
		 const ip_addr_t *peer, u16_t port)
{
	(void)arg;
	udp_sendto(pcb, p, peer, port);
	pbuf_free(p);
}

static void start(void *netif)
{
	struct udp_pcb *pcb = udp_new();

	netif_add(netif, &config.address, &config.mask, &config.gateway, NULL,
		  frames_init, tcpip_input);
	netif_set_default(netif);
	netif_set_up(netif);
	if (!pcb || udp_bind(pcb, IP4_ADDR_ANY, ECHO_PORT) != ERR_OK) {
		fprintf(stderr, "lwip: cannot serve UDP echo\n");
		exit(1);
	}
	ip_set_option(pcb, SOF_BROADCAST);
	udp_recv(pcb, echo, NULL);
}

static void frames_in(struct netif *netif)
{
	static uint8_t frame[FRAME_MAX];
	ssize_t got;
	struct pbuf *p;

	for (;;) {
		got = read(config.fd, frame, sizeof(frame));
		if (got == 0)
			return;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			die("read");
		p = pbuf_alloc(PBUF_RAW, (u16_t)got, PBUF_RAM);
		if (!p)
			continue;
		pbuf_take(p, frame, (u16_t)got);
		if (netif->input(p, netif) != ERR_OK)
			pbuf_free(p);
	}
}

static int parse(char **argv)
{
	unsigned int m[ETH_HWADDR_LEN], i, prefix;
	char *slash = strchr(argv[3], '/');

	config.fd = atoi(argv[1]);
	if (sscanf(argv[2], "%x:%x:%x:%x:%x:%x", &m[0], &m[1], &m[2], &m[3],
		   &m[4], &m[5]) != ETH_HWADDR_LEN ||
	    !slash)
		return -1;
	for (i = 0; i < ETH_HWADDR_LEN; i++)
		config.mac[i] = (uint8_t)m[i];
	*slash = '\0';
	prefix = (unsigned int)atoi(slash + 1);
	if (prefix < 1 || prefix > 32)
		return -1;
	config.mask.addr = lwip_htonl(UINT32_MAX << (32 - prefix));
	if (!ip4addr_aton(argv[3], &config.address) ||
	    !ip4addr_aton(argv[4], &config.gateway))
		return -1;
	return 0;
}

int main(int argc, char **argv)
{
	static struct netif netif;

	if (argc == 2 && !strcmp(argv[1], "version")) {
		puts("lwIP " LWIP_VERSION_STRING);
		return 0;
	}
	if (argc != 5 || parse(argv)) {
		fprintf(stderr, "usage: lwip FD MAC ADDRESS/PREFIX GATEWAY\n");
		return 2;
	}
	tcpip_init(NULL, NULL);
	LOCK_TCPIP_CORE();
	start(&netif);
	UNLOCK_TCPIP_CORE();
	frames_in(&netif);
	return 0;
}
