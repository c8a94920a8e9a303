// SPDX-License-Identifier: GPL-2.0-only
/*
 * System calls on ranges that are mapped: mprotect(2), madvise(2), mincore(2),
 * msync(2), mlock(2). The range is checked against the record, then the host
 * does it.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/syscalls.h>
#include "user.h"

#define PROTECTIONS (VM_READ | VM_WRITE | VM_EXEC)

/* The page-aligned range [*start, *end), or an error. */
static int range(unsigned long start, size_t len, unsigned long *end)
{
	if (offset_in_page(start))
		return -EINVAL;
	len = PAGE_ALIGN(len);
	if (start + len < start || start + len > TASK_SIZE)
		return -ENOMEM;
	*end = start + len;
	return 0;
}

static int may_protect(struct mm_struct *mm, unsigned long start,
		       unsigned long end, vm_flags_t flags)
{
	struct vm_area_struct *vma;

	if (!lkl_vma_covers(mm, start, end))
		return -ENOMEM;
	for (vma = lkl_vma_first(mm, start, end); vma;
	     vma = lkl_vma_next(vma, end))
		if (flags & ~(vma->vm_flags >> 4))
			return -EACCES;
	return 0;
}

static int note_protection(struct mm_struct *mm, unsigned long start,
			   unsigned long end, vm_flags_t flags)
{
	struct vm_area_struct *vma;
	int err = lkl_vma_isolate(mm, start, end);

	if (err)
		return err;
	for (vma = lkl_vma_first(mm, start, end); vma;
	     vma = lkl_vma_next(vma, end)) {
		vm_flags_reset(vma, (vma->vm_flags & ~PROTECTIONS) | flags);
		vma = lkl_vma_merge(vma);
	}
	return 0;
}

static int protect(struct mm_struct *mm, unsigned long start, unsigned long end,
		   unsigned long prot)
{
	vm_flags_t flags = calc_vm_prot_bits(prot, 0);
	int err;

	/* The kernel's flags for "may" are those for "does", four bits up. */
	BUILD_BUG_ON(VM_MAYREAD != VM_READ << 4 || VM_MAYEXEC != VM_EXEC << 4);
	if (!lkl_ops.process && !lkl_vma_first(mm, start, end))
		return host_call(__NR_mprotect, start, end - start, prot);
	err = may_protect(mm, start, end, flags);
	if (!err)
		err = host_call(__NR_mprotect, start, end - start, prot);
	if (!err)
		err = note_protection(mm, start, end, flags);
	return err;
}

int lkl_mprotect(unsigned long start, unsigned long len, unsigned long prot)
{
	struct mm_struct *mm = current->mm;
	unsigned long end;
	int err = range(start, len, &end);

	if (err || start == end)
		return err;
	mmap_write_lock(mm);
	err = protect(mm, start, end, prot);
	mmap_write_unlock(mm);
	return err;
}

SYSCALL_DEFINE3(mprotect, unsigned long, start, size_t, len, unsigned long,
		prot)
{
	if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM))
		return -EINVAL;
	return lkl_mprotect(start, len, prot & ~PROT_SEM);
}

/* Advice that changes nothing that a program can see. */
static bool only_hint(int advice)
{
	switch (advice) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_COLD:
	case MADV_PAGEOUT:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
	case MADV_POPULATE_READ:
		return true;
	}
	return false;
}

static bool is_advice(int advice)
{
	switch (advice) {
	case MADV_DONTFORK:
	case MADV_DOFORK:
	case MADV_DONTNEED:
	case MADV_FREE:
	case MADV_POPULATE_WRITE:
		return true;
	}
	return only_hint(advice);
}

static int may_advise(const struct vm_area_struct *vma, int advice)
{
	/* There is no fork(2) that these could speak of. */
	if (only_hint(advice) || advice == MADV_DONTFORK ||
	    advice == MADV_DOFORK)
		return 0;
	switch (advice) {
	case MADV_DONTNEED:
		/* A copied file would come back as zeroes. */
		return vma->vm_flags & VM_MAPPED_COPY ? -EINVAL : 0;
	case MADV_FREE:
		return vma->vm_file ? -EINVAL : 0;
	case MADV_POPULATE_WRITE:
		return vma->vm_flags & VM_WRITE ? 0 : -EINVAL;
	}
	return -EINVAL;
}

SYSCALL_DEFINE3(madvise, unsigned long, start, size_t, len, int, advice)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	unsigned long end;
	int err = range(start, len, &end);

	if (err || !is_advice(advice))
		return -EINVAL;
	if (start == end)
		return 0;
	mmap_read_lock(mm);
	for (vma = lkl_vma_first(mm, start, end); vma && !err;
	     vma = lkl_vma_next(vma, end))
		err = may_advise(vma, advice);
	if (!err && !lkl_vma_covers(mm, start, end))
		err = -ENOMEM;
	/* Page frames of the kernel are never given back by advice. */
	vma = lkl_vma_first(mm, start, end);
	if (!err && !lkl_vma_is_pages(vma))
		err = host_call(__NR_madvise, start, end - start, advice);
	mmap_read_unlock(mm);
	return err;
}

SYSCALL_DEFINE3(mincore, unsigned long, start, size_t, len,
		unsigned char __user *, vec)
{
	struct mm_struct *mm = current->mm;
	unsigned long end;
	int err = range(start, len, &end);

	if (err)
		return err;
	if (!access_ok(vec, (end - start) >> PAGE_SHIFT))
		return -EFAULT;
	mmap_read_lock(mm);
	err = -ENOMEM;
	if (lkl_vma_covers(mm, start, end))
		err = host_call(__NR_mincore, start, end - start, vec);
	mmap_read_unlock(mm);
	return err;
}

/* Write a mapping's file back; the lock is given up meanwhile. */
static int sync_file(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct file *file = get_file(vma->vm_file);
	int err;

	mmap_read_unlock(mm);
	err = vfs_fsync(file, 1);
	fput(file);
	mmap_read_lock(mm);
	return err;
}

static int sync_one(struct mm_struct *mm, unsigned long start,
		    unsigned long end, int flags)
{
	struct vm_area_struct *vma = lkl_vma_first(mm, start, end);

	end = min(end, vma->vm_end);
	if (!vma->vm_file || !(vma->vm_flags & VM_SHARED))
		return 0;
	if (!lkl_vma_is_pages(vma)) {
		int err = host_call(__NR_msync, start, end - start, flags);

		/* A host that is asked for little (sandbox.c): by the file. */
		if (err != -ENOSYS)
			return err;
	} else {
		lkl_pages_dirty(vma);
	}
	return flags & MS_SYNC ? sync_file(mm, vma) : 0;
}

SYSCALL_DEFINE3(msync, unsigned long, start, size_t, len, int, flags)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	unsigned long end;
	int err = range(start, len, &end);

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) ||
	    (flags & MS_ASYNC && flags & MS_SYNC))
		return -EINVAL;
	if (err)
		return err;
	mmap_read_lock(mm);
	if (!lkl_vma_covers(mm, start, end))
		err = -ENOMEM;
	while (start < end && !err) {
		vma = mtree_load(&mm->mm_mt, start);
		if (!vma) {
			err = -ENOMEM; /* gone while a file was written */
			break;
		}
		err = sync_one(mm, start, end, flags);
		start = vma->vm_end;
	}
	mmap_read_unlock(mm);
	return err;
}

static int lock_range(long nr, unsigned long start, size_t len, int flags)
{
	struct mm_struct *mm = current->mm;
	unsigned long end;
	int err;

	len = len + offset_in_page(start);
	start &= PAGE_MASK;
	err = range(start, len, &end);
	if (err)
		return err;
	mmap_read_lock(mm);
	err = -ENOMEM;
	if (lkl_vma_covers(mm, start, end))
		err = host_call(nr, start, end - start, flags);
	mmap_read_unlock(mm);
	return err;
}

SYSCALL_DEFINE2(mlock, unsigned long, start, size_t, len)
{
	return lock_range(__NR_mlock, start, len, 0);
}

SYSCALL_DEFINE3(mlock2, unsigned long, start, size_t, len, int, flags)
{
	return lock_range(__NR_mlock2, start, len, flags);
}

SYSCALL_DEFINE2(munlock, unsigned long, start, size_t, len)
{
	return lock_range(__NR_munlock, start, len, 0);
}
