// SPDX-License-Identifier: GPL-2.0-only
/* lookup NAME...: "NAME ADDRESS" for each, or "NAME" and why there is none. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

static void look(const char *name)
{
	struct addrinfo hints = { .ai_family = AF_INET,
				  .ai_socktype = SOCK_DGRAM };
	struct addrinfo *found = NULL;
	char word[INET_ADDRSTRLEN];
	int error = getaddrinfo(name, NULL, &hints, &found);

	if (error) {
		printf("%s %s\n", name, gai_strerror(error));
		return;
	}
	inet_ntop(AF_INET, &((struct sockaddr_in *)found->ai_addr)->sin_addr,
		  word, sizeof(word));
	printf("%s %s\n", name, word);
	freeaddrinfo(found);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		look(argv[i]);
	return 0;
}
