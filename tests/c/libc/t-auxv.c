// SPDX-License-Identifier: GPL-2.0-only
/* The auxiliary vector, the environment and the arguments, as the program sees them. */
#define _GNU_SOURCE
#include "tap.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

extern char etext[], __executable_start[];
extern char **environ;

static void program_headers(void)
{
	const ElfW(Phdr) *ph = (void *)getauxval(AT_PHDR);
	unsigned long n = getauxval(AT_PHNUM);
	int loads = 0;

	EQ(getauxval(AT_PHENT), sizeof(*ph));
	OK((char *)ph >= __executable_start && n > 0);
	for (unsigned long i = 0; i < n; i++)
		loads += ph[i].p_type == PT_LOAD;
	OK(loads >= 2);
}

static int count(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)info;
	(void)size;
	++*(int *)data;
	return 0;
}

static void addresses(void)
{
	const char *base = (void *)getauxval(AT_BASE);
	uintptr_t entry = getauxval(AT_ENTRY);
	int objects = 0;

	OK(entry >= (uintptr_t)__executable_start && entry < (uintptr_t)etext);
	if (base) /* only with an interpreter */
		OK(!memcmp(base, ELFMAG, SELFMAG));
	dl_iterate_phdr(count, &objects);
	OK(objects >= (base ? 2 : 1));
}

static void values(char *name)
{
	const unsigned char *random = (void *)getauxval(AT_RANDOM);
	const char *file = (void *)getauxval(AT_EXECFN);
	int set = 0;

	EQ(getauxval(AT_PAGESZ), 4096);
	EQ(sysconf(_SC_PAGESIZE), 4096);
	EQ(getauxval(AT_UID), getuid());
	EQ(getauxval(AT_EUID), geteuid());
	EQ(getauxval(AT_GID), getgid());
	EQ(getauxval(AT_EGID), getegid());
	EQ(getauxval(AT_SECURE), 0);
	OK(getauxval(AT_CLKTCK) == 100);
	OK(file && !strcmp(file, name));
	if (OK(random))
		for (int i = 0; i < 16; i++)
			set |= random[i];
	OK(set);
	errno = 0;
	EQ(getauxval(9999), 0);
	EQ(errno, ENOENT);
}

int main(int argc, char **argv)
{
	program_headers();
	addresses();
	values(argv[0]);
	EQ(argc, 3);
	OK(!strcmp(argv[1], "one") && !strcmp(argv[2], "two words"));
	OK(!argv[argc]);
	OK(getenv("UK_TEST") && !strcmp(getenv("UK_TEST"), "a value"));
	OK(!strcmp(program_invocation_short_name, "t-auxv"));
	return tap_done();
}
