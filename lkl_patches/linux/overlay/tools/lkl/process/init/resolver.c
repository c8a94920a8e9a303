// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine's name server, for docker 127.0.0.11, listens on a loopback address
 * of the host's network stack, where our programs have ours. So we listen there
 * and pass queries (RFC 1035, over UDP) on to a descriptor of the host. That
 * server asks others from the very network that is ours now, and then falls
 * silent: what it does not answer at once we ask the others ourselves.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "init.h"

#define PORT 53
#define HEADER 12
#define MAX_MESSAGE 4096
#define MAX_QUERY 512 /* of a query without more; a longer one is not kept */
#define MAX_QUERIES 64 /* under way; a power of two */
#define MAX_OTHERS 3 /* resolv.conf(5), MAXNS */
#define AT_ONCE_MS 200

/* A query under way; its own id is with the asker, @id is what we gave it. */
struct query {
	bool waiting;
	uint16_t asker_id, id;
	struct sockaddr_in asker;
	long long until; /* when the others are asked, or 0: they have been */
	size_t size;
	char text[MAX_QUERY];
};

static struct query queries[MAX_QUERIES];
static unsigned int next;
static int inside = -1, engine = -1, outside = -1;
static struct in_addr others[MAX_OTHERS];
static int other_count;

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static struct sockaddr_in server(struct in_addr address)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(PORT),
				     .sin_addr = address };
}

/* FD:ADDRESS, the host's descriptor of the server and where programs look for it. */
void resolver_open(const char *text)
{
	const char *word = strchr(text, ':');
	struct in_addr address;
	struct sockaddr_in at;

	if (!word || inet_pton(AF_INET, word + 1, &address) != 1)
		fail("/setup: resolver=%s", text);
	at = server(address);
	inside = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	outside = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	engine = host_descriptor(atoi(text));
	if (inside < 0 || outside < 0 || engine < 0 ||
	    bind(inside, (void *)&at, sizeof(at)))
		fail("name server %s: %s", word + 1, strerror(errno));
	inside = aside(inside);
	outside = aside(outside);
	engine = aside(engine);
	fcntl(engine, F_SETFL, O_NONBLOCK);
}

void resolver_other(const char *text)
{
	if (other_count < MAX_OTHERS &&
	    inet_pton(AF_INET, text, &others[other_count]) == 1)
		other_count++;
}

static void ask_others(struct query *q)
{
	q->until = 0;
	for (int i = 0; i < other_count && q->size; i++) {
		struct sockaddr_in to = server(others[i]);

		sendto(outside, q->text, q->size, 0, (void *)&to, sizeof(to));
	}
}

/* The low bits of its id say where it is kept. */
static struct query *keep(const char *text, size_t size,
			  const struct sockaddr_in *asker)
{
	struct query *q = &queries[next];
	uint16_t odd = 0;

	(void)!getrandom(&odd, sizeof(odd), 0);
	*q = (struct query){ .waiting = true,
			     .id = odd / MAX_QUERIES * MAX_QUERIES + next,
			     .asker = *asker,
			     .until = now_ms() + AT_ONCE_MS };
	memcpy(&q->asker_id, text, sizeof(q->asker_id));
	next = (next + 1) % MAX_QUERIES;
	if (size > MAX_QUERY)
		return q;
	memcpy(q->text, text, size);
	memcpy(q->text, &q->id, sizeof(q->id));
	q->size = size;
	return q;
}

static void hear_asker(void)
{
	static char text[MAX_MESSAGE];
	struct sockaddr_in asker;
	socklen_t length = sizeof(asker);
	ssize_t n = recvfrom(inside, text, sizeof(text), 0, (void *)&asker,
			     &length);
	struct query *q;

	if (n < HEADER)
		return;
	q = keep(text, n, &asker);
	memcpy(text, &q->id, sizeof(q->id));
	if (write(engine, text, n) != n)
		ask_others(q);
}

static bool is_other(const struct sockaddr_in *from)
{
	for (int i = 0; i < other_count; i++)
		if (from->sin_port == htons(PORT) &&
		    from->sin_addr.s_addr == others[i].s_addr)
			return true;
	return false;
}

static void pass_back(char *text, ssize_t n)
{
	struct query *q;
	uint16_t id;

	if (n < HEADER)
		return;
	memcpy(&id, text, sizeof(id));
	q = &queries[id % MAX_QUERIES];
	if (!q->waiting || q->id != id)
		return;
	q->waiting = false;
	memcpy(text, &q->asker_id, sizeof(q->asker_id));
	sendto(inside, text, n, 0, (void *)&q->asker, sizeof(q->asker));
}

static void hear_engine(void)
{
	static char text[MAX_MESSAGE];

	/* An error says that nobody listens: the others are asked in time. */
	pass_back(text, read(engine, text, sizeof(text)));
}

static void hear_other(void)
{
	static char text[MAX_MESSAGE];
	struct sockaddr_in from;
	socklen_t length = sizeof(from);
	ssize_t n = recvfrom(outside, text, sizeof(text), 0, (void *)&from,
			     &length);

	if (n > 0 && is_other(&from))
		pass_back(text, n);
}

enum { INSIDE, ENGINE, OUTSIDE, FDS };

_Static_assert(FDS == RESOLVER_FDS, "run.c has room for them");

/* Returns for how long to wait at most, as poll(2) has it. */
int resolver_poll(struct pollfd *fds)
{
	long long first = 0, left;

	fds[INSIDE] = (struct pollfd){ inside, POLLIN, 0 };
	fds[ENGINE] = (struct pollfd){ engine, POLLIN, 0 };
	fds[OUTSIDE] = (struct pollfd){ outside, POLLIN, 0 };
	for (int i = 0; i < MAX_QUERIES; i++) {
		const struct query *q = &queries[i];

		if (q->waiting && q->until && (!first || q->until < first))
			first = q->until;
	}
	left = first ? first - now_ms() : -1;
	return first && left < 0 ? 0 : left;
}

void resolver_events(const struct pollfd *fds)
{
	if (inside < 0)
		return;
	if (fds[INSIDE].revents)
		hear_asker();
	if (fds[ENGINE].revents)
		hear_engine();
	if (fds[OUTSIDE].revents)
		hear_other();
	for (int i = 0; i < MAX_QUERIES; i++) {
		struct query *q = &queries[i];

		if (q->waiting && q->until && q->until <= now_ms())
			ask_others(q);
	}
}
