/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory of programs: the host's mappings, with the kernel's own
 * vm_area_structs as the record of what was mapped.
 */
#ifndef _ARCH_LKL_MM_USER_H
#define _ARCH_LKL_MM_USER_H

#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/unistd.h>
#include <asm/host_call.h>

/* space.c: which addresses of the host process belong to which mm */
unsigned long lkl_space_take(struct mm_struct *mm, unsigned long hint,
			     unsigned long len);
int lkl_space_take_fixed(struct mm_struct *mm, unsigned long addr,
			 unsigned long len);
bool lkl_space_is_free(unsigned long addr, unsigned long len);
bool lkl_space_is_own(struct mm_struct *mm, unsigned long addr,
		      unsigned long len);
void lkl_space_give(struct mm_struct *mm, unsigned long addr,
		    unsigned long len);
void lkl_space_give_all(struct mm_struct *mm);

/* vma.c: the record */
struct vm_area_struct *lkl_vma_first(struct mm_struct *mm, unsigned long start,
				     unsigned long end);
struct vm_area_struct *lkl_vma_next(struct vm_area_struct *vma,
				    unsigned long end);
int lkl_vma_store(struct mm_struct *mm, struct vm_area_struct *vma);
struct vm_area_struct *lkl_vma_merge(struct vm_area_struct *vma);
int lkl_vma_isolate(struct mm_struct *mm, unsigned long start,
		    unsigned long end);
int lkl_vma_forget(struct mm_struct *mm, unsigned long start,
		   unsigned long end);
bool lkl_vma_covers(struct mm_struct *mm, unsigned long start,
		    unsigned long end);

/* mmap.c and protect.c, for the program loader */
int lkl_brk_init(struct mm_struct *mm, unsigned long wanted);
int lkl_mprotect(unsigned long start, unsigned long len, unsigned long prot);

/* image.c: files of read-only images, from the image's own file */
int lkl_image_fd(struct file *file, pgoff_t first, unsigned long n,
		 unsigned long long *place);

/* pages.c: MAP_SHARED of files that live in the page cache */
int lkl_pages_map(struct vm_area_struct *vma, unsigned long prot);
void lkl_pages_dirty(struct vm_area_struct *vma);
bool lkl_pages_missing(unsigned long addr, bool write);
extern const struct vm_operations_struct lkl_pages_ops;

static inline bool lkl_vma_is_pages(const struct vm_area_struct *vma)
{
	return vma->vm_ops == &lkl_pages_ops;
}

static inline unsigned long lkl_vma_prot(unsigned long vm_flags)
{
	return (vm_flags & VM_READ ? PROT_READ : 0) |
	       (vm_flags & VM_WRITE ? PROT_WRITE : 0) |
	       (vm_flags & VM_EXEC ? PROT_EXEC : 0);
}

#endif
