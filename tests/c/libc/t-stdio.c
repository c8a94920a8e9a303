// SPDX-License-Identifier: GPL-2.0-only
/* Streams, formats and characters without a locale. */
#define _GNU_SOURCE
#include "tap.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

static void formats(void)
{
	char text[128];
	double x = 0;
	long n = 0;
	char word[8] = "";

	EQ(snprintf(text, sizeof(text), "%d|%5.2f|%-4s|%#x|%zu|%lld", -3, 2.5,
		    "ab", 255, (size_t)7, 1LL << 40),
	   34);
	OK(!strcmp(text, "-3| 2.50|ab  |0xff|7|1099511627776"));
	snprintf(text, sizeof(text), "%.17g %a %Lf", 0.1, 1.0, 3.25L);
	OK(!strcmp(text, "0.10000000000000001 0x1p+0 3.250000"));
	EQ(sscanf("42 2.75 word", "%ld %lf %7s", &n, &x, word), 3);
	OK(n == 42 && x == 2.75 && !strcmp(word, "word"));
	OK(strtod("1e308", NULL) > 9e307 && isinf(strtod("1e309", NULL)));
	OK(strtoul("ffffffffffffffff", NULL, 16) == -1UL);
}

static void streams(void)
{
	char *line = NULL, *made = NULL, name[] = "/tmp/t-stdio-XXXXXX";
	size_t size = 0, made_size = 0;
	int fd = mkstemp(name), lines = 0;
	struct stat st;
	FILE *f;

	if (!OK(fd >= 0))
		return;
	f = fdopen(fd, "w+");
	for (int i = 0; i < 10000; i++)
		fprintf(f, "line %d\n", i);
	EQ(fflush(f), 0);
	fstat(fd, &st);
	EQ(st.st_size, 98890);
	rewind(f);
	while (getline(&line, &size, f) > 0)
		lines += strlen(line) > 5;
	EQ(lines, 10000);
	OK(feof(f) && !ferror(f));
	EQ(fseek(f, 5, SEEK_SET), 0);
	EQ(getc(f), '0');
	EQ(ungetc('x', f), 'x');
	EQ(getc(f), 'x');
	EQ(fclose(f), 0);
	unlink(name);
	free(line);
	f = open_memstream(&made, &made_size);
	fprintf(f, "%s %d", "memory", 5);
	fclose(f);
	OK(made_size == 8 && !strcmp(made, "memory 5"));
	free(made);
	f = tmpfile();
	OK(f);
	if (f)
		fclose(f);
	FAILS(fopen("/no/such/file", "r") ? 0 : -1, ENOENT);
}

static void characters(void)
{
	wchar_t wide[8];
	char text[16];

	OK(setlocale(LC_ALL, "C.UTF-8"));
	EQ(mbstowcs(wide, "a\xc3\xa9\xe2\x82\xac", 8), 3);
	OK(wide[1] == 0xe9 && wide[2] == 0x20ac);
	EQ(wcstombs(text, wide, sizeof(text)), 6);
	OK(!strcmp(text, "a\xc3\xa9\xe2\x82\xac"));
	OK(setlocale(LC_ALL, "C"));
}

static void memory(void)
{
	char *blocks[1000];
	int wrong = 0;

	for (size_t i = 0; i < 1000; i++) {
		blocks[i] = malloc(i * 37 + 1);
		memset(blocks[i], (int)i, i * 37 + 1);
	}
	for (size_t i = 0; i < 1000; i += 2)
		free(blocks[i]);
	for (size_t i = 1; i < 1000; i += 2) {
		blocks[i] = realloc(blocks[i], i * 74 + 1);
		wrong += blocks[i][i * 37] != (char)i;
	}
	for (size_t i = 1; i < 1000; i += 2)
		free(blocks[i]);
	EQ(wrong, 0);
	OK(!malloc(-1UL >> 1) && errno == ENOMEM);
}

int main(void)
{
	formats();
	streams();
	characters();
	memory();
	return tap_done();
}
