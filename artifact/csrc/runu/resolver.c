// SPDX-License-Identifier: GPL-2.0-only
/*
 * An engine's name server on a loopback address of the network namespace: docker
 * has 127.0.0.11 on networks that users make. The library kernel's loopback is
 * another one, so process 1 there gets a socket to that server, and the addresses
 * of others to ask when it is silent (its resolver.c says why).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rootfs.h"
#include "runu.h"
#include "process.h"

#define PORT 53
#define HOST_FILE "/etc/resolv.conf"
/* Where systemd-resolved has the servers, when HOST_FILE names itself. */
#define HOST_FILE_BEHIND "/run/systemd/resolve/resolv.conf"

static bool is_loopback(const char *word)
{
	return !strncmp(word, "127.", 4);
}

/* The next IPv4 name server of a resolv.conf(5), or false. */
static bool next_server(FILE *f, char word[INET_ADDRSTRLEN])
{
	struct in_addr address;
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "nameserver %15s", word) == 1 &&
		    inet_pton(AF_INET, word, &address) == 1)
			return true;
	return false;
}

static bool engine_server(const struct container *c, char word[INET_ADDRSTRLEN])
{
	const cJSON *mount;
	bool found = false;

	cJSON_ArrayForEach(mount, json_list(c->config, "mounts"))
	{
		char *file;
		FILE *f;

		if (strcmp(json_text(mount, "destination", ""), HOST_FILE))
			continue;
		file = rootfs_path(c, json_text(mount, "source", ""));
		f = fopen(file, "re");
		found = next_server(f, word) && is_loopback(word);
		if (f)
			fclose(f);
		free(file);
	}
	return found;
}

static bool tell_file(const char *path)
{
	char word[INET_ADDRSTRLEN];
	FILE *f = fopen(path, "re");
	bool any = false;

	while (next_server(f, word)) {
		if (is_loopback(word))
			continue;
		setup_add("resolver-other", "%s", word);
		any = true;
	}
	if (f)
		fclose(f);
	return any;
}

static void tell_others(const cJSON *config)
{
	const char *all = json_annotation(config, "dns");
	struct in_addr address;

	if (!all) {
		if (!tell_file(HOST_FILE))
			tell_file(HOST_FILE_BEHIND);
		return;
	}
	for (; *all; all += strcspn(all, ","), all += *all == ',') {
		char word[INET_ADDRSTRLEN];

		snprintf(word, sizeof(word), "%.*s", (int)strcspn(all, ","),
			 all);
		if (inet_pton(AF_INET, word, &address) != 1)
			die("annotation " ANNOTATION
			    "dns: %s: IPv4 addresses with commas between them",
			    all);
		setup_add("resolver-other", "%s", word);
	}
}

void resolver_take(const struct container *c)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(PORT) };
	char word[INET_ADDRSTRLEN];
	int fd;

	if (!engine_server(c, word))
		return;
	inet_pton(AF_INET, word, &to.sin_addr);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (void *)&to, sizeof(to))) {
		warn("name server %s: %s", word, strerror(errno));
		if (fd >= 0)
			close(fd);
		return;
	}
	setup_add("resolver", "%d:%s", fd, word);
	tell_others(c->config);
}
