/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every main of this directory is told, and how:
 *
 *	PROGRAM GATEWAY LINK [LINK] [KEY=VALUE ...]
 *
 * A LINK is WHERE,MAC,ADDRESS/PREFIX,MTU[,ALIAS]: an inherited descriptor on which one
 * read or write is one Ethernet frame (a tap without packet information, or a
 * datagram socket; inside a guest the interface's name instead), and what the
 * stack's interface there is given. KEY=VALUE are settings in the stack's own
 * words. Each main serves UDP echo (RFC 862) on port 7 and prints one line,
 * "ready" and its version, when it can be reached.
 *
 * Addresses are in network byte order. Plain integers, no socket headers:
 * some stacks bring their own.
 */
#ifndef UK_DUT_H
#define UK_DUT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DUT_LINKS 2
#define DUT_MAC_LEN 6
#define DUT_ECHO_PORT 7
#define DUT_FRAME_MAX 65536
#define DUT_MTU_MAX 1500
#define DUT_ETHERNET_HEADER 14

struct dut_link {
	char where[16];
	int fd;
	unsigned char mac[DUT_MAC_LEN];
	uint32_t address, mask;
	uint32_t alias; /* a second address, or 0 */
	unsigned int mtu;
};

struct dut {
	uint32_t gateway;
	int links;
	struct dut_link link[DUT_LINKS];
	char **settings; /* KEY=VALUE, up to a null pointer */
};

static inline int dut_address(const char *text, uint32_t *address)
{
	unsigned int part[4];
	unsigned char octet[4];
	int i;

	if (sscanf(text, "%u.%u.%u.%u", &part[0], &part[1], &part[2],
		   &part[3]) != 4)
		return -1;
	for (i = 0; i < 4; i++) {
		if (part[i] > 255)
			return -1;
		octet[i] = (unsigned char)part[i];
	}
	memcpy(address, octet, sizeof(octet));
	return 0;
}

static inline uint32_t dut_mask(unsigned int prefix)
{
	uint32_t bits = UINT32_MAX << (32 - prefix), mask;
	unsigned char octet[4] = { (unsigned char)(bits >> 24),
				   (unsigned char)(bits >> 16),
				   (unsigned char)(bits >> 8),
				   (unsigned char)bits };

	memcpy(&mask, octet, sizeof(mask));
	return mask;
}

static inline int dut_link(const char *text, struct dut_link *link)
{
	unsigned int m[DUT_MAC_LEN], prefix, i;
	char address[16], alias[16] = "0.0.0.0";

	if (sscanf(text, "%15[^,],%x:%x:%x:%x:%x:%x,%15[0-9.]/%u,%u,%15[0-9.]",
		   link->where, &m[0], &m[1], &m[2], &m[3], &m[4], &m[5],
		   address, &prefix, &link->mtu, alias) < 10 ||
	    dut_address(address, &link->address) ||
	    dut_address(alias, &link->alias) || prefix < 1 || prefix > 32 ||
	    link->mtu > DUT_MTU_MAX)
		return -1;
	for (i = 0; i < DUT_MAC_LEN; i++)
		link->mac[i] = (unsigned char)m[i];
	link->fd = atoi(link->where);
	link->mask = dut_mask(prefix);
	return 0;
}

/* Ends the program with its usage when the words are not as above. */
static inline struct dut dut_parse(int argc, char **argv)
{
	struct dut dut;
	int good, i = 2;

	memset(&dut, 0, sizeof(dut));
	good = argc > 2 && !dut_address(argv[1], &dut.gateway);
	for (; good && i < argc && !strchr(argv[i], '='); i++)
		good = dut.links < DUT_LINKS &&
		       !dut_link(argv[i], &dut.link[dut.links++]);
	if (!good || !dut.links) {
		fprintf(stderr,
			"usage: %s GATEWAY WHERE,MAC,ADDRESS/PREFIX,MTU [LINK] [KEY=VALUE ...]\n",
			argc ? argv[0] : "dut");
		exit(2);
	}
	dut.settings = argv + i;
	return dut;
}

static inline void dut_ready(const char *version)
{
	printf("ready %s\n", version);
	fflush(stdout);
}

#endif
