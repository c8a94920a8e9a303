// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arena as the machine's memory.
 */
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/page-isolation.h>
#include <asm/page.h>
#include <asm/setup.h>

void *empty_zero_page;
EXPORT_SYMBOL(empty_zero_page);

void __init lkl_memory_init(void)
{
	unsigned long size = lkl_memory_end - lkl_memory_start;
	unsigned long max_zone_pfns[MAX_NR_ZONES] = {};

	memblock_add(0, size);
	/* Frame 0: the physical address 0 means "none" to too much code. */
	memblock_reserve(0, PAGE_SIZE);

	min_low_pfn = 0;
	max_low_pfn = max_pfn = size >> PAGE_SHIFT;
	max_zone_pfns[ZONE_NORMAL] = max_low_pfn;
	free_area_init(max_zone_pfns);

	empty_zero_page = memblock_alloc(PAGE_SIZE, PAGE_SIZE);
	if (!empty_zero_page)
		panic("no memory for the zero page");
}

/*
 * To group pages by mobility is for huge pages, which this machine has not. Without
 * it the boot takes the remainders beside what memblock holds first, so that the
 * memory in use lies together.
 */
static void __init one_group_of_pages(void)
{
	page_group_by_mobility_disabled = 1;
	for (unsigned long pfn = 0; pfn < max_low_pfn;
	     pfn += pageblock_nr_pages)
		set_pageblock_migratetype(pfn_to_page(pfn), MIGRATE_UNMOVABLE);
}

void __init mem_init(void)
{
	one_group_of_pages();
	max_mapnr = max_low_pfn;
	high_memory = __va(max_low_pfn << PAGE_SHIFT);
	memblock_free_all();
}

/* Init text and data are part of the host's library mapping. */
void free_initmem(void)
{
}
