/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A stack whose time the tester drives (artifact/conformance/clock.py). When
 * standard input is a socket, nanoseconds come on it as a 64-bit number of the
 * machine's; that much time is let pass, and an octet goes back. A library
 * kernel that was started with LKL_VIRTUAL_TIME handles what has come before
 * its clock moves on, and moves it from timer to timer.
 *
 * Whoever includes this has defined KERNEL(nr, a, b, c, d, e, f).
 */
#ifndef UK_DUT_DRIVEN_H
#define UK_DUT_DRIVEN_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define DRIVEN_FRAME_MAX 65536

static int clock_is_driven(void)
{
	struct stat status;

	return !fstat(STDIN_FILENO, &status) && S_ISSOCK(status.st_mode);
}

/* Echo what waits on the socket (RFC 862). */
static void serve_waiting(long s)
{
	static char data[DRIVEN_FRAME_MAX];
	struct sockaddr_storage peer;
	socklen_t len;
	long got;

	for (;;) {
		len = sizeof(peer);
		got = KERNEL(SYS_recvfrom, s, data, sizeof(data), MSG_DONTWAIT,
			     &peer, &len);
		if (got < 0)
			return;
		/* A peer that cannot be reached is not the service's business. */
		KERNEL(SYS_sendto, s, data, got, 0, &peer, len);
	}
}

static void let_pass(uint64_t ns)
{
	struct timespec span = { .tv_sec = ns / 1000000000,
				 .tv_nsec = ns % 1000000000 };

	KERNEL(SYS_nanosleep, &span, 0, 0, 0, 0, 0);
}

/* Until the tester goes away. */
static void serve_driven(long s)
{
	uint64_t ns;

	while (read(STDIN_FILENO, &ns, sizeof(ns)) == sizeof(ns)) {
		let_pass(ns);
		serve_waiting(s);
		if (write(STDIN_FILENO, "", 1) != 1)
			return;
	}
}

#endif
