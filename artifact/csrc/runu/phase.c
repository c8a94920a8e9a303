// SPDX-License-Identifier: GPL-2.0-only
/*
 * One JSON line for each phase of a start, when it begins:
 * {"phase": ..., "at": nanoseconds of the wall clock}
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runu.h"

static int out = -1;

void phase_open(void)
{
	const char *file = getenv("RUNU_PHASES");

	if (file)
		out = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
			   0644);
	phase("start");
}

int phase_fd(void)
{
	return out;
}

void phase(const char *name)
{
	struct timespec ts;
	char line[96];
	int n;

	if (out < 0)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	n = snprintf(line, sizeof(line), "{\"phase\": \"%s\", \"at\": %lld}\n",
		     name, ts.tv_sec * 1000000000LL + ts.tv_nsec);
	(void)!write(out, line, n);
}
