// SPDX-License-Identifier: GPL-2.0-only
/*
 * MAP_SHARED of a file whose data are in the page cache (tmpfs, ext4, System V
 * shared memory). The kernel's memory is itself a file of the host, so its page
 * frames can be mapped once more at the program's address.
 *
 * All pages are read and pinned when the mapping is made; whoever maps a file
 * for writing is taken to have written to all of it.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include "user.h"

struct pinned {
	refcount_t users; /* mappings, which splits add to */
	unsigned long count;
	struct page *page[] __counted_by(count);
};

static void unpin(struct pinned *pinned)
{
	for (unsigned long i = 0; i < pinned->count; i++)
		if (pinned->page[i])
			put_page(pinned->page[i]);
	kvfree(pinned);
}

static struct pinned *pin(struct file *file, pgoff_t first, unsigned long count)
{
	struct address_space *mapping = file->f_mapping;
	struct pinned *pinned;
	struct page *page;

	/* Rather an error than the death of somebody for lack of memory. */
	if (count > mapping->nrpages + nr_free_pages() / 2)
		return ERR_PTR(-ENOMEM);
	pinned = kvzalloc(struct_size(pinned, page, count), GFP_KERNEL);
	if (!pinned)
		return ERR_PTR(-ENOMEM);
	refcount_set(&pinned->users, 1);
	pinned->count = count;
	for (unsigned long i = 0; i < count; i++) {
		page = read_mapping_page(mapping, first + i, file);
		if (IS_ERR(page)) {
			unpin(pinned);
			return ERR_CAST(page);
		}
		pinned->page[i] = page;
	}
	return pinned;
}

/* Runs of page frames that follow each other are one mapping of the host. */
static int map_run(unsigned long addr, const struct pinned *pinned,
		   unsigned long from, unsigned long n, unsigned long prot)
{
	long ret = host_call(__NR_mmap, addr, n << PAGE_SHIFT, prot,
			     MAP_SHARED | MAP_FIXED, lkl_ops.memory_fd,
			     page_to_pfn(pinned->page[from]) << PAGE_SHIFT);

	return ret < 0 ? ret : 0;
}

static int map_all(struct vm_area_struct *vma, const struct pinned *pinned,
		   unsigned long prot)
{
	unsigned long from = 0;
	int err = 0;

	for (unsigned long i = 1; i <= pinned->count && !err; i++) {
		if (i < pinned->count &&
		    page_to_pfn(pinned->page[i]) ==
			    page_to_pfn(pinned->page[i - 1]) + 1)
			continue;
		err = map_run(vma->vm_start + (from << PAGE_SHIFT), pinned,
			      from, i - from, prot);
		from = i;
	}
	return err;
}

/* The pages of the file that the mapping covers; behind its end is nothing. */
static unsigned long pages_in_file(struct vm_area_struct *vma)
{
	loff_t size = i_size_read(file_inode(vma->vm_file));
	unsigned long pages = DIV_ROUND_UP(size, PAGE_SIZE);

	if (pages <= vma->vm_pgoff)
		return 0;
	return min(pages - vma->vm_pgoff, vma_pages(vma));
}

int lkl_pages_map(struct vm_area_struct *vma, unsigned long prot)
{
	struct pinned *pinned;
	long ret;
	int err;

	if (lkl_ops.memory_fd < 0 || !vma->vm_file->f_mapping->a_ops)
		return -ENODEV;
	pinned = pin(vma->vm_file, vma->vm_pgoff, pages_in_file(vma));
	if (IS_ERR(pinned))
		return PTR_ERR(pinned);
	/* What is behind the file's end: a fault, not somebody else's page. */
	ret = host_call(__NR_mmap, vma->vm_start, vma->vm_end - vma->vm_start,
			PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			0);
	err = ret < 0 ? ret : map_all(vma, pinned, prot);
	if (err) {
		unpin(pinned);
		return err;
	}
	vma->vm_private_data = pinned;
	vma->vm_ops = &lkl_pages_ops;
	return 0;
}

/*
 * A program has been refused @addr. Where its mapping would allow that access,
 * there is no page: the file ends before it.
 */
bool lkl_pages_missing(unsigned long addr, bool write)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	bool missing;

	if (!mm)
		return false;
	mmap_read_lock(mm);
	vma = mtree_load(&mm->mm_mt, addr);
	missing = vma && lkl_vma_is_pages(vma) &&
		  vma->vm_flags & (write ? VM_WRITE : VM_READ | VM_EXEC);
	mmap_read_unlock(mm);
	return missing;
}

void lkl_pages_dirty(struct vm_area_struct *vma)
{
	struct pinned *pinned = vma->vm_private_data;

	if (!(vma->vm_flags & VM_MAYWRITE))
		return;
	for (unsigned long i = 0; i < pinned->count; i++) {
		lock_page(pinned->page[i]);
		if (pinned->page[i]->mapping)
			set_page_dirty(pinned->page[i]);
		unlock_page(pinned->page[i]);
	}
}

static void open_pages(struct vm_area_struct *vma)
{
	struct pinned *pinned = vma->vm_private_data;

	refcount_inc(&pinned->users);
}

static void close_pages(struct vm_area_struct *vma)
{
	struct pinned *pinned = vma->vm_private_data;

	lkl_pages_dirty(vma);
	if (refcount_dec_and_test(&pinned->users))
		unpin(pinned);
}

const struct vm_operations_struct lkl_pages_ops = {
	.open = open_pages,
	.close = close_pages,
};
