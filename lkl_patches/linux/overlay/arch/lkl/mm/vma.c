// SPDX-License-Identifier: GPL-2.0-only
/*
 * The record of what a process has mapped: vm_area_structs in mm->mm_mt, as
 * everywhere, so that /proc/PID/maps and the rest of the kernel read it.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include "user.h"

/* Flags that say how a mapping came about, and not what it may do. */
#define IGNORED_FLAGS VM_SOFTDIRTY

struct vm_area_struct *lkl_vma_first(struct mm_struct *mm, unsigned long start,
				     unsigned long end)
{
	unsigned long at = start;

	return start < end ? mt_find(&mm->mm_mt, &at, end - 1) : NULL;
}

struct vm_area_struct *lkl_vma_next(struct vm_area_struct *vma,
				    unsigned long end)
{
	return lkl_vma_first(vma->vm_mm, vma->vm_end, end);
}

static int store(struct mm_struct *mm, unsigned long start, unsigned long end,
		 void *entry)
{
	MA_STATE(mas, &mm->mm_mt, start, end - 1);

	return mas_store_gfp(&mas, entry, GFP_KERNEL);
}

int lkl_vma_store(struct mm_struct *mm, struct vm_area_struct *vma)
{
	int err = store(mm, vma->vm_start, vma->vm_end, vma);

	if (!err) {
		mm->map_count++;
		mm->total_vm += vma_pages(vma);
	}
	return err;
}

static void put(struct vm_area_struct *vma)
{
	if (vma->vm_ops && vma->vm_ops->close)
		vma->vm_ops->close(vma);
	if (vma->vm_file)
		fput(vma->vm_file);
	vma->vm_mm->map_count--;
	vm_area_free(vma);
}

static bool continues(struct vm_area_struct *a, struct vm_area_struct *b)
{
	if (a->vm_end != b->vm_start || a->vm_file != b->vm_file || a->vm_ops ||
	    b->vm_ops || (a->vm_flags ^ b->vm_flags) & ~IGNORED_FLAGS)
		return false;
	return !a->vm_file || a->vm_pgoff + vma_pages(a) == b->vm_pgoff;
}

/* Let @a take in its successor @b. */
static bool swallow(struct vm_area_struct *a, struct vm_area_struct *b)
{
	if (store(a->vm_mm, a->vm_start, b->vm_end, a))
		return false;
	a->vm_end = b->vm_end;
	put(b);
	return true;
}

/* Unite with neighbours that are the same; returns the mapping that stays. */
struct vm_area_struct *lkl_vma_merge(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma->vm_mm;
	struct vm_area_struct *other;

	other = mtree_load(&mm->mm_mt, vma->vm_end);
	if (other && continues(vma, other))
		swallow(vma, other);
	other = vma->vm_start ? mtree_load(&mm->mm_mt, vma->vm_start - 1) :
				NULL;
	if (other && continues(other, vma) && swallow(other, vma))
		return other;
	return vma;
}

/* Cut a mapping in two at @at. */
static int split(struct vm_area_struct *vma, unsigned long at)
{
	struct vm_area_struct *tail = vm_area_dup(vma);
	int err;

	if (!tail)
		return -ENOMEM;
	tail->vm_start = at;
	if (vma->vm_file)
		tail->vm_pgoff += (at - vma->vm_start) >> PAGE_SHIFT;
	err = store(vma->vm_mm, at, vma->vm_end, tail);
	if (err) {
		vm_area_free(tail);
		return err;
	}
	if (tail->vm_file)
		get_file(tail->vm_file);
	if (tail->vm_ops && tail->vm_ops->open)
		tail->vm_ops->open(tail);
	vma->vm_end = at;
	vma->vm_mm->map_count++;
	return 0;
}

/* Cut the mappings so that none reaches across @start or @end. */
int lkl_vma_isolate(struct mm_struct *mm, unsigned long start,
		    unsigned long end)
{
	struct vm_area_struct *vma = mtree_load(&mm->mm_mt, start);
	int err = 0;

	if (vma && vma->vm_start < start)
		err = split(vma, start);
	if (err)
		return err;
	vma = mtree_load(&mm->mm_mt, end - 1);
	if (vma && vma->vm_end > end)
		err = split(vma, end);
	return err;
}

/* Take the range out of the record; what is mapped there is not touched. */
int lkl_vma_forget(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma;
	int err;

	if (!lkl_vma_first(mm, start, end))
		return 0;
	err = lkl_vma_isolate(mm, start, end);
	if (err)
		return err;
	while ((vma = lkl_vma_first(mm, start, end))) {
		err = store(mm, vma->vm_start, vma->vm_end, NULL);
		if (err)
			return err;
		mm->total_vm -= vma_pages(vma);
		start = vma->vm_end;
		put(vma);
	}
	return 0;
}

/* Whether every page of the range is mapped. */
bool lkl_vma_covers(struct mm_struct *mm, unsigned long start,
		    unsigned long end)
{
	struct vm_area_struct *vma;

	while (start < end) {
		vma = mtree_load(&mm->mm_mt, start);
		if (!vma)
			return false;
		start = vma->vm_end;
	}
	return true;
}

/* The last user of the address space has gone. */
void exit_mmap(struct mm_struct *mm)
{
	VMA_ITERATOR(vmi, mm, 0);
	struct vm_area_struct *vma;
	unsigned long start = 0, end = 0;

	mmap_write_lock(mm);
	for_each_vma(vmi, vma)
	{
		if (vma->vm_start != end) {
			if (end)
				host_call(__NR_munmap, start, end - start);
			start = vma->vm_start;
		}
		end = vma->vm_end;
		put(vma);
	}
	if (end)
		host_call(__NR_munmap, start, end - start);
	__mt_destroy(&mm->mm_mt);
	lkl_space_give_all(mm);
	mm->total_vm = 0;
	mmap_write_unlock(mm);
}
