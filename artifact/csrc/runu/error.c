// SPDX-License-Identifier: GPL-2.0-only
/* What goes wrong is said once, in one line, where engines look for it. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runu.h"

void (*undo)(void);
int tell_fd = -1;

static void log_line(const char *level, const char *message)
{
	char when[64];
	time_t now = time(NULL);
	cJSON *line;
	char *json;
	FILE *f;

	if (!globals.log || !(f = fopen(globals.log, "ae")))
		return;
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	if (globals.log_json) {
		line = cJSON_CreateObject();
		cJSON_AddStringToObject(line, "level", level);
		cJSON_AddStringToObject(line, "msg", message);
		cJSON_AddStringToObject(line, "time", when);
		json = cJSON_PrintUnformatted(line);
		fprintf(f, "%s\n", json ?: "");
	} else {
		fprintf(f, "time=\"%s\" level=%s msg=\"%s\"\n", when, level,
			message);
	}
	fclose(f);
}

char *text(const char *format, ...)
{
	va_list args;
	char *result;

	va_start(args, format);
	if (vasprintf(&result, format, args) < 0)
		result = NULL;
	va_end(args);
	return need(result);
}

void *need(void *memory)
{
	if (!memory) {
		fputs("runu: no memory\n", stderr);
		exit(1);
	}
	return memory;
}

void die(const char *format, ...)
{
	char message[2048];
	void (*last)(void) = undo;
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (tell_fd >= 0) {
		(void)!write(tell_fd, message, strlen(message));
		_exit(1);
	}
	undo = NULL;
	if (last)
		last();
	log_line("error", message);
	fflush(stdout);
	fprintf(stderr, "runu: %s\n", message);
	exit(1);
}

void warn(const char *format, ...)
{
	char message[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	log_line("warning", message);
	if (!globals.log)
		fprintf(stderr, "runu: %s\n", message);
}

/* For who looks for it: in a log file only. */
void note(const char *format, ...)
{
	char message[2048];
	va_list args;

	if (!globals.debug && !globals.log)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	log_line("info", message);
	if (globals.debug && !globals.log)
		fprintf(stderr, "runu: %s\n", message);
}
