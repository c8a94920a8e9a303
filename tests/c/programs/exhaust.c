// SPDX-License-Identifier: GPL-2.0-only
/*
 * exhaust WHAT: takes all that there is of it, says how much that was and ends
 * with status 5, with everything still taken.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define STATUS 5
#define ENOUGH 1000000L

static long descriptors(void)
{
	long n = 0;

	while (n < ENOUGH && dup(0) >= 0)
		n++;
	return n;
}

static char text[64 << 10];

static long pipes(void)
{
	long n = 0;
	int fd[2];

	while (n < ENOUGH && !pipe2(fd, O_NONBLOCK)) {
		/* All of them full. */
		while (write(fd[1], text, sizeof(text)) > 0)
			;
		n++;
	}
	return n;
}

static long sockets(void)
{
	long n = 0;
	int fd[2];

	while (n < ENOUGH && !socketpair(AF_UNIX, SOCK_STREAM, 0, fd)) {
		/* A descriptor in flight that refers to its own socket. */
		char control[CMSG_SPACE(sizeof(fd))];
		struct iovec iov = { "x", 1 };
		struct msghdr msg = { .msg_iov = &iov,
				      .msg_iovlen = 1,
				      .msg_control = control,
				      .msg_controllen = sizeof(control) };
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(c), fd, sizeof(fd));
		sendmsg(fd[0], &msg, MSG_DONTWAIT);
		n++;
	}
	return n;
}

static long terminals(void)
{
	long n = 0;

	while (n < ENOUGH && posix_openpt(O_RDWR | O_NOCTTY) >= 0)
		n++;
	return n;
}

static long timers(void)
{
	struct itimerspec often = { { 0, 1000000 }, { 0, 1000000 } };
	struct sigevent ev = { .sigev_notify = SIGEV_NONE };
	timer_t t;
	long n = 0;

	while (n < ENOUGH && !timer_create(CLOCK_MONOTONIC, &ev, &t) &&
	       !timer_settime(t, 0, &often, NULL))
		n++;
	return n;
}

static void *wait_here(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static long threads(void)
{
	pthread_attr_t attr;
	pthread_t t;
	long n = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16 << 10);
	while (n < ENOUGH && !pthread_create(&t, &attr, wait_here, NULL))
		n++;
	return n;
}

static long processes(void)
{
	char *argv[] = { "exhaust", "wait", NULL };
	long n = 0;
	pid_t pid;

	while (n < ENOUGH &&
	       !posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ))
		n++;
	return n;
}

static long mappings(void)
{
	long n = 0;

	while (n < ENOUGH &&
	       mmap(NULL, 4096, n & 1 ? PROT_READ : PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		n++;
	return n;
}

static long addresses(void)
{
	size_t size = 1UL << 46;
	long n = 0;

	for (; size >= 4096; size /= 2)
		while (mmap(NULL, size, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			    0) != MAP_FAILED)
			n++;
	return n;
}

static long filled(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	long n = 0;

	while (write(fd, text, sizeof(text)) > 0)
		n++;
	return n;
}

static long room(void)
{
	return filled("/dev/shm/all");
}

/* Each tmpfs takes half of the kernel's memory; who takes all of it is killed. */
static long memory(void)
{
	return filled("/dev/shm/all") + filled("/dev/all");
}

static long epolls(void)
{
	long n = 0;
	int last = epoll_create1(0), next;
	struct epoll_event ev = { .events = EPOLLIN };

	while (n < ENOUGH && (next = epoll_create1(0)) >= 0) {
		epoll_ctl(next, EPOLL_CTL_ADD, last, &ev);
		last = next;
		n++;
	}
	return n;
}

static long closed(void)
{
	for (int fd = 0; fd < 1024; fd++)
		close(fd);
	return 0;
}

static long limits(void)
{
	struct rlimit none = { 0, 0 };

	for (int i = 0; i < RLIMIT_NLIMITS; i++)
		if (i != RLIMIT_CPU && i != RLIMIT_FSIZE)
			setrlimit(i, &none);
	return 0;
}

/* A child that cannot be ended by a signal it may catch. */
static long stubborn(void)
{
	char *argv[] = { "exhaust", "deaf", NULL };
	pid_t pid;

	return posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ);
}

static const struct {
	const char *what;
	long (*act)(void);
} all[] = {
	{ "descriptors", descriptors },
	{ "pipes", pipes },
	{ "sockets", sockets },
	{ "terminals", terminals },
	{ "timers", timers },
	{ "threads", threads },
	{ "processes", processes },
	{ "mappings", mappings },
	{ "addresses", addresses },
	{ "memory", memory },
	{ "room", room },
	{ "epolls", epolls },
	{ "closed", closed },
	{ "limits", limits },
	{ "stubborn", stubborn },
};

static int named(const char *what)
{
	if (!strcmp(what, "wait"))
		wait_here(NULL);
	if (!strcmp(what, "deaf")) {
		sigset_t every;

		sigfillset(&every);
		sigprocmask(SIG_SETMASK, &every, NULL);
		for (;;)
			;
	}
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (!strcmp(what, "list"))
			puts(all[i].what);
		if (!strcmp(what, all[i].what)) {
			long n = all[i].act();

			printf("%s: %ld, then %s\n", what, n, strerror(errno));
			fflush(stdout);
			_exit(STATUS);
		}
	}
	return strcmp(what, "list") ? 2 : 0;
}

int main(int argc, char **argv)
{
	return argc == 2 ? named(argv[1]) : 2;
}
