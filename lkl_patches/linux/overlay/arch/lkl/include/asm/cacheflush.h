/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_LKL_CACHEFLUSH_H
#define _ASM_LKL_CACHEFLUSH_H

#include <linux/mm_types.h>
#include <linux/string.h>

unsigned long __lkl_copy_user(void *to, const void *from, unsigned long n);

/*
 * /proc and ptrace(2) look into programs by these. A page that the program has
 * made inaccessible, or whose file has become shorter, reads as zeroes.
 */
static inline void copy_from_user_page(struct vm_area_struct *vma,
				       struct page *page, unsigned long addr,
				       void *to, const void *from,
				       unsigned long n)
{
	unsigned long left = __lkl_copy_user(to, from, n);

	memset(to + n - left, 0, left);
}
#define copy_from_user_page copy_from_user_page

static inline void copy_to_user_page(struct vm_area_struct *vma,
				     struct page *page, unsigned long addr,
				     void *to, const void *from,
				     unsigned long n)
{
	__lkl_copy_user(to, from, n);
}
#define copy_to_user_page copy_to_user_page

#include <asm-generic/cacheflush.h>

#endif
