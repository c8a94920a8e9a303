// SPDX-License-Identifier: GPL-2.0-only
/*
 * What process 1 finds in /setup: one "key=value" after the other, each ended
 * by NUL, in the order in which things are to be done.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"

static char *text;
static size_t size;
static FILE *stream;

void setup_add(const char *key, const char *format, ...)
{
	va_list args;

	if (!stream)
		stream = open_memstream(&text, &size);
	if (!stream)
		die("no memory: %s", strerror(errno));
	fprintf(stream, "%s=", key);
	va_start(args, format);
	vfprintf(stream, format, args);
	va_end(args);
	fputc(0, stream);
}

void setup_finish(void)
{
	if (fclose(stream))
		die("no memory: %s", strerror(errno));
	host_ops.setup = text;
	host_ops.setup_size = size;
}
