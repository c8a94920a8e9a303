// SPDX-License-Identifier: GPL-2.0-only
/*
 * mremap(2): mappings grow where they stand, or the host moves them.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/syscalls.h>
#include <asm/hostdir.h>
#include "user.h"

struct move {
	unsigned long addr, old_len, new_len, flags, new_addr;
};

static unsigned long map_flags(const struct vm_area_struct *vma)
{
	return (vma->vm_flags & VM_SHARED ? MAP_SHARED : MAP_PRIVATE) |
	       (vma->vm_file ? 0 : MAP_ANONYMOUS) |
	       (vma->vm_flags & VM_NORESERVE ? MAP_NORESERVE : 0) | MAP_FIXED;
}

/* Map the part that a longer mapping has more, from @addr on. */
static unsigned long map_rest(struct vm_area_struct *vma, unsigned long addr,
			      unsigned long len, pgoff_t pgoff)
{
	unsigned long unused;

	return do_mmap(vma->vm_file, addr, len, lkl_vma_prot(vma->vm_flags),
		       map_flags(vma), 0, vma->vm_file ? pgoff : 0, &unused,
		       NULL);
}

/* The host may know one mapping of ours as several, which it moves singly. */
static int move_memory(unsigned long from, unsigned long to, unsigned long len)
{
	unsigned long part = len;

	while (len) {
		long ret = host_call(__NR_mremap, from, part, part,
				     MREMAP_MAYMOVE | MREMAP_FIXED, to);

		if (ret == -EFAULT && part > PAGE_SIZE) {
			part = PAGE_ALIGN(part / 2);
			continue;
		}
		if (ret < 0)
			return ret;
		from += part;
		to += part;
		len -= part;
		part = min(part, len);
	}
	return 0;
}

/* The record of the first @len octets at @from now stands at @to. */
static int move_record(struct vm_area_struct *vma, unsigned long from,
		       unsigned long to, unsigned long len)
{
	struct mm_struct *mm = vma->vm_mm;
	struct vm_area_struct *copy = vm_area_dup(vma);
	int err;

	if (!copy)
		return -ENOMEM;
	if (copy->vm_file)
		get_file(copy->vm_file);
	if (copy->vm_ops && copy->vm_ops->open)
		copy->vm_ops->open(copy);
	if (copy->vm_file)
		copy->vm_pgoff += (from - vma->vm_start) >> PAGE_SHIFT;
	copy->vm_start = to;
	copy->vm_end = to + len;
	err = lkl_vma_forget(mm, from, from + len);
	return err ?: lkl_vma_store(mm, copy);
}

static unsigned long move_to(struct vm_area_struct *vma, const struct move *m,
			     unsigned long to)
{
	struct mm_struct *mm = vma->vm_mm;
	unsigned long len = min(m->old_len, m->new_len);
	pgoff_t pgoff =
		vma->vm_pgoff + ((m->addr - vma->vm_start + len) >> PAGE_SHIFT);
	unsigned long ret;
	int err;

	err = move_memory(m->addr, to, len);
	if (!err)
		err = move_record(vma, m->addr, to, len);
	if (err)
		return err;
	lkl_space_give(mm, m->addr, len);
	if (m->new_len <= len)
		return to;
	vma = mtree_load(&mm->mm_mt, to);
	ret = map_rest(vma, to + len, m->new_len - len, pgoff);
	return IS_ERR_VALUE(ret) ? ret : to;
}

static unsigned long move_fixed(struct vm_area_struct *vma,
				const struct move *m)
{
	struct mm_struct *mm = vma->vm_mm;
	int err;

	if (offset_in_page(m->new_addr) || m->new_len > TASK_SIZE ||
	    m->new_addr > TASK_SIZE - m->new_len ||
	    (m->addr < m->new_addr + m->new_len &&
	     m->new_addr < m->addr + m->old_len))
		return -EINVAL;
	if (m->new_len < m->old_len) {
		err = do_munmap(mm, m->addr + m->new_len,
				m->old_len - m->new_len, NULL);
		if (err)
			return err;
		vma = mtree_load(&mm->mm_mt, m->addr);
	}
	err = do_munmap(mm, m->new_addr, m->new_len, NULL);
	if (!err)
		err = lkl_space_take_fixed(mm, m->new_addr, m->new_len);
	return err ?: move_to(vma, m, m->new_addr);
}

static unsigned long grow(struct vm_area_struct *vma, const struct move *m)
{
	struct mm_struct *mm = vma->vm_mm;
	unsigned long end = m->addr + m->old_len;
	unsigned long more = m->new_len - m->old_len;
	unsigned long ret, to;

	if (lkl_vma_is_pages(vma) || vma->vm_flags & VM_MAPPED_COPY)
		return -ENOMEM;
	if (mm->total_vm + (more >> PAGE_SHIFT) > rlimit(RLIMIT_AS) >>
	    PAGE_SHIFT)
		return -ENOMEM;
	if (end == vma->vm_end && lkl_space_is_free(end, more)) {
		ret = map_rest(vma, end, more, vma->vm_pgoff + vma_pages(vma));
		return IS_ERR_VALUE(ret) ? ret : m->addr;
	}
	if (!(m->flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	to = lkl_space_take(mm, 0, m->new_len);
	return IS_ERR_VALUE(to) ? to : move_to(vma, m, to);
}

static unsigned long do_mremap(const struct move *m)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma = mtree_load(&mm->mm_mt, m->addr);
	int err;

	if (!vma || m->old_len > vma->vm_end - m->addr)
		return -EFAULT;
	if (m->flags & MREMAP_FIXED)
		return move_fixed(vma, m);
	if (m->new_len > m->old_len)
		return grow(vma, m);
	if (m->new_len == m->old_len)
		return m->addr;
	err = do_munmap(mm, m->addr + m->new_len, m->old_len - m->new_len,
			NULL);
	return err ?: m->addr;
}

SYSCALL_DEFINE5(mremap, unsigned long, addr, unsigned long, old_len,
		unsigned long, new_len, unsigned long, flags, unsigned long,
		new_addr)
{
	struct move m = { addr, PAGE_ALIGN(old_len), PAGE_ALIGN(new_len), flags,
			  new_addr };
	unsigned long ret;

	if (flags & ~(MREMAP_FIXED | MREMAP_MAYMOVE) || offset_in_page(addr) ||
	    (flags & MREMAP_FIXED && !(flags & MREMAP_MAYMOVE)))
		return -EINVAL;
	/* Length 0 would make a second mapping of the same pages. */
	if (!m.new_len || !m.old_len || !lkl_ops.process)
		return -EINVAL;
	if (mmap_write_lock_killable(current->mm))
		return -EINTR;
	ret = do_mremap(&m);
	mmap_write_unlock(current->mm);
	return ret;
}
