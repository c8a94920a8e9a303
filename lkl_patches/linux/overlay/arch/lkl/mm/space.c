// SPDX-License-Identifier: GPL-2.0-only
/*
 * The addresses of programs. All processes of this machine live in one address
 * space, the host process's, below lkl_user_end; a tree says which range
 * belongs to which of them. Above it are the kernel and the host layer.
 *
 * In library mode the program is the host process, which maps memory without
 * asking: there the host chooses addresses and nothing is recorded.
 */
#include <linux/maple_tree.h>
#include <linux/mm.h>
#include "user.h"

/* Below it the host refuses: vm.mmap_min_addr. */
#define LOWEST 0x10000UL
/* Where the kernel chooses, it stays clear of programs with fixed addresses. */
#define LOWEST_CHOICE 0x100000000UL

static struct maple_tree space = MTREE_INIT(space, MT_FLAGS_ALLOC_RANGE);

static bool in_window(unsigned long addr, unsigned long len)
{
	return addr >= LOWEST && len <= lkl_user_end &&
	       addr <= lkl_user_end - len;
}

bool lkl_space_is_free(unsigned long addr, unsigned long len)
{
	unsigned long at = addr;

	return in_window(addr, len) && !mt_find(&space, &at, addr + len - 1);
}

/* Whether nobody else has a part of the range. */
bool lkl_space_is_own(struct mm_struct *mm, unsigned long addr,
		      unsigned long len)
{
	unsigned long at = addr;
	void *owner;

	mt_for_each(&space, owner, at,
		    addr + len - 1) if (owner != mm) return false;
	return true;
}

/* Take a free range, at @hint where that is possible. */
unsigned long lkl_space_take(struct mm_struct *mm, unsigned long hint,
			     unsigned long len)
{
	unsigned long addr;
	int err;

	hint = PAGE_ALIGN(hint);
	if (hint && lkl_space_is_free(hint, len)) {
		err = mtree_insert_range(&space, hint, hint + len - 1, mm,
					 GFP_KERNEL);
		return err ?: hint;
	}
	if (len > lkl_user_end - LOWEST_CHOICE)
		return -ENOMEM;
	err = mtree_alloc_rrange(&space, &addr, mm, len, LOWEST_CHOICE,
				 lkl_user_end - 1, GFP_KERNEL);
	return err ? -ENOMEM : addr;
}

/* Take exactly this range, of which a part may be the mm's already. */
int lkl_space_take_fixed(struct mm_struct *mm, unsigned long addr,
			 unsigned long len)
{
	if (!in_window(addr, len) || !lkl_space_is_own(mm, addr, len))
		return -ENOMEM;
	return mtree_store_range(&space, addr, addr + len - 1, mm, GFP_KERNEL);
}

void lkl_space_give(struct mm_struct *mm, unsigned long addr, unsigned long len)
{
	if (mtree_store_range(&space, addr, addr + len - 1, NULL,
			      GFP_KERNEL | __GFP_NOFAIL))
		pr_warn_once("lost a range of addresses\n");
}

/* The process is gone: its addresses, mapped or only reserved, are free. */
void lkl_space_give_all(struct mm_struct *mm)
{
	MA_STATE(mas, &space, 0, 0);
	void *owner;

	mas_lock(&mas);
	mas_for_each(&mas, owner, ULONG_MAX) if (owner == mm) mas_erase(&mas);
	mas_unlock(&mas);
}
