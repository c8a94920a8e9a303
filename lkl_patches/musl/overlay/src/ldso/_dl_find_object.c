/* SPDX-License-Identifier: MIT */
/*
 * _dl_find_object(3) of other C libraries, from dl_iterate_phdr(3): which object
 * is an address in, and where is its table for unwinding? The unwinder of the
 * system's libgcc_eh.a (gcc 12 and later) asks this and nothing else, so with it
 * that library serves here.
 */
#define _GNU_SOURCE
#include <link.h>
#include <stdint.h>

struct dl_find_object {
	unsigned long long flags;
	void *map_start, *map_end;
	void *link_map; /* not given here */
	void *eh_frame; /* the PT_GNU_EH_FRAME segment */
	unsigned long long reserved[7];
};

struct search {
	uintptr_t address;
	struct dl_find_object *result;
};

int _dl_find_object(void *, struct dl_find_object *);

static int visit(struct dl_phdr_info *info, size_t size, void *data)
{
	struct search *s = data;
	uintptr_t start = UINTPTR_MAX, end = 0, table = 0;
	int hit = 0;

	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = info->dlpi_phdr + i;
		uintptr_t at = info->dlpi_addr + ph->p_vaddr;

		if (ph->p_type == PT_GNU_EH_FRAME)
			table = at;
		if (ph->p_type != PT_LOAD)
			continue;
		if (at < start)
			start = at;
		if (at + ph->p_memsz > end)
			end = at + ph->p_memsz;
		hit |= s->address - at < ph->p_memsz;
	}
	if (!hit || !table)
		return 0;
	*s->result = (struct dl_find_object){
		.map_start = (void *)start,
		.map_end = (void *)end,
		.eh_frame = (void *)table,
	};
	return 1;
}

/* 0 and *result when address is in an object that can be unwound, else -1. */
int _dl_find_object(void *address, struct dl_find_object *result)
{
	struct search s = { (uintptr_t)address, result };

	return dl_iterate_phdr(visit, &s) ? 0 : -1;
}
