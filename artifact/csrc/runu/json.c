// SPDX-License-Identifier: GPL-2.0-only
/* JSON, by cJSON; with errors that say where. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runu.h"

static char *read_all(const char *file, size_t *size)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *all;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st))
		die("%s: %s", file, strerror(errno));
	all = need(malloc(st.st_size + 1));
	n = read(fd, all, st.st_size);
	if (n != st.st_size)
		die("%s: %s", file, n < 0 ? strerror(errno) : "cut short");
	all[n] = 0;
	*size = n;
	close(fd);
	return all;
}

static void __attribute__((noreturn)) bad(const char *file, const char *all,
					  const char *at)
{
	int line = 1, column = 1;

	for (const char *c = all; at && c < at; c++) {
		column = *c == '\n' ? 1 : column + 1;
		line += *c == '\n';
	}
	die("%s: line %d, column %d: not JSON; correct the file", file, line,
	    column);
}

cJSON *json_load(const char *file)
{
	const char *end;
	size_t size;
	char *all = read_all(file, &size);
	cJSON *value = cJSON_ParseWithLengthOpts(all, size + 1, &end, true);

	if (!value || memchr(all, 0, size))
		bad(file, all, end);
	free(all);
	return value;
}

const cJSON *json_get(const cJSON *at, const char *path)
{
	char name[128];

	while (at && *path) {
		size_t n = strcspn(path, ".");

		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		if (!cJSON_IsObject(at))
			return NULL;
		at = cJSON_GetObjectItemCaseSensitive(at, name);
		path += n + (path[n] == '.');
	}
	return at && cJSON_IsNull(at) ? NULL : at;
}

const char *json_text(const cJSON *at, const char *path, const char *otherwise)
{
	const cJSON *value = json_get(at, path);

	if (!value)
		return otherwise;
	if (!cJSON_IsString(value))
		die("config.json: %s: must be a string", path);
	return value->valuestring;
}

double json_number(const cJSON *at, const char *path, double otherwise)
{
	const cJSON *value = json_get(at, path);

	if (!value)
		return otherwise;
	if (!cJSON_IsNumber(value))
		die("config.json: %s: must be a number", path);
	return value->valuedouble;
}

bool json_bool(const cJSON *at, const char *path, bool otherwise)
{
	const cJSON *value = json_get(at, path);

	if (!value)
		return otherwise;
	if (!cJSON_IsBool(value))
		die("config.json: %s: must be true or false", path);
	return cJSON_IsTrue(value);
}

/* An array or NULL. */
const cJSON *json_list(const cJSON *at, const char *path)
{
	const cJSON *value = json_get(at, path);

	if (value && !cJSON_IsArray(value))
		die("config.json: %s: must be an array", path);
	return value;
}

/* org.ukontainer.NAME, or NULL; its name has dots, so it is no path. */
const char *json_annotation(const cJSON *config, const char *name)
{
	const cJSON *all = json_get(config, "annotations"), *value;
	char key[128];

	snprintf(key, sizeof(key), ANNOTATION "%s", name);
	value = all ? cJSON_GetObjectItemCaseSensitive(all, key) : NULL;
	if (value && !cJSON_IsString(value))
		die("config.json: annotations: %s: must be a string", key);
	return value ? value->valuestring : NULL;
}

void json_print(const cJSON *value)
{
	puts(need(cJSON_Print(value)));
}

char *json_line(const cJSON *value)
{
	return need(cJSON_PrintUnformatted(value));
}
